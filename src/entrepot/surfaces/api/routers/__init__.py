"""One router a domain, in the order of the documentation."""

from django.conf import settings
from ninja import Router

from entrepot.surfaces.api.routers import (
    approvals,
    books,
    carriage,
    carts,
    catalogue,
    claims,
    compare,
    conversations,
    customs,
    demonstration,
    enrolments,
    freight,
    markets,
    me,
    notices,
    offers,
    orders,
    prices,
    programmes,
    returns,
    sellers,
    settlement,
    setup,
    shipments,
    statements,
    stock,
    stock_orders,
    team,
    uploads,
    vouchers,
    webhooks,
    work,
)

ROUTERS: list[tuple[str, Router]] = [
    (prefix, module.routes.router)
    for prefix, module in (
        ("/me", me),
        ("", team),
        ("", notices),
        ("/setup", setup),
        ("/markets", markets),
        ("/freight", freight),
        ("/comparisons", compare),
        ("/customs", customs),
        ("/programmes", programmes),
        ("/sellers", sellers),
        ("/enrolments", enrolments),
        ("", catalogue),
        ("/offers", offers),
        ("", prices),
        ("/stock", stock),
        ("", stock_orders),
        ("", shipments),
        ("/vouchers", vouchers),
        ("", carts),
        ("/orders", orders),
        ("", work),
        ("", carriage),
        ("", claims),
        ("", uploads),
        ("", returns),
        ("", conversations),
        ("", statements),
        ("", settlement),
        ("/books", books),
        ("/approvals", approvals),
        ("/webhooks", webhooks),
    )
]
if settings.DEMONSTRATION:
    ROUTERS.append(("/demonstration", demonstration.routes.router))
