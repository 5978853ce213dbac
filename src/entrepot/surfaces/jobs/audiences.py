"""Whom an event concerns: what its subject says of people and organisations, and the values that its words need.

An event may carry the same itself: what is in its payload goes before what is looked up.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from entrepot.domain.notices.services import Address
from entrepot.kernel.db import fetch_rows, fetch_value
from entrepot.surfaces.jobs.topics import TOPICS, Told

_ORDERED = """
    ordered.id AS order_id, ordered.user_id AS shopper_id, ordered.number AS order_number,
    suborder.seller_id, suborder.performer_id, suborder.number AS suborder_number, suborder.ship_by AS due_at,
    node.time_zone
    FROM orders_order ordered
    JOIN orders_suborder suborder ON suborder.order_id = ordered.id
    JOIN logistics_node node ON node.id = suborder.node_id
"""
_STATED = """
    statement.seller_id, statement.number, statement.currency, seller.name AS seller
    FROM settlement_statement statement JOIN accounts_organisation seller ON seller.id = statement.seller_id
"""
_SELLER = """
    seller.id AS seller_id, seller.name AS seller, seller.code FROM accounts_organisation seller
"""

#: Kind of subject -> what is known of these: `id`, `about_id` (the row that a page shows), organisations and values.
#: A subject may have several rows, such as an order its suborders.
SUBJECTS: Mapping[str, str] = {
    "order": f"SELECT ordered.id, suborder.id AS about_id, {_ORDERED} WHERE ordered.id = ANY(%s) ORDER BY suborder.id",
    "suborder": f"SELECT suborder.id, suborder.id AS about_id, {_ORDERED} WHERE suborder.id = ANY(%s)",
    "parcel": f"""
        SELECT parcel.id, parcel.id AS about_id, {_ORDERED} JOIN logistics_parcel parcel
        ON parcel.reference_id = suborder.id WHERE parcel.id = ANY(%s)""",
    "return_case": """
        SELECT case_.id, case_.id AS about_id, case_.number, case_.seller_id, node.operator_id AS performer_id,
            ordered.user_id AS shopper_id, ordered.id AS order_id, ordered.number AS order_number
        FROM aftersales_returncase case_ JOIN orders_order ordered ON ordered.id = case_.order_id
        JOIN logistics_node node ON node.id = case_.node_id WHERE case_.id = ANY(%s)""",
    "seller": f"SELECT seller.id, seller.id AS about_id, {_SELLER} WHERE seller.id = ANY(%s)",
    "stock_order": f"""
        SELECT asked.id, asked.id AS about_id, {_SELLER} JOIN inbound_stockorder asked
        ON asked.seller_id = seller.id WHERE asked.id = ANY(%s)""",
    "seller_document": f"""
        SELECT document.id, document.id AS about_id, {_SELLER} JOIN sellers_sellerdocument document
        ON document.seller_id = seller.id WHERE document.id = ANY(%s)""",
    "enrolment": f"""
        SELECT enrolment.id, enrolment.id AS about_id, programme.label AS programme, {_SELLER}
        JOIN sellers_enrolment enrolment ON enrolment.seller_id = seller.id
        JOIN terms_programmeversion version ON version.id = enrolment.programme_version_id
        JOIN terms_programme programme ON programme.id = version.programme_id WHERE enrolment.id = ANY(%s)""",
    "statement": f"""
        SELECT statement.id, statement.id AS about_id, statement.payable_minor AS amount_minor, {_STATED}
        WHERE statement.id = ANY(%s)""",
    "payout": f"""
        SELECT payout.id, payout.id AS about_id, payout.amount_minor, {_STATED}
        JOIN settlement_payout payout ON payout.statement_id = statement.id WHERE payout.id = ANY(%s)""",
}


def addresses(events: Sequence[Any]) -> list[Address]:
    """Whom these events are told to, by the table of topics; one question for each kind of subject."""
    known = _subjects(events)
    operator_id = fetch_value("SELECT id FROM accounts_organisation WHERE kind = 'operator'") if events else None
    return [address for event in events for address in _addresses(event, known[event.id], operator_id)]


def _addresses(event: Any, rows: Sequence[Mapping[str, Any]], operator_id: UUID | None) -> Iterator[Address]:
    asked = event.payload.get("to")
    seen = set()
    for told in TOPICS[event.topic].told.values():
        if asked is not None and told.who not in asked:
            continue
        for row in rows:
            facts = {"operator_id": operator_id, **row, **event.payload}
            found = _address(event, told, facts)
            if found is not None and (mark := (found.user_id, found.organisation_id, found.about_id)) not in seen:
                seen.add(mark)
                yield found


def _address(event: Any, told: Told, facts: Mapping[str, Any]) -> Address | None:
    reached = facts.get(f"{told.who}_id")
    if not reached:
        return None
    is_person = told.who == "shopper"
    # A shopper hears of an order once, whoever ships its parts.
    about = event.subject_id if is_person else facts.get("about_id") or event.subject_id
    return Address(
        event.id,
        event.topic,
        told.who,
        about,
        event.created_at,
        user_id=_key(reached) if is_person else None,
        organisation_id=None if is_person else _key(reached),
        verb=told.verb,
        but_user_id=_key(facts["actor_id"]) if facts.get("actor_id") else None,
        values={name: _plain(value) for name, value in facts.items() if name not in HIDDEN and value is not None},
    )


#: What says who is meant is no value of the text.
HIDDEN = frozenset({"id", "about_id", "operator_id", "shopper_id", "performer_id", "actor_id", "to"})


def _subjects(events: Sequence[Any]) -> dict[UUID, list[dict[str, Any]]]:
    """What is known of the subject of each event, by event; nothing but the payload where no table knows it."""
    by_kind: dict[str, set[UUID]] = defaultdict(set)
    for event in events:
        by_kind[event.subject_kind].add(event.subject_id)
    rows: dict[tuple[str, UUID], list[dict[str, Any]]] = defaultdict(list)
    for kind, keys in by_kind.items():
        if kind in SUBJECTS:
            for row in fetch_rows(SUBJECTS[kind], [list(keys)]):
                rows[kind, row.id].append(row._asdict())
    return {event.id: rows.get((event.subject_kind, event.subject_id), [{}]) for event in events}


def _key(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(str(value))


def _plain(value: Any) -> Any:
    """A value as JSON keeps it."""
    if isinstance(value, UUID):
        return str(value)
    return value.isoformat() if hasattr(value, "isoformat") else value
