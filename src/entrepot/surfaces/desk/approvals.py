"""What waits for a second person: seen with what it would do, decided with a note; and corrections asked for."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from entrepot.domain.accounts import queries as accounts
from entrepot.domain.ledger import queries as ledger
from entrepot.domain.ledger import words as ledger_words
from entrepot.domain.ledger.models import Journal
from entrepot.domain.ledger.rules import CHART, AccountKey, NewPosting
from entrepot.domain.sellers import queries as sellers
from entrepot.domain.settlement.corrections import KIND, LABEL_MAX, STATED, is_reversible
from entrepot.domain.settlement.rules import SELLER_OWNED
from entrepot.flows import approving, correcting
from entrepot.kernel import approvals as requests
from entrepot.kernel import clock, money
from entrepot.kernel.errors import Invalid, NotFound, Refused
from entrepot.kernel.models import Approval
from entrepot.surfaces.desk.acting import ActForm, Done, ReasonForm, attempt, render
from entrepot.surfaces.desk.paging import PAGE, read_cursor, slice_of
from entrepot.surfaces.desk.words import APPROVAL_KINDS, APPROVALS
from entrepot.surfaces.shared import errors, guards
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest

#: Postings of one form; a correction that needs more is made of several.
ROWS = 3

#: Accounts that are moved on a page. Shoppers' money belongs to order lines, and is divided anew through the API.
KINDS = [kind for kind in CHART if kind not in STATED and kind != "shopper_funds"]
CHOICES = [("", "–"), *((kind, ledger_words.ACCOUNTS[kind]) for kind in KINDS)]


class DecisionForm(ActForm):
    """Yes or no, with a note to who asked."""

    note = forms.CharField(
        label=gettext_lazy("Note"),
        help_text=gettext_lazy("Kept in the audit trail with your name. A refusal needs one."),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class CorrectionForm(ReasonForm):
    """Postings in one currency; what touches a seller touches the one that is named."""

    currency = forms.ChoiceField(
        label=gettext_lazy("Currency"), choices=[(code, code) for code in sorted(money.EXPONENTS)], initial="EUR"
    )
    seller = forms.CharField(
        label=gettext_lazy("Seller"),
        help_text=gettext_lazy("The seller's code, where its balance is moved."),
        max_length=60,
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for row in range(ROWS):
            self.fields |= {
                f"source_{row}": forms.ChoiceField(label=_("From"), choices=CHOICES, required=row == 0),
                f"source_label_{row}": forms.CharField(label=_("Its label"), required=False, max_length=LABEL_MAX),
                f"destination_{row}": forms.ChoiceField(label=_("To"), choices=CHOICES, required=row == 0),
                f"destination_label_{row}": forms.CharField(label=_("Its label"), required=False, max_length=LABEL_MAX),
                f"amount_{row}": forms.CharField(label=_("Amount"), required=row == 0, max_length=20),
            }

    def rows(self) -> list[list[Any]]:
        """The fields of each posting, for the template."""
        names = ("source", "source_label", "destination", "destination_label", "amount")
        return [[self[f"{name}_{row}"] for name in names] for row in range(ROWS)]


@guards.allow("approvals.decide", kind="operator")
@require_GET
def approvals(request: ActingRequest) -> HttpResponse:
    """What waits, or what was decided, the newest first."""
    is_decided = request.GET.get("state") == "decided"
    found = requests.list_approvals(
        is_pending=not is_decided, before=read_cursor(request.GET.get("cursor", "")), limit=PAGE + 1
    )
    names = accounts.list_user_names({each.requested_by for each in found})

    def show(rows: Sequence[Approval]) -> list[dict[str, Any]]:
        return [
            {
                "approval": each,
                "kind": APPROVAL_KINDS.get(each.kind, each.kind),
                "state": APPROVALS[each.status],
                "by": names.get(each.requested_by, ""),
                "is_mine": each.requested_by == request.actor.user_id,
            }
            for each in rows
        ]

    address = reverse("desk:approvals")
    context = {
        "page": slice_of(found, lambda each: each.id, show),
        "is_decided": is_decided,
        "tabs": [
            Link(_("Waiting"), address, current=not is_decided),
            Link(_("Decided"), f"{address}?state=decided", current=is_decided),
        ],
        "may_correct": request.actor.may(correcting.KIND),
    }
    return render(request, "approvals/approvals.html", context)


@guards.allow("approvals.decide", kind="operator")
@require_GET
def approval(request: ActingRequest, approval_id: UUID) -> HttpResponse:
    """Who asks for what and why, and what it would do."""
    return _approval(request, requests.get(approval_id), DecisionForm(name="decision"))


@guards.allow("approvals.decide", kind="operator")
@require_POST
def decision(request: ActingRequest, approval_id: UUID) -> HttpResponse:
    """Approve and carry out, or refuse."""
    asked = requests.get(approval_id)
    form = DecisionForm(request.POST, name="decision")
    approve = request.POST.get("decision") == "approve"

    def decide(typed: Mapping[str, Any]) -> None:
        approving.decide(
            approval_id=approval_id, approve=approve, actor=request.actor, note=typed["note"], now=clock.now()
        )

    said = _("It is done.") if approve else _("It is refused.")
    answer = attempt(request, form, decide, said=said, to=reverse("desk:approval", args=[approval_id]))
    return answer or _approval(request, asked, form)


@guards.allow("ledger.correct", kind="operator")
@require_http_methods(["GET", "POST"])
def corrections(request: ActingRequest) -> HttpResponse:
    """Ask for postings of one's own."""
    form = CorrectionForm(request.POST if request.method == "POST" else None, name="correction")
    if request.method == "POST":

        def ask(typed: Mapping[str, Any]) -> Done:
            asked = correcting.propose(
                actor=request.actor, postings=_typed(typed), reason=typed["reason"], now=clock.now()
            )
            return _asked(asked)

        if answer := attempt(request, form, ask):
            return answer
    crumbs = [Link(_("Approvals"), reverse("desk:approvals")), Link(_("Correct the books"))]
    return render(request, "approvals/correction.html", {"form": form, "crumbs": crumbs}, form)


@guards.allow("ledger.correct", kind="operator")
@require_http_methods(["GET", "POST"])
def reversal(request: ActingRequest, journal_id: UUID) -> HttpResponse:
    """Ask for a journal to be undone whole."""
    rows = ledger.postings_of([journal_id])
    if not rows:
        raise NotFound(kind="journal")
    form = ReasonForm(request.POST if request.method == "POST" else None, name="reversal")
    if request.method == "POST":

        def ask(typed: Mapping[str, Any]) -> Done:
            asked = correcting.propose(
                actor=request.actor, reverses=journal_id, reason=typed["reason"], now=clock.now()
            )
            return _asked(asked)

        if answer := attempt(request, form, ask):
            return answer
    here = reverse("desk:journal", args=[journal_id])
    undone = [NewPosting(each.destination, each.source, each.amount_minor, each.part, each.subject_id) for each in rows]
    context = {
        "form": form,
        "is_reversible": is_reversible(journal_id, rows[0].journal_kind),
        "says": ledger_words.JOURNALS.get(rows[0].journal_kind, rows[0].journal_kind),
        "postings": _postings(undone),
        "back": here,
        "crumbs": [Link(_("Books"), reverse("desk:books")), Link(_("Journal"), here), Link(_("Undo"))],
    }
    return render(request, "approvals/reversal.html", context, form)


def _approval(request: ActingRequest, asked: Approval, form: DecisionForm) -> HttpResponse:
    """The page of an approval, with its postings as they would be now, or as they were."""
    journal = Journal.objects.filter(source_id=asked.id, kind=KIND).first()
    postings: Collection[NewPosting] = ()
    obstacle = ""
    if journal is not None:
        postings = [
            NewPosting(each.source, each.destination, each.amount_minor, each.part, each.subject_id)
            for each in ledger.postings_of([journal.id])
        ]
    elif asked.kind == correcting.KIND:
        postings = correcting.read(asked).postings
        if asked.status == Approval.Status.PENDING:
            try:
                postings = correcting.preview(asked, now=clock.now())
            except (Invalid, Refused) as refusal:
                obstacle = errors.sentence(refusal)
    names = accounts.list_user_names({each for each in (asked.requested_by, asked.decided_by) if each})
    context = {
        "approval": asked,
        "kind": APPROVAL_KINDS.get(asked.kind, asked.kind),
        "state": APPROVALS[asked.status],
        "asked_by": names.get(asked.requested_by, ""),
        "decided_by": names.get(asked.decided_by, "") if asked.decided_by else "",
        "postings": _postings(postings),
        "obstacle": obstacle,
        "journal": journal,
        "reverses": asked.payload.get("reverses"),
        "is_pending": asked.status == Approval.Status.PENDING,
        "is_mine": asked.requested_by == request.actor.user_id,
        "form": form,
        "crumbs": [Link(_("Approvals"), reverse("desk:approvals")), Link(APPROVAL_KINDS.get(asked.kind, asked.kind))],
    }
    return render(request, "approvals/approval.html", context, form)


def _postings(postings: Iterable[NewPosting]) -> list[dict[str, Any]]:
    """Postings in plain words, with the owners of their accounts."""
    found = list(postings)
    names = accounts.list_organisation_names(
        {key.owner_id for each in found for key in (each.source, each.destination)}
    )

    def says(key: AccountKey) -> dict[str, Any]:
        return {"account": ledger_words.account(key.kind, key.label), "owner": names.get(key.owner_id, "")}

    return [
        {
            "source": says(each.source),
            "destination": says(each.destination),
            "amount_minor": each.amount_minor,
            "currency": each.source.currency,
        }
        for each in found
    ]


def _typed(typed: Mapping[str, Any]) -> list[NewPosting]:
    """The postings of a form. Raises: Invalid naming the field."""
    operator, seller = accounts.get_operator().id, None
    if typed["seller"]:
        seller = sellers.find_seller(seller_code=typed["seller"].strip().lower())
        if seller is None:
            raise Invalid("goods.unknown_seller", "No seller has this code.", field="seller")

    def key(side: str, row: int) -> AccountKey:
        kind = typed[f"{side}_{row}"]
        if not kind:
            raise Invalid("correcting.half", "Say both accounts and the amount.", field=f"{side}_{row}")
        if kind in SELLER_OWNED and seller is None:
            raise Invalid("correcting.seller_missing", "Say whose balance it is.", field="seller")
        owner = seller.pk if kind in SELLER_OWNED and seller is not None else operator
        return AccountKey(kind, owner, typed["currency"], typed[f"{side}_label_{row}"].strip())

    postings = []
    for row in range(ROWS):
        if any(typed[f"{name}_{row}"] for name in ("source", "destination", "amount")):
            amount = money.parse_minor(typed[f"amount_{row}"], typed["currency"], field=f"amount_{row}")
            postings.append(NewPosting(key("source", row), key("destination", row), amount, KIND))
    return postings


def _asked(asked: Approval) -> Done:
    return Done(_("It waits for a second person."), reverse("desk:approval", args=[asked.id]))
