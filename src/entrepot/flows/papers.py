"""The papers of parcels, for whoever performs their work: what is in them comes from the frozen lines of the order."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from entrepot.domain.customs.models import Membership
from entrepot.domain.logistics import bookings, papers
from entrepot.domain.logistics.papers import Sheet
from entrepot.domain.markets import queries as markets
from entrepot.flows import booking
from entrepot.flows.consigning import Consigned
from entrepot.kernel import money
from entrepot.kernel.actors import Actor
from entrepot.kernel.errors import NotFound
from entrepot.kernel.kept import kept

KINDS = (papers.PACKING_LIST, papers.INVOICE, papers.DECLARATION)


def list_kinds(ways: Collection[tuple[str, str]], on: date) -> dict[tuple[str, str], list[str]]:
    """Which papers a parcel has from a country to another: customs papers only where it leaves a customs union."""
    unions = _unions(on)
    return {
        (here, there): list(KINDS)
        if here != there and not unions.get(here, frozenset()) & unions.get(there, frozenset())
        else [papers.PACKING_LIST]
        for here, there in ways
    }


def make(*, parcel_ids: Sequence[UUID], kind: str, actor: Actor, now: datetime) -> bytes:
    """One paper of these parcels as a PDF. Raises: NotFound also for a paper that one of them has not, Incomplete."""
    told = booking.reachable(parcel_ids=parcel_ids, actor=actor, verb="work.read")
    kinds = list_kinds({_way(each) for each in told.values()}, now.date())
    if any(kind not in kinds[_way(each)] for each in told.values()):
        raise NotFound(kind="paper")
    booked = bookings.find_live(parcel_ids=told)
    numbers = {key: row.tracking_number for key, row in booked.items() if row.state == "booked"}
    forms = _declarations(told, now.date()) if kind == papers.DECLARATION else dict.fromkeys(told, kind)
    return papers.render([(forms[key], sheet_of(told[key], numbers.get(key, ""), now)) for key in parcel_ids])


def _way(told: Consigned) -> tuple[str, str]:
    return told.sender.country, told.recipient.country


def _declarations(told: Mapping[UUID, Consigned], on: date) -> dict[UUID, str]:
    """Which declaration each parcel needs, by its weight and what it is worth in euro."""
    rates = markets.exchange_rates({(each.currency, "EUR") for each in told.values() if each.currency != "EUR"}, on)
    found = {}
    for key, each in told.items():
        value = each.sum("goods_net_minor")
        if each.currency != "EUR":
            places = money.exponent("EUR") - money.exponent(each.currency)
            value = money.round_half_even((value * rates[each.currency, "EUR"].rate).scaleb(places))
        found[key] = papers.declaration_for(value, each.parcel.weight_g)
    return found


def sheet_of(told: Consigned, tracking_number: str, now: datetime) -> Sheet:
    """A parcel as its papers show it."""
    parcel = told.parcel
    return Sheet(
        number=parcel.number, reference=told.work.suborder_number, order=told.work.order_number,
        carrier=parcel.carrier, service=parcel.service, tracking_number=parcel.tracking_number or tracking_number,
        sender=told.sender, recipient=told.recipient, currency=told.currency, incoterm=told.incoterm,
        weight_g=parcel.weight_g, items=tuple(each.item for each in told.contents),
        freight_minor=told.sum("shipping_net_minor"),
        tax_minor=told.sum("goods_tax_minor") + told.sum("shipping_tax_minor"),
        duty_minor=told.sum("customs_duty_minor"), made_on=parcel.handed_over_at or now,
    )  # fmt: skip


@kept("border law", states=16)
def _unions(on: date) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    rows = Membership.objects.filter(valid_from__lte=on).exclude(valid_until__lte=on)
    for row in rows:
        found.setdefault(row.country, set()).add(row.union)
    return {country: frozenset(names) for country, names in found.items()}
