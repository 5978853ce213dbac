"""Sellers: who asks to join, with what papers; who trades, under which programmes, and what is owed to them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from entrepot.domain.ledger import queries as ledger
from entrepot.domain.markets import queries as markets
from entrepot.domain.sellers import queries, rules
from entrepot.domain.sellers.models import Seller, SellerDocument
from entrepot.domain.sellers.readiness import Answers
from entrepot.domain.terms import phrases
from entrepot.domain.terms import queries as terms
from entrepot.domain.terms import words as plain
from entrepot.domain.terms.clauses import Document, Tier
from entrepot.flows import enrolling, joining
from entrepot.kernel import clock
from entrepot.kernel.errors import NotFound
from entrepot.surfaces.desk import words
from entrepot.surfaces.desk.acting import ActForm, ReasonForm, attempt, render
from entrepot.surfaces.desk.paging import PAGE, read_cursor, slice_of
from entrepot.surfaces.shared import files, guards, readiness
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest

#: Where a seller may be moved: what the act is called, what it means, and how dangerous it looks.
MOVES: Mapping[str, tuple[Any, Any, str]] = {
    "active": (
        gettext_lazy("Admit"),
        gettext_lazy("The seller may accept programmes and list goods."),
        "main",
    ),
    "suspended": (
        gettext_lazy("Suspend"),
        gettext_lazy("Its offers leave the shop until it is readmitted. Orders that were placed go on."),
        "danger",
    ),
    "closed": (
        gettext_lazy("Close"),
        gettext_lazy("Its offers leave the shop for good. What is owed to it is still paid."),
        "danger",
    ),
}
ACTS = {"active": enrolling.admit, "suspended": enrolling.suspend, "closed": enrolling.close}
SAID = {
    "active": gettext_lazy("{name} is admitted."),
    "suspended": gettext_lazy("{name} is suspended."),
    "closed": gettext_lazy("{name} is closed."),
}
#: For how many programmes one sees at once how ready a seller is; the others are folded.
READY_SHOWN = 6
REFUSE = (gettext_lazy("Refuse"), gettext_lazy("The application ends. The applicant can apply anew."), "danger")


class TierForm(ReasonForm):
    """A seller's standing."""

    tier = forms.ChoiceField(
        label=gettext_lazy("Standing"), choices=[(tier.value, phrases.TIERS[tier]) for tier in Tier]
    )
    field_order = ("tier", "reason")


class DocumentForm(ReasonForm):
    """A decision on a paper."""

    decision = forms.ChoiceField(
        label=gettext_lazy("Decision"),
        choices=[("accept", gettext_lazy("Accept it")), ("refuse", gettext_lazy("Refuse it"))],
        widget=forms.RadioSelect,
    )
    field_order = ("decision", "reason")


class AskForm(ReasonForm):
    """One more paper, and why it is needed."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Paper"), choices=[(each.value, phrases.DOCUMENTS[each]) for each in Document]
    )
    field_order = ("kind", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].label = _("Why you need it")
        self.fields["reason"].help_text = _("The seller reads this.")


@guards.allow("sellers.read", kind="operator")
@require_GET
def sellers(request: ActingRequest) -> HttpResponse:
    """Sellers by their state, in the order in which they came."""
    counts = queries.count_sellers()
    status = request.GET.get("status", "")
    if status not in words.SELLERS:
        status = "applicant" if counts.get("applicant") and "status" not in request.GET else ""
    after = read_cursor(request.GET.get("cursor", ""))
    found = queries.list_sellers(status=status, after=after, limit=PAGE + 1)
    waiting = queries.count_waiting_documents([seller.pk for seller in found])
    enrolled = queries.list_enrolled_programmes([seller.pk for seller in found], at=clock.now())

    def show(rows: Any) -> list[dict[str, Any]]:
        return [
            {
                "seller": seller,
                "state": words.SELLERS[seller.status],
                "tier": tier_name(seller.tier),
                "waiting": waiting.get(seller.pk, 0),
                "enrolled": enrolled.get(seller.pk, []),
                "url": reverse("desk:seller", args=[seller.organisation.code]),
            }
            for seller in rows
        ]

    context = {
        "page": slice_of(found, lambda seller: seller.pk, show),
        "tabs": [
            Link(label, f"?status={code}", current=code == status, count=counts.get(code, 0) if code else None)
            for code, label in [("", _("All")), *((code, said.label) for code, said in words.SELLERS.items())]
        ],
        "status": status,
    }
    return render(request, "sellers/sellers.html", context)


@guards.allow("sellers.read", kind="operator")
@require_GET
def seller(request: ActingRequest, code: str) -> HttpResponse:
    """One seller with papers, enrolments and what is owed."""
    return _show(request, _found(code))


@guards.allow("sellers.admit", kind="operator")
@require_POST
def standing(request: ActingRequest, code: str, status: str) -> HttpResponse:
    """Admit, suspend, readmit or close a seller."""
    found = _found(code)
    if status not in ACTS:
        raise NotFound(kind="standing")
    form = ReasonForm(request.POST, name=status)

    def move(typed: Mapping[str, Any]) -> None:
        ACTS[status](seller_id=found.pk, actor=request.actor, now=clock.now(), **typed)

    said = str(SAID[status]).format(name=found.organisation.name)
    answer = attempt(request, form, move, said=said, to=reverse("desk:seller", args=[code]))
    return answer or _show(request, found, refused={status: form})


@guards.allow("sellers.admit", kind="operator")
@require_POST
def tier(request: ActingRequest, code: str) -> HttpResponse:
    """Raise or lower a seller's standing."""
    found = _found(code)
    form = TierForm(request.POST, name="tier")

    def change(typed: Mapping[str, Any]) -> None:
        enrolling.set_tier(seller_id=found.pk, actor=request.actor, now=clock.now(), **typed)

    answer = attempt(request, form, change, said=_("The standing is changed."), to=reverse("desk:seller", args=[code]))
    return answer or _show(request, found, refused={"tier": form})


@guards.allow("sellers.admit", kind="operator")
@require_POST
def document_decision(request: ActingRequest, code: str, document_id: UUID) -> HttpResponse:
    """Accept or refuse a paper."""
    found = _found(code)
    if document_id not in {each.id for each in queries.list_documents(seller_id=found.pk)}:
        raise NotFound(kind="document")
    form = DocumentForm(request.POST, name=f"document-{document_id}")

    def decide(typed: Mapping[str, Any]) -> None:
        enrolling.decide_document(
            document_id=document_id,
            accept=typed["decision"] == "accept",
            reason=typed["reason"],
            actor=request.actor,
            now=clock.now(),
        )

    answer = attempt(request, form, decide, said=_("The paper is decided."), to=reverse("desk:seller", args=[code]))
    return answer or _show(request, found, refused={str(document_id): form})


@guards.allow("sellers.admit", kind="operator")
@require_POST
def document_requests(request: ActingRequest, code: str) -> HttpResponse:
    """Ask the seller for one more paper."""
    found = _found(code)
    form = AskForm(request.POST, name="ask")

    def ask(typed: Mapping[str, Any]) -> None:
        joining.ask_for_document(
            seller_id=found.pk, kind=typed["kind"], note=typed["reason"], actor=request.actor, now=clock.now()
        )

    said = _("The seller is asked, and sees your words on its application.")
    answer = attempt(request, form, ask, said=said, to=reverse("desk:seller", args=[code]))
    return answer or _show(request, found, refused={"ask": form})


@guards.allow("sellers.admit", kind="operator")
@require_GET
def document_file(request: ActingRequest, code: str, document_id: UUID) -> HttpResponse:
    """A paper as it was handed in."""
    found = _found(code)
    queries.get_document(document_id=document_id, seller_id=found.pk)
    document, _content = joining.read_document(actor=request.actor, document_id=document_id)
    return files.send(document.media, f"{code}-{document.kind}")


@guards.allow("sellers.admit", kind="operator")
@require_POST
def enrolment_end(request: ActingRequest, code: str, enrolment_id: UUID) -> HttpResponse:
    """End an enrolment now."""
    found = _found(code)
    queries.get_enrolment(enrolment_id=enrolment_id, seller_id=found.pk)
    form = ReasonForm(request.POST, name=f"end-{enrolment_id}")

    def end(typed: Mapping[str, Any]) -> None:
        enrolling.end_enrolment(enrolment_id=enrolment_id, actor=request.actor, now=clock.now(), **typed)

    said = _("The enrolment has ended. Orders that were placed keep their terms.")
    answer = attempt(request, form, end, said=said, to=reverse("desk:seller", args=[code]))
    return answer or _show(request, found, refused={str(enrolment_id): form})


def tier_name(code: str) -> str:
    """A standing in words."""
    return str(phrases.TIERS.get(Tier(code), code)) if code in set(Tier) else code


def document_name(kind: str) -> str:
    """A paper in words."""
    text = str(phrases.DOCUMENTS[Document(kind)]) if kind in set(Document) else kind
    return text[:1].upper() + text[1:]


def _found(code: str) -> Seller:
    found = queries.find_seller(seller_code=code)
    if found is None:
        raise NotFound(kind="seller")
    return found


def _show(request: ActingRequest, found: Seller, refused: Mapping[str, ActForm] | None = None) -> HttpResponse:
    refused = refused or {}
    now = clock.now()
    code = found.organisation.code
    may_admit = request.actor.may("sellers.admit")
    tier_form = refused.get("tier") or TierForm(name="tier", initial={"tier": found.tier})
    answers = queries.get_answers(seller_id=found.pk)
    said = joining.get_answers(seller_id=found.pk)
    ready = _ready(found, said, now) if answers else []
    balances = ledger.balances(owner_id=found.pk) if request.actor.may("ledger.read") else []
    context = {
        "seller": found,
        "state": words.SELLERS[found.status],
        "facts": [
            (_("Code"), code),
            (_("Country"), found.organisation.country),
            (_("Settled in"), found.settlement_currency),
            (_("Standing"), tier_name(found.tier)),
        ],
        "profile": [(key.replace("_", " ").capitalize(), value) for key, value in found.profile.items() if value],
        "documents": [_document(each, code, refused) for each in queries.list_documents(seller_id=found.pk)],
        "lacking": [
            (document_name(each.kind), each.note)
            for each in joining.list_asked(seller=found, now=now)
            if each.state == "missing"
        ],
        "ask_form": refused.get("ask") or AskForm(name="ask"),
        "answers": answers,
        "answered": readiness.answered(said) if answers else [],
        "ready": ready[:READY_SHOWN],
        "ready_more": ready[READY_SHOWN:],
        "enrolments": [
            {
                "enrolment": each,
                "url": reverse("desk:programme", args=[each.programme_code])
                + f"?version={each.programme_version.version}",
                "is_live": each.valid_from <= now and (each.valid_until is None or each.valid_until > now),
                "dialog": f"end-{each.id}",
                "form": refused.get(str(each.id)) or ReasonForm(name=f"end-{each.id}"),
                "action": reverse("desk:enrolment_end", args=[code, each.id]),
            }
            for each in queries.list_enrolments(seller_id=found.pk)
        ],
        "balances": [each for each in balances if each.balance_minor],
        "moves": [_move(found, status, refused) for status in MOVES if status in rules.NEXT[found.status]],
        "tier_form": tier_form,
        "may_admit": may_admit,
        "crumbs": [Link(_("Sellers"), reverse("desk:sellers")), Link(found.organisation.name)],
    }
    return render(request, "sellers/seller.html", context, *refused.values())


def _ready(found: Seller, answers: Answers, now: datetime) -> list[dict[str, Any]]:
    """How ready the seller is for every programme that it could accept, market by market, the readiest first."""
    rows = []
    for market in markets.list_markets():
        for version in terms.find_in_force(market_code=market.code, on=now.date()):
            wording = terms.wording_of(version)
            result = joining.assess(conditions=wording, answers=answers, seller=found, market=market, now=now)
            label, tone = readiness.summary(result)
            rows.append(
                {
                    "programme": plain.label(wording.label),
                    "market": market.name,
                    "label": label,
                    "tone": tone,
                    "needs": readiness.told(result),
                    "percent": result.percent,
                }
            )
    return sorted(rows, key=lambda row: -row["percent"])


def _move(found: Seller, status: str, refused: Mapping[str, ActForm]) -> dict[str, Any]:
    verb, words_, tone = MOVES[status]
    if found.status == "applicant" and status == "closed":
        verb, words_, tone = REFUSE
    return {
        "dialog": f"move-{status}",
        "verb": verb,
        "words": words_,
        "tone": tone,
        "title": _("{verb} {name}?").format(verb=verb, name=found.organisation.name),
        "action": reverse("desk:standing", args=[found.organisation.code, status]),
        "form": refused.get(status) or ReasonForm(name=status),
    }


def _document(each: SellerDocument, code: str, refused: Mapping[str, ActForm]) -> dict[str, Any]:
    return {
        "document": each,
        "name": document_name(each.kind),
        "state": words.SELLER_DOCUMENTS[each.status],
        "is_waiting": each.status == "submitted",
        "dialog": f"document-{each.id}",
        "form": refused.get(str(each.id)) or DocumentForm(name=f"document-{each.id}"),
        "action": reverse("desk:document_decision", args=[code, each.id]),
        "file": reverse("desk:document_file", args=[code, each.id]) if each.media else "",
    }
