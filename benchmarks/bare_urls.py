"""The marketplace's addresses and `POST /bare`: the same framework, middleware, sign-in and body check as an order."""

from uuid import UUID

from django.http import HttpRequest
from django.urls import include, path
from ninja import NinjaAPI

from entrepot.surfaces.api.auth import Guest, actor_of
from entrepot.surfaces.api.idempotent import key_of
from entrepot.surfaces.api.routers.orders import OrderIn
from entrepot.surfaces.api.routers.purchases import PlacedOut
from entrepot.surfaces.api.schemas import money
from entrepot.surfaces.shared.guards import public

api = NinjaAPI(title="Bare", urls_namespace="bare", auth=[Guest()], docs_url=None)


@api.post("/orders", response={201: PlacedOut})
@public
def accept(request: HttpRequest, payload: OrderIn) -> tuple[int, PlacedOut]:
    """Take the same body, check it and the key, and answer as an order is answered."""
    actor_of(request), key_of(request), payload.ship_to
    return 201, PlacedOut(
        id=UUID(int=0), number="E-0000-0000-0000", order_token="x" * 43, state="placed", reason="",
        total=money(1999, "EUR"),
    )  # fmt: skip


urlpatterns = [path("bare/", api.urls), path("", include("entrepot.config.urls"))]
