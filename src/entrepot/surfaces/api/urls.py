"""The API under /api/v1/, with its OpenAPI document and documentation page."""

from django.urls import path

from entrepot.surfaces.api.application import api

urlpatterns = [path("", api.urls)]
