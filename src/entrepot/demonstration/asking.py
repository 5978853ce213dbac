"""What shoppers of the demonstration ask about their orders: answered, waiting, overdue, handed on."""

from datetime import datetime, timedelta
from uuid import UUID

from entrepot.demonstration.setting import Setting
from entrepot.domain.conversations.models import Thread
from entrepot.domain.orders.models import OrderLine
from entrepot.domain.terms import queries as terms
from entrepot.domain.terms.rules import Party, Task
from entrepot.flows import conversing
from entrepot.kernel.actors import Actor

#: (who holds customer service, whether it has arrived, subject, question, hours ago, answer or none)
ASKED: tuple[tuple[Party, bool, str, str, int, str], ...] = (
    (Party.PLATFORM, True, "damaged", "It arrived with a crack. Can I have another one?", 30,
     "We are sorry. Please send it back with the label from your order; the way back costs you nothing."),
    (Party.PLATFORM, False, "where_is_it", "The tracking has not moved for three days. Is all well?", 5, ""),
    (Party.SELLER, True, "invoice", "I need the receipt with the name of our company on it.", 20,
     "You find it on the page of your order; the company stands there once you change the address."),
    (Party.SELLER, False, "change", "Could you send it to my office instead?", 27, ""),
    (Party.SELLER, False, "other", "Can you wrap it as a present?", 2, ""),
)  # fmt: skip

HANDED_ON = ("wrong_item", "I ordered the blue one and a green one came. My number is 0171 5550199.",
             "You packed it: which colour left the kiln?")  # fmt: skip


def leave_questions(setting: Setting, now: datetime) -> None:
    """Questions about recent orders, each about another order."""
    lines = list(
        OrderLine.objects.select_related("order", "seller__organisation")
        .filter(order__state="placed", cancelled_qty=0)
        .order_by("-id")[:400]
    )
    lines.sort(key=lambda line: line.order.user_id is None)  # who signs in finds some of their own
    agreed = terms.get_terms({line.terms_id for line in lines})
    used: set[UUID] = set()

    def take(party: Party, has_arrived: bool, at: datetime, seller: str = "") -> OrderLine | None:
        for line in lines:
            serves = agreed[line.terms_id].performer(Task.CUSTOMER_SERVICE)
            fits = serves is party and bool(line.delivered_qty) == has_arrived and line.order_id not in used
            fits = fits and (line.order.placed_at or line.created_at) < at
            if fits and seller in ("", line.seller.organisation.code):
                used.add(line.order_id)
                return line
        return None

    for party, has_arrived, subject, question, hours, answer in ASKED:
        at = now - timedelta(hours=hours)
        line = take(party, has_arrived, at)
        if line is not None:
            thread = _ask(line, subject, question, at)
            if answer:
                conversing.write(
                    thread_id=thread.id, text=answer, actor=setting.actor(thread.organisation_id),
                    now=at + timedelta(hours=2),
                )  # fmt: skip
    at = now - timedelta(hours=6)
    line = take(Party.PLATFORM, True, at, "golden-kiln")
    if line is not None:
        subject, question, reason = HANDED_ON
        thread = _ask(line, subject, question, at)
        conversing.hand_on(
            thread_id=thread.id, reason=reason, actor=setting.actor(setting.operator.id), now=at + timedelta(hours=2)
        )


def _ask(line: OrderLine, subject: str, question: str, at: datetime) -> Thread:
    order = line.order
    return conversing.open_thread(
        order_id=order.id,
        line_id=line.id,
        subject=subject,
        text=question,
        actor=Actor(label="shopper", user_id=order.user_id, role="shopper"),
        access_token=order.access_token,
        now=at,
    )
