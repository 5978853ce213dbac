"""What payment providers tell us. A message is proven by its signature, and effective once."""

from django.http import HttpRequest
from ninja import Schema

from entrepot.flows import paying
from entrepot.kernel import clock
from entrepot.surfaces.api.routes import PUBLIC, Routes

routes = Routes("Webhooks")


class OutcomesOut(Schema):
    """What each notice in a message came to."""

    outcomes: list[str]


@routes.post("/payments/{provider}", OutcomesOut, PUBLIC, keyed="not")
def receive_payment_webhook(request: HttpRequest, provider: str) -> OutcomesOut:
    """Take a payment provider's message in: signed, late, twice and in any order."""
    found = paying.receive_webhook(provider=provider, headers=request.headers, body=request.body, now=clock.now())
    return OutcomesOut(outcomes=found)
