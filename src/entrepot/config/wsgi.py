"""The web application that granian serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "entrepot.config.settings")
application = get_wsgi_application()

from entrepot.demonstration import clock as shared  # noqa: E402 - models can be imported from here on
from entrepot.kernel import garbage  # noqa: E402

shared.watch()
garbage.look_seldom()
