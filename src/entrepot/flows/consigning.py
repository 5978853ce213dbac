"""What is in parcels, as carriers and papers are told: goods with their codes, origins and the money that was frozen.

Batches only: a constant number of questions, whatever the number of parcels.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from entrepot.domain.accounts.models import Contact
from entrepot.domain.logistics.carriers import Address, Item
from entrepot.domain.logistics.models import Node, Parcel, ParcelLine
from entrepot.domain.orders import rules, work
from entrepot.domain.orders.models import OrderLine
from entrepot.domain.orders.work import Work
from entrepot.domain.terms import queries as terms
from entrepot.domain.terms.rules import Task


@dataclass(frozen=True, slots=True)
class Content:
    """Units of an order line in a parcel, with what the shopper pays for them by part. Units: minor, grams of all."""

    item: Item
    position: int
    parts: dict[str, int]

    @property
    def total_minor(self) -> int:
        """All that the shopper pays for them."""
        return sum(self.parts.values())


@dataclass(frozen=True, slots=True)
class Consigned:
    """A parcel with what is in it, between whom it goes, and on which terms. Units: minor of `currency`."""

    parcel: Parcel
    work: Work
    sender: Address
    recipient: Address
    currency: str
    contents: tuple[Content, ...]
    incoterm: str

    def sum(self, part: str) -> int:
        """What the shopper pays of a part for all that is in it."""
        return sum(each.parts[part] for each in self.contents)


def read_parcels(parcels: Sequence[Parcel]) -> dict[UUID, Consigned]:
    """Outbound parcels with what is in them, by id; those of no suborder are left out.

    Money is that of the places of the units among their line's; where a parcel has not left, of the places that it
    would take if those packed before it left before it.
    """
    works = {item.suborder_id: item for item in work.find_work(suborder_ids={each.reference_id for each in parcels})}
    outbound = [each for each in parcels if each.direction == "outbound" and each.reference_id in works]
    inside: dict[UUID, list[ParcelLine]] = defaultdict(list)
    for part in ParcelLine.objects.filter(parcel_id__in=[each.id for each in outbound]).order_by("id"):
        inside[part.parcel_id].append(part)
    line_ids = {part.line_id for parts in inside.values() for part in parts}
    lines = {line.id: line for line in OrderLine.objects.filter(id__in=line_ids).select_related("sku")}
    weights = work.unit_weights(line_ids=line_ids)
    first = _places(line_ids, lines)
    nodes = Node.objects.select_related("address").in_bulk({each.node_id for each in outbound})
    contacts = Contact.objects.in_bulk({works[each.reference_id].ship_to_id for each in outbound})
    agreed = terms.get_terms({line.terms_id for line in lines.values()})
    found = {}
    for parcel in outbound:
        item = works[parcel.reference_id]
        contents = [
            _content(lines[part.line_id], part, first[part.id], weights[part.line_id]) for part in inside[parcel.id]
        ]
        is_paid = all(
            agreed[lines[part.line_id].terms_id].performer(Task.DUTY_AND_TAX) is not None for part in inside[parcel.id]
        )
        found[parcel.id] = Consigned(
            parcel, item, sender_of(nodes[parcel.node_id]), address_of(contacts[item.ship_to_id]), item.currency,
            tuple(sorted(contents, key=lambda each: each.position)), "DDP" if is_paid else "DAP",
        )  # fmt: skip
    return found


def address_of(contact: Contact) -> Address:
    """A contact as carriers are told of it."""
    return Address(
        contact.name, contact.country, contact.line1, contact.line2, contact.city, contact.region, contact.postcode,
        contact.company, contact.phone, contact.email,
    )  # fmt: skip


def sender_of(node: Node) -> Address:
    """Who sends from a node."""
    if node.address is None:
        return Address(node.name, node.country)
    return address_of(node.address)


def _content(line: OrderLine, part: ParcelLine, first: int, unit_weight_g: int) -> Content:
    parts = rules.share(line, first, part.quantity)
    item = Item(
        line.title, line.sku.code, part.quantity, unit_weight_g * part.quantity, parts["goods_net_minor"],
        line.sku.hs_code, line.sku.origin_country,
    )  # fmt: skip
    return Content(item, line.position, parts)


def _places(line_ids: Collection[UUID], lines: dict[UUID, OrderLine]) -> dict[UUID, int]:
    """Where the units of every parcel line of these order lines begin among the line's."""
    rows = ParcelLine.objects.filter(
        line_id__in=list(line_ids), parcel__direction="outbound"
    ).exclude(parcel__state="cancelled").order_by("parcel_id", "id")  # fmt: skip
    taken = {line_id: line.shipped_qty for line_id, line in lines.items()}
    found = {}
    for row in rows:
        if row.first_unit is None:
            found[row.id] = taken[row.line_id]
            taken[row.line_id] += row.quantity
        else:
            found[row.id] = row.first_unit
    return found
