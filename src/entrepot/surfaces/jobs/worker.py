"""The jobs process: `python -m entrepot.surfaces.jobs.worker`."""

import os
from typing import cast

from entrepot.surfaces.shared import parent


def main() -> None:
    """Do jobs until a signal comes."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "entrepot.config.settings")
    os.environ["ENTREPOT_PART"] = "jobs"  # before the settings: its statements have limits
    parent.follow()
    import django

    django.setup()
    from django.conf import settings
    from procrastinate.contrib.django import app
    from procrastinate.contrib.django.django_connector import DjangoConnector

    from entrepot.demonstration import clock as shared
    from entrepot.kernel import clock, garbage
    from entrepot.surfaces.jobs import heartbeat, schedule

    shared.watch()
    schedule.register(app)
    heartbeat.beat(now=clock.now())
    if settings.METRICS_PORT:
        from prometheus_client import REGISTRY

        from entrepot.surfaces.jobs import state
        from entrepot.surfaces.shared import metrics

        metrics.serve(REGISTRY, state.Marketplace(), address=settings.METRICS_ADDRESS, port=settings.METRICS_PORT + 1)
    garbage.look_seldom()
    connector = cast(DjangoConnector, app.connector).get_worker_connector()
    with app.replace_connector(connector) as worker_app:
        worker_app.run_worker(
            name="jobs", concurrency=2, delete_jobs="successful", shutdown_graceful_timeout=5,
            fetch_job_polling_interval=5, install_signal_handlers=True,
        )  # fmt: skip


if __name__ == "__main__":
    main()
