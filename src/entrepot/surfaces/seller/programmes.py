"""Programmes: those in force, those that could be accepted and what is lacking, in plain words, compared, accepted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from entrepot.domain.markets import queries as markets
from entrepot.domain.markets.models import Market
from entrepot.domain.sellers import queries as sellers
from entrepot.domain.sellers.models import Enrolment, Seller
from entrepot.domain.sellers.readiness import Answers
from entrepot.domain.terms import changes, phrases, queries
from entrepot.domain.terms import rules as terms
from entrepot.domain.terms import words as plain
from entrepot.domain.terms.queries import wording_of
from entrepot.domain.terms.rules import Party, Programme, Task
from entrepot.flows import enrolling, joining
from entrepot.flows.enrolling import Preview
from entrepot.kernel import clock
from entrepot.kernel.errors import NotFound
from entrepot.surfaces.seller import examples
from entrepot.surfaces.seller.examples import Numbers, Shown
from entrepot.surfaces.seller.frame import render, seller_of
from entrepot.surfaces.shared import readiness
from entrepot.surfaces.shared.access import FIRST_ASKED, first_asked, lacks
from entrepot.surfaces.shared.acting import ActForm, ReasonForm, attempt
from entrepot.surfaces.shared.components import Link, Text, Tone
from entrepot.surfaces.shared.guards import ActingRequest, allow


class AcceptForm(ActForm):
    """The acceptance of what was seen."""

    seen_hash = forms.CharField(widget=forms.HiddenInput, max_length=64)
    agrees = forms.BooleanField(label=gettext_lazy("I have read it and accept it for my shop in this market."))


@dataclass(frozen=True, slots=True)
class Held:
    """An enrolment with its programme's name, and a newer wording where there is one."""

    enrolment: Enrolment
    label: str
    newer: Preview | None
    ending: ReasonForm


@dataclass(frozen=True, slots=True)
class Open:
    """A programme that could be accepted: who does what, how ready the seller is, what it would keep of one unit."""

    preview: Preview
    label: str
    summary: str
    lacking: list[str]
    href: str
    who: list[tuple[Text, str]]
    needs: list[readiness.Told]
    ready: tuple[str, Tone]
    example: Shown | None


#: Why somebody else enters it, by what it is.
WHY_NOT: Mapping[Task, Text] = {
    Task.RETAIL_PRICE: gettext_lazy(
        "You get your supply price or share whatever it is; whoever carries the risk of a price sets it."
    ),
    Task.PRODUCT_SELECTION: gettext_lazy(
        "You propose articles; what fits the shop is decided there, so that you make nothing in vain."
    ),
    Task.LISTING_CONTENT: gettext_lazy("Texts and pictures are made in one style and in the shoppers' languages."),
    Task.PROMOTION: gettext_lazy("Discounts are planned for the whole shop."),
    Task.ADVERTISING: gettext_lazy("Advertising is bought for the whole shop."),
    Task.TRAFFIC: gettext_lazy("What is shown where follows one rule for everybody."),
    Task.STORAGE: gettext_lazy("Goods stand where whoever ships them keeps its stock."),
    Task.LAST_MILE: gettext_lazy("Whoever ships chooses the carrier."),
    Task.LINE_HAUL: gettext_lazy("Whoever ships chooses the route."),
    Task.RETURNS_HANDLING: gettext_lazy("Returns go where they can be checked."),
    Task.INVENTORY_PLANNING: gettext_lazy(
        "Stock is ordered from you as it sells: you answer the order, you do not guess."
    ),
    Task.QUALITY_INSPECTION: gettext_lazy("Goods are checked where they arrive."),
    Task.SUPPLY_PRICE: gettext_lazy("There is none: you earn the shopper's price less a commission."),
}


@allow("enrolments.read", kind="seller")
@require_safe
def index(request: ActingRequest) -> HttpResponse:
    """Enrolments in force, and what could be accepted in a market."""
    return _index(request)


@allow("enrolments.read", kind="seller")
@require_safe
def show(request: ActingRequest, market_code: str, version_id: UUID) -> HttpResponse:
    """A programme in plain words, chapter by chapter."""
    return _page(request, market_code, version_id)


@allow("enrolments.accept", kind="seller")
@require_POST
def acceptance(request: ActingRequest, market_code: str, version_id: UUID) -> HttpResponse:
    """Accept it, or go over to it from another version of the same programme."""
    seller_id = seller_of(request)
    form = AcceptForm(request.POST, name="accept")

    def accept(typed: Mapping[str, Any]) -> None:
        now = clock.now()
        seen = typed["seen_hash"]
        if current := _current(seller_id, market_code, version_id):
            enrolling.switch_version(
                actor=request.actor, enrolment_id=current.id, version_id=version_id, seen_hash=seen, now=now
            )
        else:
            enrolling.accept_programme(
                actor=request.actor,
                seller_id=seller_id,
                version_id=version_id,
                market_code=market_code,
                seen_hash=seen,
                now=now,
            )

    said = _("Accepted. You trade under it from now on.")
    answer = attempt(request, form, accept, said=said, to=reverse("seller:programmes"))
    return answer or _page(request, market_code, version_id, form)


@allow("enrolments.accept", kind="seller")
@require_POST
def ending(request: ActingRequest, enrolment_id: UUID) -> HttpResponse:
    """Leave a programme."""
    enrolment = sellers.get_enrolment(enrolment_id=enrolment_id, seller_id=seller_of(request))
    form = ReasonForm(request.POST, name=f"end-{enrolment_id.hex}")

    def end(typed: Mapping[str, Any]) -> None:
        enrolling.end_enrolment(actor=request.actor, enrolment_id=enrolment.id, reason=typed["reason"], now=clock.now())

    said = _("You have left the programme; orders that were placed run on under its terms.")
    return attempt(request, form, end, said=said, to=reverse("seller:programmes")) or _index(request, form)


@allow("enrolments.read", kind="seller")
@require_safe
def comparison(request: ActingRequest, market_code: str) -> HttpResponse:
    """Two programmes side by side: what differs."""
    seller_id = seller_of(request)
    found = enrolling.list_programmes(
        actor=request.actor, seller_id=seller_id, market_code=market_code, now=clock.now()
    )
    by_code = {each.version.programme.code: each for each in found}
    first = by_code.get(request.GET.get("a", ""), found[0] if found else None)
    second = by_code.get(request.GET.get("b", ""), found[min(1, len(found) - 1)] if found else None)
    if first is None or second is None:
        raise NotFound(kind="programme")
    context = {
        "market": first.market,
        "a": first,
        "b": second,
        "labels": [(code, _label(each)) for code, each in by_code.items()],
        "label_a": _label(first),
        "label_b": _label(second),
        "told": changes.tell(wording_of(first.version), wording_of(second.version)),
        "crumbs": [Link(_("Programmes"), reverse("seller:programmes")), Link(_("Compare"))],
    }
    return render(request, "programmes/comparison.html", context)


def _ending(enrolment: Enrolment, refused: ReasonForm | None) -> ReasonForm:
    """The form that ends it, with what was refused of it."""
    form = ReasonForm(name=f"end-{enrolment.id.hex}")
    return refused if refused is not None and refused.auto_id == form.auto_id else form


def _index(request: ActingRequest, ending: ReasonForm | None = None) -> HttpResponse:
    seller_id, now = seller_of(request), clock.now()
    every = markets.list_markets()
    market = _chosen(every, request.GET.get("market", ""))
    found = (
        enrolling.list_programmes(actor=request.actor, seller_id=seller_id, market_code=market.code, now=now)
        if market
        else []
    )
    held = sellers.list_enrolments(seller_id=seller_id, at=now)
    here = {each.programme_code: each for each in held if market and each.market_id == market.id}
    newer = {
        here[preview.version.programme.code].id: preview
        for preview in found
        if preview.version.programme.code in here
        and preview.version.id != here[preview.version.programme.code].programme_version_id
    }
    view = _View.of(request, market, now)
    context = {
        "market": market,
        "markets": [Link(each.name, f"?market={each.code}", each == market) for each in every],
        "numbers": view.numbers,
        "asked": [question for question, *_rest in FIRST_ASKED],
        "is_answered": view.is_answered,
        "held": [
            Held(
                each,
                plain.label(wording_of(each.programme_version).label),
                newer.get(each.id),
                _ending(each, ending),
            )
            for each in held
        ],
        "programmes": [view.open(each) for each in found if each.version.programme.code not in here],
        "may_accept": request.actor.may("enrolments.accept"),
    }
    return render(request, "programmes/index.html", context, *([ending] if ending else []))


def _page(request: ActingRequest, market_code: str, version_id: UUID, form: AcceptForm | None = None) -> HttpResponse:
    seller_id = seller_of(request)
    preview = enrolling.preview(
        actor=request.actor, seller_id=seller_id, version_id=version_id, market_code=market_code, now=clock.now()
    )
    if preview.version.status != "published":
        raise NotFound("terms.no_version", kind="programme version")
    current = _current(seller_id, market_code, version_id)
    is_held = current is not None and current.programme_version_id == version_id
    form = form or AcceptForm(name="accept", initial={"seen_hash": preview.content_hash})
    wording = wording_of(preview.version)
    view = _View.of(request, preview.market, clock.now())
    context = {
        "open": view.open(preview),
        "numbers": view.numbers,
        "is_answered": view.is_answered,
        "closed": _closed(wording),
        "version": preview.version,
        "market": preview.market,
        "chapters": preview.chapters,
        "current": current,
        "is_held": is_held,
        "told": changes.tell(wording_of(current.programme_version), wording) if current and not is_held else [],
        "form": form if request.actor.may("enrolments.accept") and not is_held else None,
        "seller": view.seller,
        "crumbs": [Link(_("Programmes"), reverse("seller:programmes")), Link(plain.label(wording.label))],
    }
    return render(request, "programmes/show.html", context, form)


def _current(seller_id: UUID, market_code: str, version_id: UUID) -> Enrolment | None:
    """The enrolment in force in the market under the same programme, whichever version."""
    code = queries.get_version(version_id).programme.code
    market = markets.get_market(market_code)
    found = sellers.list_enrolments(seller_id=seller_id, market_id=market.id, programme_code=code, at=clock.now())
    return found[0] if found else None


def _chosen(every: list[Market], code: str) -> Market | None:
    return next((each for each in every if each.code == code), every[0] if every else None)


@dataclass(frozen=True, slots=True)
class _View:
    """What every programme of a page is seen with: whose eyes, and which numbers."""

    seller: Seller
    numbers: Numbers | None
    answers: Answers
    is_answered: bool
    now: datetime

    @classmethod
    def of(cls, request: ActingRequest, market: Market | None, now: datetime) -> "_View":
        """Read once for the page."""
        seller = sellers.get_seller(seller_id=seller_of(request))
        answers = joining.get_answers(seller_id=seller.pk)
        numbers = examples.read(request.GET, seller, market, now) if market else None
        return cls(seller, numbers, answers, answers != Answers(), now)

    def open(self, preview: Preview) -> Open:
        """A programme with who does what, how ready the seller is and what it would keep."""
        wording = wording_of(preview.version)
        found = joining.assess(
            conditions=wording, answers=self.answers, seller=self.seller, market=preview.market, now=self.now
        )
        href = reverse("seller:programme", args=[preview.market.code, preview.version.id])
        return Open(
            preview,
            _label(preview),
            plain.label(wording.summary),
            [lacks(each) for each in preview.unmet],
            f"{href}?{self.numbers.query}" if self.numbers and self.numbers.query else href,
            first_asked(wording),
            readiness.told(found),
            readiness.summary(found),
            examples.show(self.numbers, preview) if self.numbers else None,
        )


def _closed(wording: Programme) -> list[tuple[str, str, Text]]:
    """What the seller does not enter under the programme: what, who decides, why."""
    return [
        (str(phrases.TASKS[task].sets), plain.decision(decider), why)
        for task, why in WHY_NOT.items()
        if (decider := terms.who_decides(wording, task)) and not terms.may_propose(wording, task, Party.SELLER)
    ]


def _label(preview: Preview) -> str:
    return plain.label(wording_of(preview.version).label)
