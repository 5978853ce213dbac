"""What the seller sells: prices where the terms give the right, supply prices where they are agreed, on sale or not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.catalogue.models import Offer
from entrepot.domain.catalogue.queries import OfferFacts
from entrepot.domain.inventory import queries as inventory
from entrepot.domain.pricing import negotiation, quoting
from entrepot.domain.pricing import queries as prices
from entrepot.domain.pricing import services as pricing
from entrepot.domain.pricing.models import SupplyQuote
from entrepot.domain.pricing.queries import Price
from entrepot.domain.pricing.quoting import NewQuote
from entrepot.domain.pricing.services import NewPrice
from entrepot.domain.sellers import queries as sellers
from entrepot.domain.terms import phrases
from entrepot.domain.terms import rules as terms
from entrepot.domain.terms import words as plain
from entrepot.domain.terms.rules import Party, Programme, Task
from entrepot.flows import listing, merchandising
from entrepot.kernel import clock, money
from entrepot.kernel.errors import Invalid, NotFound
from entrepot.surfaces.seller import words
from entrepot.surfaces.seller.bargaining import AnswerForm, Bargain, QuoteForm, comes_next
from entrepot.surfaces.seller.frame import (
    PAGE,
    AmountField,
    languages,
    read_cursor,
    render,
    seller_of,
    shown,
    slice_of,
    typed_minor,
)
from entrepot.surfaces.shared.acting import ActForm, Done, attempt
from entrepot.surfaces.shared.components import Event, Link, Text
from entrepot.surfaces.shared.errors import sentence
from entrepot.surfaces.shared.guards import ActingRequest, allow


class PriceForm(ActForm):
    """What a shopper is asked."""

    amount = AmountField(label=gettext_lazy("Retail price"))


@dataclass(frozen=True, slots=True)
class ToDo:
    """Something that an offer lacks before it can be on sale, and who can see to it."""

    text: Text
    href: str = ""
    is_yours: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """An offer in the list."""

    offer: Offer
    title: str
    said: words.Said
    price: Price | None
    stock: int
    todo: Sequence[ToDo]
    can_go_live: bool
    programme: str

    @property
    def more(self) -> int:
        """How many things are to be done beside the first."""
        return len(self.todo) - 1


@allow("offers.read", kind="seller")
@require_safe
def index(request: ActingRequest) -> HttpResponse:
    """The offers with price, stock and state, and what keeps them from being on sale."""
    return _index(request)


def _index(request: ActingRequest, batch: ActForm | None = None) -> HttpResponse:
    batch = batch or ActForm(name="batch")
    seller_id, now = seller_of(request), clock.now()
    status = request.GET.get("status", "")
    status = status if status in words.OFFERS else ""
    after = read_cursor(request.GET.get("cursor", ""))
    found = catalogue.list_offers(seller_id=seller_id, status=status, after=after, limit=51)
    quotes = prices.list_quotes(seller_id=seller_id, is_open=True, limit=200)
    page = slice_of(found, lambda rows: _rows(rows, now))
    context = {
        "page": page,
        "can_batch": any(row.can_go_live for row in page.rows),
        "statuses": [("", _("All")), *((code, said.label) for code, said in words.OFFERS.items())],
        "status": status,
        "answers": [(quote, _title(quote.offer)) for quote in quotes if quote.made_by_party != Party.SELLER],
        "drafts": catalogue.list_products(organisation_id=seller_id, status="draft", limit=8),
        "lacking": words.LACKING,
        "batch": batch,
        "chosen": set(request.POST.getlist("offer")),
        "may_sell": request.actor.may("offers.edit"),
    }
    return render(request, "offers/index.html", context, batch)


@allow("offers.edit", kind="seller")
@require_POST
def batch_sale(request: ActingRequest) -> HttpResponse:
    """Put the chosen offers on sale; those that cannot be stay as they are, each with the reason."""
    seller_id = seller_of(request)
    form = ActForm(request.POST, name="batch")

    def go_live(typed: Mapping[str, Any]) -> Done:
        chosen = [found for text in request.POST.getlist("offer")[:PAGE] if (found := read_cursor(text))]
        own = catalogue.list_offers(seller_id=seller_id, offer_ids=chosen, limit=PAGE) if chosen else []
        if not own or len(own) < len(set(chosen)):
            raise Invalid("listing.nothing_chosen", "Choose the offers first.")
        done = merchandising.publish_offers(offer_ids=[each.id for each in own], actor=request.actor, now=clock.now())
        if not done.done:
            raise done.refused[0].error
        said = ngettext("{count} offer is on sale.", "{count} offers are on sale.", len(done.done))
        text = said.format(count=len(done.done))
        if done.refused:
            codes = {each.id: each.sku.code for each in own}
            rest = ", ".join(f"{codes[each.offer_id]} ({sentence(each.error)})" for each in done.refused)
            text += " " + _("Not yet: {rest}").format(rest=rest)
        return Done(text)

    return attempt(request, form, go_live, to=reverse("seller:offers")) or _index(request, form)


@allow("offers.read", kind="seller")
@require_safe
def show(request: ActingRequest, offer_id: UUID) -> HttpResponse:
    """One offer: its prices, its stock, its state."""
    return _page(request, offer_id)


@allow("prices.set", kind="seller")
@require_POST
def price(request: ActingRequest, offer_id: UUID) -> HttpResponse:
    """Set the retail price, or suggest it where somebody has to agree."""
    offer = catalogue.get_offer(offer_id=offer_id, seller_id=seller_of(request))
    form = PriceForm(request.POST, name="price")

    def set_price(typed: Mapping[str, Any]) -> Done:
        amount = money.parse_minor(typed["amount"], offer.market.currency)
        done = pricing.set_retail_prices(prices=[NewPrice(offer.id, amount)], actor=request.actor, now=clock.now())
        said = _("The price holds from now on.") if offer.id not in done.waiting else _("The price waits for consent.")
        return Done(said)

    return attempt(request, form, set_price, to=_to(offer_id)) or _page(request, offer_id, price=form)


@allow("quotes.make", kind="seller")
@require_POST
def supply_price(request: ActingRequest, offer_id: UUID) -> HttpResponse:
    """Quote a supply price."""
    offer = catalogue.get_offer(offer_id=offer_id, seller_id=seller_of(request))
    form = QuoteForm(request.POST, name="quote")

    def quote(typed: Mapping[str, Any]) -> Done:
        now = clock.now()
        amount = money.parse_minor(typed["amount"], _own_currency(offer))
        (made,) = listing.quote_supply_prices(
            actor=request.actor,
            rows=[NewQuote(offer.id, amount, note=typed["note"])],
            valid_until=now + timedelta(days=int(typed["holds"])),
            now=now,
        )
        if made.status == SupplyQuote.Status.ACCEPTED:
            return Done(_("The supply price holds from now on."))
        return Done(_("Your quote is with the marketplace. You are told as soon as it answers."))

    return attempt(request, form, quote, to=_to(offer_id)) or _page(request, offer_id, quote=form)


@allow("quotes.make", kind="seller")
@require_POST
def supply_answer(request: ActingRequest, offer_id: UUID, quote_id: UUID) -> HttpResponse:
    """Agree to a supply price of the other side, counter it or refuse it."""
    offer = catalogue.get_offer(offer_id=offer_id, seller_id=seller_of(request))
    open_ones = prices.list_quotes(seller_id=offer.seller_id, offer_id=offer.id, limit=1000)
    step = next((each for each in open_ones if each.id == quote_id), None)
    if step is None:
        raise NotFound(kind="quote")
    form = AnswerForm(request.POST, name="answer")

    def answer(typed: Mapping[str, Any]) -> Done:
        now = clock.now()
        match typed["answer"]:
            case "accept":
                listing.accept_supply_prices(actor=request.actor, quote_ids=[step.id], now=now)
                return Done(_("Agreed: this is your supply price from now on. See below what comes next."))
            case "counter":
                amount = money.parse_minor(typed["amount"], step.currency)
                until = now + timedelta(days=int(typed["holds"]))
                quoting.counter(
                    rows=[(step.id, amount)], valid_until=until, actor=request.actor, now=now, note=typed["note"]
                )
                return Done(_("Your counter-offer is with the marketplace. You are told as soon as it answers."))
            case _:
                quoting.refuse(quote_ids=[step.id], actor=request.actor, reason=typed["note"], now=now)
                return Done(_("Refused, with your reason. You can quote another price at any time."))

    return attempt(request, form, answer, to=_to(offer_id)) or _page(request, offer_id, answer=form)


@allow("offers.edit", kind="seller")
@require_POST
def sale(request: ActingRequest, offer_id: UUID) -> HttpResponse:
    """Put the offer on sale."""
    offer = catalogue.get_offer(offer_id=offer_id, seller_id=seller_of(request))
    form = ActForm(request.POST, name="state")

    def go_live(typed: Mapping[str, Any]) -> None:
        listing.go_live(actor=request.actor, offer_ids=[offer.id], now=clock.now())

    answer = attempt(request, form, go_live, said=_("The offer is on sale."), to=_to(offer_id))
    return answer or _page(request, offer_id, state=form)


@allow("offers.edit", kind="seller")
@require_POST
def pause(request: ActingRequest, offer_id: UUID) -> HttpResponse:
    """Take the offer off sale for a while."""
    offer = catalogue.get_offer(offer_id=offer_id, seller_id=seller_of(request))
    form = ActForm(request.POST, name="state")

    def stop(typed: Mapping[str, Any]) -> None:
        listing.pause_offers(actor=request.actor, offer_ids=[offer.id], now=clock.now())

    answer = attempt(request, form, stop, said=_("The offer is paused."), to=_to(offer_id))
    return answer or _page(request, offer_id, state=form)


@allow("offers.edit", kind="seller")
@require_POST
def archive(request: ActingRequest, offer_id: UUID) -> HttpResponse:
    """Take the offer off sale for good."""
    offer = catalogue.get_offer(offer_id=offer_id, seller_id=seller_of(request))
    form = ActForm(request.POST, name="state")

    def end(typed: Mapping[str, Any]) -> None:
        listing.archive_offers(actor=request.actor, offer_ids=[offer.id], now=clock.now())

    answer = attempt(request, form, end, said=_("The offer is archived."), to=reverse("seller:offers"))
    return answer or _page(request, offer_id, state=form)


def _page(
    request: ActingRequest,
    offer_id: UUID,
    *,
    price: PriceForm | None = None,
    quote: QuoteForm | None = None,
    answer: AnswerForm | None = None,
    state: ActForm | None = None,
) -> HttpResponse:
    seller_id, now = seller_of(request), clock.now()
    offer = catalogue.get_offer(offer_id=offer_id, seller_id=seller_id)
    conditions = sellers.list_conditions([offer.enrolment_id])[offer.enrolment_id]
    facts = catalogue.offer_facts([offer.id])[offer.id]
    asked = prices.prices([offer.id], now).get(offer.id)
    steps = prices.list_quotes(seller_id=seller_id, offer_id=offer.id, limit=1000)
    open_step = next((each for each in steps if each.status in negotiation.OPEN), None)
    supply = next((each for each in steps if each.status == SupplyQuote.Status.ACCEPTED), None)
    currency, own = offer.market.currency, _own_currency(offer)
    proposals = [each for each in prices.list_proposals(seller_id=seller_id) if each.offer_id == offer.id]
    may_price = terms.may_propose(conditions, Task.RETAIL_PRICE, Party.SELLER) and request.actor.may("prices.set")
    may_quote = Party.SELLER in negotiation.voices(conditions) and request.actor.may("quotes.make")
    waits_for_me = open_step is not None and open_step.made_by_party != Party.SELLER
    if may_price and price is None:
        price = PriceForm(
            name="price", initial={"amount": typed_minor(asked.amount_minor if asked else None, currency)}
        )
    if may_quote and not waits_for_me and quote is None:
        quote = QuoteForm(name="quote", initial={"amount": typed_minor(asked.supply_minor if asked else None, own)})
    if may_quote and waits_for_me and answer is None:
        answer = AnswerForm(name="answer")
    state = state or ActForm(name="state")
    todo = _todo(offer, facts, asked, conditions)
    texts = catalogue.texts([offer.sku.product_id], languages=languages())
    context = {
        "offer": offer,
        "title": texts[offer.sku.product_id].title if offer.sku.product_id in texts else offer.sku.code,
        "said": words.OFFERS[offer.status],
        "programme": plain.label(conditions.label),
        "price": asked,
        "supply": supply,
        "price_form": price,
        "price_decision": _decision(conditions, Task.RETAIL_PRICE),
        "price_counts_at_once": terms.may_set(conditions, Task.RETAIL_PRICE, Party.SELLER)
        and conditions.approver(Task.RETAIL_PRICE) in (None, Party.SELLER),
        "proposals": proposals,
        "earns_supply": bool(negotiation.voices(conditions)),
        "quote_form": quote if not waits_for_me else None,
        "supply_decision": _decision(conditions, Task.SUPPLY_PRICE),
        "answer_form": answer if waits_for_me else None,
        "open_step": open_step,
        "bargaining": [Bargain.of(each) for each in reversed(steps)],
        "comes_next": comes_next(steps, supply, [each.text for each in todo if each.is_yours], conditions),
        "own_currency": own,
        "state": state,
        "todo": todo,
        "may_sell": request.actor.may("offers.edit"),
        "can_go_live": _can_go_live(offer, conditions) and not todo,
        "selection_decision": _decision(conditions, Task.PRODUCT_SELECTION),
        "stock": inventory.list_stock(seller_id=seller_id, sku_ids=list(facts.components), limit=50),
        "available": inventory.available([offer.id])[offer.id],
        "conditions_said": words.CONDITIONS,
        "history": _history(offer, steps),
        "pictures": catalogue.pictures([offer.sku.product_id]).get(offer.sku.product_id, [])[:1],
        "crumbs": [Link(_("Offers"), reverse("seller:offers")), Link(offer.sku.code)],
    }
    sent = [form for form in (price, quote, answer, state) if form]
    return render(request, "offers/show.html", context, *sent)


def _rows(offers: Sequence[Offer], now: datetime) -> list[Row]:
    ids = [offer.id for offer in offers]
    facts, asked, stock = catalogue.offer_facts(ids), prices.prices(ids, now), inventory.available(ids)
    texts = catalogue.texts({offer.sku.product_id for offer in offers}, languages=languages())
    conditions = sellers.list_conditions({offer.enrolment_id for offer in offers})
    return [
        Row(
            offer,
            texts[offer.sku.product_id].title if offer.sku.product_id in texts else offer.sku.code,
            words.OFFERS[offer.status],
            asked.get(offer.id),
            stock[offer.id],
            _todo(offer, facts[offer.id], asked.get(offer.id), conditions[offer.enrolment_id]),
            offer.status in (Offer.Status.DRAFT, Offer.Status.PAUSED)
            and _can_go_live(offer, conditions[offer.enrolment_id]),
            plain.label(conditions[offer.enrolment_id].label),
        )
        for offer in offers
    ]


def _todo(offer: Offer, facts: OfferFacts, asked: Price | None, conditions: Programme) -> list[ToDo]:
    """What keeps the offer from being on sale: yours to do first, then what others decide."""
    if offer.status in (Offer.Status.LIVE, Offer.Status.ARCHIVED):
        return []
    lacking = listing.unready(facts, asked, conditions)
    product = offer.sku.product
    said = []
    if "product" in lacking:
        href = reverse("seller:product", args=[product.id])
        for each in product.missing:
            name, field = words.missing(each)
            said.append(ToDo(_("The product lacks {missing}").format(missing=name), f"{href}#{field}"))
        if not product.missing:
            said.append(ToDo(_("The product is not active"), href))
    if "supply_price" in lacking:
        said.append(
            ToDo(
                _("No supply price is agreed"),
                _to(offer.id) + "#supply",
                Party.SELLER in negotiation.voices(conditions),
            )
        )
    if "price" in lacking:
        is_yours = terms.may_propose(conditions, Task.RETAIL_PRICE, Party.SELLER)
        said.append(ToDo(_("It has no retail price"), _to(offer.id) + "#price", is_yours))
    if "seller" in lacking:
        said.append(ToDo(_("Your shop is not admitted at the moment"), reverse("seller:application")))
    if not said and not _can_go_live(offer, conditions):
        said.append(ToDo(_("The marketplace decides when it goes on sale"), is_yours=False))
    return sorted(said, key=lambda each: not each.is_yours)


def _can_go_live(offer: Offer, conditions: Programme) -> bool:
    right = terms.may_propose if offer.status == Offer.Status.PAUSED else listing.may_select
    return right(conditions, Task.PRODUCT_SELECTION, Party.SELLER)


def _decision(conditions: Programme, task: Task) -> str:
    """Who decides, and on what, in one sentence."""
    decider = terms.who_decides(conditions, task)
    if decider is None:
        return ""
    said = {"decision": plain.decision(decider), "what": phrases.TASKS[task].sets}
    return _("{decision}: {what}.").format(**said)


def _history(offer: Offer, steps: Sequence[SupplyQuote]) -> list[Event]:
    """Prices and quotes, the newest first."""
    who = {"platform": _("the marketplace"), "seller": _("you"), "third_party": _("a partner")}
    found = [
        Event(
            each.valid_from,
            _("Retail price {amount}").format(amount=shown(each.amount_minor, each.currency)),
            by=who.get(each.set_by_party, ""),
        )
        for each in prices.price_history(offer_id=offer.id, seller_id=offer.seller_id)[:20]
    ]
    found += [
        Event(
            each.decided_at or each.created_at,
            _("Supply price {amount}: {state}").format(
                amount=shown(each.amount_minor, each.currency), state=str(words.QUOTES[each.status].label).lower()
            ),
            each.note,
            who.get(each.made_by_party, ""),
            words.QUOTES[each.status].tone if each.status == "accepted" else "accent",
        )
        for each in steps[-20:]
    ]
    return sorted(found, key=lambda event: event.at, reverse=True)


def _own_currency(offer: Offer) -> str:
    """In which currency supply prices are quoted: the one in which the seller is settled."""
    return offer.seller.settlement_currency


def _title(offer: Offer) -> str:
    return f"{offer.sku.code} · {offer.market.code}"


def _to(offer_id: UUID) -> str:
    return reverse("seller:offer", args=[offer_id])
