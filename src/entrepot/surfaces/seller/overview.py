"""What waits for the seller today, where its money is, and when the next of it is due."""

from collections.abc import Iterator

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.inventory import queries as inventory
from entrepot.domain.logistics import queries as logistics
from entrepot.domain.orders import queries as orders
from entrepot.domain.orders import work
from entrepot.domain.sellers import queries as sellers
from entrepot.domain.settlement import queries as settlement
from entrepot.kernel import clock
from entrepot.surfaces.seller import beginning, words
from entrepot.surfaces.seller.frame import render, seller_of
from entrepot.surfaces.shared import tasks
from entrepot.surfaces.shared.guards import ActingRequest, members
from entrepot.surfaces.shared.tasks import Ask, Task

SOON = 5
#: Of more orders it is said that they are more: a page takes as long in the tenth year as in the first.
COUNTED = 1000


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
    balances = settlement.list_balances(seller_id=seller_id) if sees_money else []
    enrolments = sellers.list_enrolments(seller_id=seller_id, at=now)
    context = {
        "seller": seller,
        "beginning": beginning.steps(seller),
        "money_way": beginning.money(seller, pending, balances, statements) if sees_money else [],
        "said": words.SELLERS[seller.status],
        "task_groups": tasks.grouped(tasks.list_tasks(request.actor, "seller", now)),
        "soon": [(item, words.WORK[item.state], item.due_at < now, nodes[item.node_id].time_zone) for item in soon],
        "balances": balances,
        "sees_money": sees_money,
        "next_close": pending[0].eligible_at if pending else None,
        "statements": [(each, words.STATEMENTS[each.state]) for each in statements],
        "orders_count": orders.count_suborders(seller_id=seller_id, up_to=COUNTED + 1),
        "counted": COUNTED,
        "enrolments": enrolments,
    }
    return render(request, "overview.html", context)


def without_stock(ask: Ask) -> Iterator[Task]:
    """Offers on sale of which nothing is left."""
    assert ask.actor.organisation_id is not None
    live = catalogue.list_offers(seller_id=ask.actor.organisation_id, status="live", limit=500)
    if out := sum(not units for units in inventory.available([offer.id for offer in live]).values()):
        text = ngettext("{count} offer on sale has no stock", "{count} offers on sale have no stock", out)
        yield Task(text.format(count=out), out, reverse("seller:offers") + "?status=live", icon="layers")
