"""What tests of the money say again and again: settle, look at balances and postings, send goods back."""

from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from entrepot.domain.ledger import queries as ledger
from entrepot.domain.ledger.rules import AccountKey
from entrepot.domain.settlement.models import Statement
from entrepot.flows import returns, settling
from entrepot.flows.returns import Received
from entrepot.kernel.actors import SYSTEM
from worlds import World


def midnight(world: World, days: int = 0) -> datetime:
    """The start of a day, counted from the world's."""
    return datetime.combine(world.now.date() + timedelta(days=days), time(), UTC)


def settle(world: World) -> list[Statement]:
    """Close what is due now."""
    return settling.settle(until=midnight(world), now=world.now, actor=SYSTEM)


def payable(world: World, seller, currency: str = "EUR") -> int:
    """The seller's balance in the books."""
    return ledger.get_balance(AccountKey("seller_payable", seller.pk, currency))


def balances(world: World, currency: str = "EUR") -> dict[str, int]:
    """Every kind of account that is not empty."""
    return {
        line.kind: line.balance_minor
        for line in ledger.trial_balance()
        if line.currency == currency and line.balance_minor
    }


def postings(line, *kinds: str) -> dict[str, tuple[str, str, int]]:
    """part → (from, to, amount) of a line's postings in journals of these kinds."""
    return {
        row.part: (row.source.kind, row.destination.kind, row.amount_minor)
        for row in ledger.postings_about([line.id])
        if row.journal_kind in kinds
    }


def come_back(world: World, ordered, line, units: int, reason: str, disposition: str = "restock") -> UUID:
    """Units of a line come back and are refunded; the case."""
    [case] = returns.request_return(
        order_id=ordered.id, lines=[(line.id, units)], reason=reason, actor=SYSTEM, now=world.now
    )
    returns.send_label(case_id=case.id, actor=SYSTEM, now=world.now)
    world.pass_time(days=2)
    returns.receive_return(
        case_id=case.id, received=[Received(line.id, units, disposition)], actor=SYSTEM, now=world.now
    )
    assert returns.refund(case_ids=[case.id], actor=SYSTEM, now=world.now) == [case.id]
    return case.id
