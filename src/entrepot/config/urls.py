"""Where each surface begins."""

from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path

from entrepot.surfaces.shared import arrival, files, health, invitations, media

SURFACES = {"api/v1/": "api", "seller/": "seller", "desk/": "desk", "": "shop"}

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("favicon.ico", files.icon, name="favicon"),
    path("media/<path:name>", media.serve, name="media"),
    path("after-sign-in", arrival.arrive, name="after_sign_in"),
    path("workplaces", arrival.workplaces, name="workplaces"),
    path("workplaces/choice", arrival.act_for, name="act_for"),
    path("invitations/<str:token>", invitations.invitation, name="invitation"),
    path("accounts/", include("allauth.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
]
for prefix, surface in SURFACES.items():
    if find_spec(f"entrepot.surfaces.{surface}.urls"):
        urlpatterns.append(path(prefix, include(f"entrepot.surfaces.{surface}.urls")))
