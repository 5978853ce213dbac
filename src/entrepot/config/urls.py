"""Where each surface begins."""

from django.urls import URLPattern, URLResolver, include, path

from entrepot.surfaces.shared import arrival, files, health, invitations, media
from entrepot.surfaces.shared.finding import by_word

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
urlpatterns += [by_word(prefix, include(f"entrepot.surfaces.{surface}.urls")) for prefix, surface in SURFACES.items()]
