"""The API under /api/v1/, with its OpenAPI document, its documentation page and the page of refusals."""

from django.urls import path

from entrepot.surfaces.api.application import api, nowhere
from entrepot.surfaces.api.refusals import show_refusals
from entrepot.surfaces.shared import guards
from entrepot.surfaces.shared.finding import by_word

urlpatterns = [
    path("errors", show_refusals, name="refusals"),
    by_word("", api.urls),
    path("<path:rest>", guards.public(nowhere)),
]
