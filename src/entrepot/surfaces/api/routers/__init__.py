"""One router a domain, in the order of the documentation."""

from ninja import Router

from entrepot.surfaces.api.routers import books, markets, me, programmes

ROUTERS: list[tuple[str, Router]] = [
    ("/me", me.router),
    ("/markets", markets.router),
    ("/programmes", programmes.router),
    ("/books", books.router),
]
