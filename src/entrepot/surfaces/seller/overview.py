"""What waits for the seller today, where its money is, and when the next of it is due."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from entrepot.domain.aftersales import queries as cases
from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.inventory import queries as inventory
from entrepot.domain.logistics import queries as logistics
from entrepot.domain.orders import queries as orders
from entrepot.domain.orders import work
from entrepot.domain.orders.queries import Scope
from entrepot.domain.pricing import queries as prices
from entrepot.domain.sellers import queries as sellers
from entrepot.domain.settlement import queries as settlement
from entrepot.domain.terms.rules import Party
from entrepot.kernel import clock
from entrepot.surfaces.seller import words
from entrepot.surfaces.seller.frame import render, seller_of
from entrepot.surfaces.shared.components import Text
from entrepot.surfaces.shared.guards import ActingRequest, members

SOON = 5


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that waits for the seller."""

    text: Text
    href: str
    icon: str
    tone: str = ""


@members("seller")
@require_safe
def show(request: ActingRequest) -> HttpResponse:
    """The first page of a seller."""
    seller_id, now = seller_of(request), clock.now()
    seller = sellers.get_seller(seller_id=seller_id)
    sees_money = request.actor.may("statements.read")
    soon = work.list_work(organisation_id=seller_id, limit=SOON)
    nodes = logistics.list_nodes({item.node_id for item in soon})
    pending = settlement.list_pending(seller_id=seller_id, limit=1) if sees_money else []
    statements = settlement.list_statements(seller_id=seller_id, limit=3) if sees_money else []
    enrolments = sellers.list_enrolments(seller_id=seller_id, at=now)
    context = {
        "seller": seller,
        "said": words.SELLERS[seller.status],
        "waiting": _waiting(request, bool(enrolments)),
        "soon": [(item, words.WORK[item.state], item.due_at < now, nodes[item.node_id].time_zone) for item in soon],
        "balances": settlement.list_balances(seller_id=seller_id) if sees_money else [],
        "sees_money": sees_money,
        "next_close": pending[0].eligible_at if pending else None,
        "statements": [(each, words.STATEMENTS[each.state]) for each in statements],
        "orders_count": orders.count_orders(scope=Scope(seller_id=seller_id)),
        "enrolments": enrolments,
    }
    return render(request, "overview.html", context)


def _waiting(request: ActingRequest, is_enrolled: bool) -> list[Waiting]:
    """What waits, the most urgent first."""
    seller_id, now = seller_of(request), clock.now()
    actor = request.actor
    counts = work.count_work(organisation_id=seller_id, now=now)
    found = []
    if actor.may("work.read"):
        ship = reverse("seller:orders")
        to_ship = sum(counts[state] for state in work.OPEN)
        if counts["late"]:
            text = ngettext("{count} order is late", "{count} orders are late", counts["late"])
            found.append(Waiting(text.format(count=counts["late"]), ship, "warning", "bad"))
        if to_ship:
            text = ngettext("{count} order to ship", "{count} orders to ship", to_ship)
            found.append(Waiting(text.format(count=to_ship), ship, "truck"))
    back = len(cases.list_cases(operator_id=seller_id, states=("received",), limit=100))
    coming = len(cases.list_cases(operator_id=seller_id, states=("requested", "in_transit"), limit=100))
    if back:
        text = ngettext("{count} return to refund", "{count} returns to refund", back)
        found.append(Waiting(text.format(count=back), reverse("seller:returns") + "?state=received", "return", "warn"))
    if coming:
        text = ngettext("{count} return on its way to you", "{count} returns on their way to you", coming)
        found.append(Waiting(text.format(count=coming), reverse("seller:returns"), "return"))
    open_quotes = prices.list_quotes(seller_id=seller_id, is_open=True)
    if answers := sum(quote.made_by_party != Party.SELLER for quote in open_quotes):
        text = ngettext("{count} supply price to answer", "{count} supply prices to answer", answers)
        found.append(Waiting(text.format(count=answers), reverse("seller:offers"), "message", "warn"))
    drafts = len(catalogue.list_offers(seller_id=seller_id, status="draft", limit=100))
    if drafts:
        text = ngettext("{count} offer is not on sale yet", "{count} offers are not on sale yet", drafts)
        found.append(Waiting(text.format(count=drafts), reverse("seller:offers") + "?status=draft", "tag"))
    live = [offer.id for offer in catalogue.list_offers(seller_id=seller_id, status="live", limit=500)]
    if out := sum(not units for units in inventory.available(live).values()):
        text = ngettext("{count} offer on sale has no stock", "{count} offers on sale have no stock", out)
        found.append(Waiting(text.format(count=out), reverse("seller:offers") + "?status=live", "layers", "warn"))
    if not is_enrolled and actor.may("enrolments.read"):
        found.append(Waiting(_("Choose a programme to sell under"), reverse("seller:programmes"), "scroll", "warn"))
    return found
