"""Where one can go on each surface, as data. An entry shows where its page exists and is open to one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from django.urls import NoReverseMatch, Resolver404, resolve, reverse
from django.utils.translation import gettext_lazy as _

from entrepot.kernel.actors import Actor
from entrepot.surfaces.shared import guards
from entrepot.surfaces.shared.components import Link, Text


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a surface's navigation. `root` marks the surface's first page, which every other lies below."""

    label: Text
    route: str
    icon: str = ""
    root: bool = False


SURFACES: Mapping[str, tuple[Entry, ...]] = {
    "seller": (
        Entry(_("Overview"), "seller:overview", "gauge", root=True),
        Entry(_("Offers"), "seller:offers", "tag"),
        Entry(_("Stock"), "seller:stock", "layers"),
        Entry(_("Stock orders"), "seller:stock_orders", "clipboard"),
        Entry(_("Shipments"), "seller:shipments", "crate"),
        Entry(_("Orders to ship"), "seller:orders", "truck"),
        Entry(_("Returns"), "seller:returns", "return"),
        Entry(_("Conversations"), "seller:conversations", "message"),
        Entry(_("Statements"), "seller:statements", "ledger"),
        Entry(_("Programmes"), "seller:programmes", "scroll"),
        Entry(_("Compare"), "seller:compare", "scales"),
        Entry(_("Team"), "seller:team", "user"),
        Entry(_("Audit trail"), "seller:trail", "seal"),
    ),
    "desk": (
        Entry(_("Overview"), "desk:overview", "gauge", root=True),
        Entry(_("Programmes"), "desk:programmes", "scroll"),
        Entry(_("Compare"), "desk:compare", "scales"),
        Entry(_("Sellers"), "desk:sellers", "storefront"),
        Entry(_("Catalogue"), "desk:catalogue", "catalogue"),
        Entry(_("Orders"), "desk:orders", "clipboard"),
        Entry(_("Stock orders"), "desk:stock_orders", "layers"),
        Entry(_("Warehouse"), "desk:warehouse", "warehouse"),
        Entry(_("Goods in"), "desk:shipments", "forklift"),
        Entry(_("Carriers"), "desk:carriers", "truck"),
        Entry(_("Returns"), "desk:returns", "return"),
        Entry(_("Conversations"), "desk:conversations", "message"),
        Entry(_("Borders"), "desk:borders", "globe"),
        Entry(_("Settlement"), "desk:settlement", "coins"),
        Entry(_("Books"), "desk:books", "ledger"),
        Entry(_("Approvals"), "desk:approvals", "check"),
        Entry(_("Verify"), "desk:verify", "shield"),
        Entry(_("Team"), "desk:team", "user"),
        Entry(_("Audit trail"), "desk:trail", "seal"),
        Entry(_("Set-up"), "desk:setup", "pennant"),
    ),
}


def links(
    surface: str, path: str = "", *, actor: Actor | None = None, counts: Mapping[str, int] | None = None
) -> list[Link]:
    """The entries of a surface that the actor may open; the longest one that the path lies below is current.

    `counts` goes by route.
    """
    found = list(_open_to(actor, SURFACES.get(surface, ()), counts or {}))
    below = [link for link, root in found if path == link.href or (not root and _lies_below(path, link.href))]
    current = max(below, key=lambda link: len(link.href), default=None)
    return [replace(link, current=link is current) for link, _root in found]


def _lies_below(path: str, href: str) -> bool:
    return path.startswith(href.rstrip("/") + "/")


def _open_to(actor: Actor | None, entries: tuple[Entry, ...], counts: Mapping[str, int]) -> Iterator[tuple[Link, bool]]:
    for entry in entries:
        try:
            href = reverse(entry.route)
        except NoReverseMatch:
            continue
        if is_open(href, actor):
            yield Link(entry.label, href, count=counts.get(entry.route), icon=entry.icon), entry.root


def is_open(href: str, actor: Actor | None) -> bool:
    """Whether the verbs of whoever looks open the page at an address."""
    try:
        guard = guards.declared(resolve(href.partition("?")[0]).func)
    except Resolver404:
        return True  # a place on the same page, or nothing of ours
    return actor is None or guard is None or not guard.verb or actor.may(guard.verb)
