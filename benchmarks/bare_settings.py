"""The marketplace's settings with one endpoint more, which does nothing: the baseline of what a request costs."""

from entrepot.config.settings import *  # noqa: F403 - settings are taken over whole

ROOT_URLCONF = "benchmarks.bare_urls"
