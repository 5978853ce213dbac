"""Lists of goods: a category or the answer to a search, narrowed, sorted and counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.catalogue.models import Category
from entrepot.flows import shelf
from entrepot.flows.shelf import WINDOW, Kinds, Shelf
from entrepot.kernel import ids
from entrepot.kernel import search as search_index
from entrepot.kernel.errors import NotFound
from entrepot.surfaces.shared.components import Link, Slice
from entrepot.surfaces.shared.guards import public
from entrepot.surfaces.shared.throttle import throttled
from entrepot.surfaces.shop.browsing import Card, cards, crumbs_to, stock
from entrepot.surfaces.shop.forms import FilterForm
from entrepot.surfaces.shop.frame import Visit, arrive, category_url, name_of

PAGE = 24
#: A cursor of a list that is sorted by what quotes say: the place in it.
PLACE = "at-"


@dataclass(frozen=True, slots=True)
class Goods:
    """A page of a list; `is_among` says that only so many of the first were looked at."""

    page: Slice[Card]
    is_among: int = 0
    alike: bool = False


@public
@require_safe
def category(request: HttpRequest, category_code: str) -> HttpResponse:
    """What is in a category and below it, the newest first unless asked otherwise."""
    visit = arrive(request)
    found = next((each for each in visit.categories if each.code == category_code), None)
    if found is None:
        raise NotFound(kind="category")
    form = FilterForm(request.GET, currency=visit.market.currency)
    cursor = request.GET.get("cursor", "")

    def browse(after: str, limit: int) -> list[tuple[UUID, str]]:
        product_ids = catalogue.browse_products(
            market_id=visit.market.id,
            category_path=found.path,
            narrowing=_narrowing(visit, form),
            after=ids.read("prd", after, kind="page") if after else None,
            limit=limit,
        )
        return [(each, each.hex) for each in product_ids]

    everything = catalogue.browse_products(market_id=visit.market.id, category_path=found.path, limit=WINDOW)
    kinds = _kinds(visit, everything)
    goods = _listed(visit, form, cursor, browse)
    context = {
        "title": name_of(found),
        "crumbs": [*crumbs_to(visit, found)[:-1], Link(name_of(found))],
        "aisles": [
            Link(name_of(each), category_url(each), count=_count(visit, each, kinds))
            for each in visit.categories
            if each.parent_id == found.id
        ],
        **_frame(visit, form, goods, kinds, everything, cursor),
        "everything": request.path,
    }
    return visit.render("category.html", context, current=found.path)


@public
@require_safe
@throttled("search")
def search(request: HttpRequest) -> HttpResponse:
    """What was asked for in words, best first; words that nothing has are taken for misspelt ones."""
    visit = arrive(request)
    query = " ".join(request.GET.get("q", "").split())[:120]
    form = FilterForm(request.GET, currency=visit.market.currency, best_first=True)
    chosen = next((each for each in visit.categories if each.code == request.GET.get("category")), None)
    cursor = request.GET.get("cursor", "")
    where = chosen.path if chosen else ""

    def ask(after: str, limit: int, narrowing: catalogue.Narrowing, path: str) -> list[search_index.Hit]:
        return catalogue.search_products(
            market_id=visit.market.id,
            languages=visit.languages,
            text=query,
            category_path=path,
            narrowing=narrowing,
            after=after,
            limit=limit,
        )

    wide = ask("", WINDOW, shelf.narrowing(now=visit.now), "") if query else []
    everything = [hit.thing_id for hit in wide]

    def find(after: str, limit: int) -> list[tuple[UUID, str]]:
        narrowing = _narrowing(visit, form)
        if after or len(wide) == WINDOW:
            hits = ask(after, limit, narrowing, where)
        else:
            # Everything that there is has been found above: only what fits is kept of it.
            fits = set(everything)
            if where or form.is_narrowing:
                fits = catalogue.narrow_products(
                    product_ids=everything, market_id=visit.market.id, category_path=where, narrowing=narrowing
                )
            hits = [hit for hit in wide if hit.thing_id in fits][:limit]
        return [(hit.thing_id, str(hit.cursor)) for hit in hits]

    kinds = _kinds(visit, everything)
    goods = _listed(visit, form, cursor, find) if everything else Goods(Slice([]))
    context = {
        "query": query,
        "alike": bool(wide) and wide[0].cursor.way == "likeness",
        **_frame(visit, form, goods, kinds, everything, cursor),
        "is_narrowed": bool(chosen) or form.is_narrowing,
        "everything": f"{request.path}?{urlencode({'q': query})}",
        "chosen": chosen.code if chosen else "",
        "choices": [
            (each.code, name_of(each), each.path.count("/"), count)
            for each in visit.categories
            if (count := _count(visit, each, kinds)) or each == chosen
        ],
        "tops": [Link(name_of(each), category_url(each)) for each in visit.categories if each.parent_id is None],
        "newest": _newest(visit) if query and not everything else [],
    }
    return visit.render("search.html", context)


def _newest(visit: Visit) -> Sequence[Card]:
    return cards(visit, catalogue.browse_products(market_id=visit.market.id, limit=6))


def _frame(
    visit: Visit, form: FilterForm, goods: Goods, kinds: Kinds, everything: Sequence[UUID], cursor: str
) -> dict[str, Any]:
    """What both lists show around their goods."""
    query = visit.request.GET.copy()
    query.pop("cursor", None)
    return {
        "page": goods.page,
        "among": goods.is_among,
        "form": form,
        "kinds": kinds,
        "found_count": len(everything),
        "is_more": len(everything) == WINDOW,
        "is_narrowed": form.is_narrowing,
        "is_later_page": bool(cursor),
        "first_page": f"{visit.request.path}?{query.urlencode()}",
    }


def _listed(visit: Visit, form: FilterForm, cursor: str, fetch: Any) -> Goods:
    """One page: from the database's own order where that will do, else from the quotes of the first WINDOW."""
    sort, days = form.wanted.get("sort") or "", form.wanted.get("days")
    if not sort and not days:
        if cursor.startswith(PLACE):
            raise NotFound(kind="page")
        found = fetch(cursor, PAGE + 1)
        shown = [each for each, _cursor in found[:PAGE]]
        later = found[PAGE - 1][1] if len(found) > PAGE else ""
        return Goods(Slice(cards(visit, shown), next_cursor=later))
    product_ids = [each for each, _cursor in fetch("", WINDOW)]
    shelves: Mapping[UUID, Shelf] = stock(visit, product_ids)
    arranged = shelf.arrange(shelves, product_ids, sort=sort, days=days, today=visit.now.date())
    start = _place(cursor)
    page = Slice(
        cards(visit, arranged[start : start + PAGE], shelves),
        next_cursor=f"{PLACE}{start + PAGE}" if start + PAGE < len(arranged) else "",
        previous_cursor=f"{PLACE}{max(0, start - PAGE)}" if start else "",
        total=len(arranged),
    )
    return Goods(page, is_among=WINDOW if len(product_ids) == WINDOW else 0)


def _place(cursor: str) -> int:
    if not cursor:
        return 0
    digits = cursor.removeprefix(PLACE)
    if not cursor.startswith(PLACE) or not digits.isdecimal() or len(digits) > 6:
        raise NotFound(kind="page")
    return int(digits)


def _narrowing(visit: Visit, form: FilterForm) -> catalogue.Narrowing:
    wanted = form.wanted
    return shelf.narrowing(
        now=visit.now,
        price_from=wanted.get("price_from"),
        price_until=wanted.get("price_until"),
        in_stock=bool(wanted.get("in_stock")),
        from_country=visit.market.country if wanted.get("local") else "",
    )


def _kinds(visit: Visit, product_ids: Sequence[UUID]) -> Kinds:
    if not product_ids:
        return Kinds({}, 0, 0)
    return shelf.count_kinds(product_ids=product_ids, market=visit.market, now=visit.now)


def _count(visit: Visit, within: Category, kinds: Kinds) -> int:
    """How many were found in a category and below it."""
    below = {each.id for each in visit.categories if (each.path + "/").startswith(within.path + "/")}
    return sum(count for category_id, count in kinds.by_category.items() if category_id in below)
