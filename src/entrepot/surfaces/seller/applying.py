"""How one becomes a seller: the public form, then papers, the questionnaire, and where the application stands."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth import login
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.shortcuts import render as render_template
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from entrepot.domain.accounts.models import User
from entrepot.domain.markets import queries as markets
from entrepot.domain.sellers import papers, queries
from entrepot.domain.sellers.models import Seller, SellerDocument
from entrepot.domain.sellers.readiness import LISTS, NUMBER_MAX, NUMBERS
from entrepot.domain.terms import words as plain
from entrepot.domain.terms.clauses import Document
from entrepot.flows import enrolling, joining
from entrepot.flows.joining import Asked
from entrepot.kernel import clock, media, money
from entrepot.kernel.errors import Invalid
from entrepot.surfaces.seller import words
from entrepot.surfaces.seller.frame import render, seller_of
from entrepot.surfaces.shared import files, places, readiness
from entrepot.surfaces.shared.acting import ActForm, Done, attempt
from entrepot.surfaces.shared.components import Link, Step, Text
from entrepot.surfaces.shared.guards import ActingRequest, allow, public


class FirmForm(ActForm):
    """Who asks to sell."""

    name = forms.CharField(
        label=gettext_lazy("Name of your firm"),
        max_length=200,
        help_text=gettext_lazy("As it stands on your business licence; we compare the two."),
    )
    country = forms.ChoiceField(
        label=gettext_lazy("Country of the firm"),
        help_text=gettext_lazy("It decides which papers you are asked for."),
    )
    settlement_currency = forms.ChoiceField(
        label=gettext_lazy("Currency in which you are paid"),
        choices=[(code, code) for code in sorted(money.EXPONENTS)],
        initial="EUR",
        help_text=gettext_lazy("That of your bank account. It stays as it is once you sell."),
    )
    about = forms.CharField(
        label=gettext_lazy("What do you make or sell?"),
        required=False,
        max_length=1000,
        help_text=gettext_lazy("A sentence or two help the person who looks at your application."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    website = forms.URLField(label=gettext_lazy("Website"), required=False, max_length=200, assume_scheme="https")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["country"].choices = [("", _("Choose")), *places.choices()]  # type: ignore[attr-defined]


class ApplicationForm(FirmForm):
    """Who asks to sell, and the person who signs in for it."""

    person = forms.CharField(label=gettext_lazy("Your name"), max_length=150)
    email = forms.EmailField(
        label=gettext_lazy("Your e-mail address"),
        max_length=254,
        help_text=gettext_lazy("You sign in with it, and we write to it."),
    )
    password = forms.CharField(
        label=gettext_lazy("A password"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(render_value=False),
        help_text=gettext_lazy("At least twelve characters."),
    )

    def clean_password(self) -> str:
        """As strong as everywhere else."""
        password = str(self.cleaned_data["password"])
        validate_password(password, User(email=self.data.get("email", ""), name=self.data.get("person", "")))
        return password


class DocumentForm(ActForm):
    """A paper, as a file, a reference or both."""

    kind = forms.ChoiceField(label=gettext_lazy("Which document"))
    file = forms.FileField(
        label=gettext_lazy("File"),
        required=False,
        help_text=gettext_lazy("PDF, PNG or JPEG, 10 MB at most. Only you and the operator can open it."),
    )
    reference = forms.CharField(
        label=gettext_lazy("Number or reference"),
        required=False,
        max_length=120,
        help_text=gettext_lazy("Such as a VAT number."),
    )
    valid_until = forms.DateField(
        label=gettext_lazy("Valid until"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )

    def __init__(self, *args: Any, first: Sequence[Document] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rest = [each for each in Document if each not in first]
        named = [[(each.value, words.document(each)) for each in group] for group in (first, rest)]
        groups = [(_("Asked for now"), named[0]), (_("Asked for by some programmes"), named[1])]
        self.fields["kind"].choices = [group for group in groups if group[1]]  # type: ignore[attr-defined]

    def clean_file(self) -> Any:
        """Of a size that is taken in; what it is, is seen from its first bytes."""
        upload = self.cleaned_data["file"]
        if upload and upload.size > media.PAPER_BYTES_MAX:
            raise ValidationError(_("The file is larger than ten megabytes."))
        return upload


class QuestionsForm(ActForm):
    """The questionnaire; what is not known may stay empty."""

    def __init__(self, *args: Any, countries: Sequence[str], languages: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in NUMBERS:
            asked = readiness.QUESTIONS[name]
            self.fields[name] = forms.IntegerField(
                label=str(asked.label), help_text=str(asked.why), required=False, min_value=0, max_value=NUMBER_MAX
            )
        for name in LISTS:
            asked = readiness.QUESTIONS[name]
            found = (
                [(code, places.language(code)) for code in languages]
                if name == "languages"
                else (places.choices(countries))
            )
            self.fields[name] = forms.MultipleChoiceField(
                label=str(asked.label), help_text=str(asked.why), required=False, choices=found,
                widget=forms.CheckboxSelectMultiple,
            )  # fmt: skip

    def groups(self) -> list[tuple[Text, Text, list[tuple[forms.BoundField, Text]]]]:
        """The questions part by part, with the unit of each."""
        every = dict(NUMBERS) | dict(LISTS)
        return [
            (*told, [(self[name], readiness.QUESTIONS[name].unit) for name, its in every.items() if its is group])
            for group, told in readiness.GROUPS.items()
        ]


@dataclass(frozen=True, slots=True)
class PaperShown:
    """A paper that is asked for, why, and what became of it."""

    asked: Asked
    name: str
    why: str
    said: words.Said
    file: str


@public
@require_http_methods(["GET", "HEAD", "POST"])
def apply(request: ActingRequest) -> HttpResponse:
    """Ask to sell; whoever asks is signed in and goes on with the papers."""
    known = request.user if request.user.is_authenticated else None
    if known and request.POST.get("email", "").casefold() == known.email.casefold():
        # What somebody wrote before they were known, sent again: it has arrived.
        return redirect("seller:application")
    kind = FirmForm if known else ApplicationForm
    if request.method != "POST":
        return _apply_page(request, kind(name="apply"))
    form = kind(request.POST, name="apply")

    def ask(typed: Mapping[str, Any]) -> Done:
        made = enrolling.apply_seller(
            seller_code=_code(typed["name"]),
            name=typed["name"],
            country=typed["country"],
            settlement_currency=typed["settlement_currency"],
            email=typed.get("email", ""),
            password=typed.get("password"),
            person=typed.get("person", ""),
            language=get_language() or "",
            profile={key: typed[key] for key in ("website", "about") if typed[key]},
            owner=known,
            now=clock.now(),
        )
        if known is None:
            login(request, made.owner, backend="allauth.account.auth_backends.AuthenticationBackend")
        said = _("Your application has arrived. Next: hand in your papers and answer a few questions.")
        return Done(said, reverse("seller:application"))

    if known is None:
        # Nothing is remembered of a request that holds a password, not even its hash.
        del form.fields["idempotency_key"]
    return attempt(request, form, ask) or _apply_page(request, form)


@allow("sellers.read", kind="seller")
@require_safe
def application(request: ActingRequest) -> HttpResponse:
    """Where the application stands, and the papers."""
    return _page(request)


@allow("sellers.apply", kind="seller")
@require_POST
def documents(request: ActingRequest) -> HttpResponse:
    """Hand in a document."""
    asked = joining.list_asked(seller=queries.get_seller(seller_id=seller_of(request)), now=clock.now())
    form = DocumentForm(request.POST, request.FILES, name="document", first=[each.kind for each in asked])
    takes = {each.kind.value: each.takes for each in asked}

    def hand_in(typed: Mapping[str, Any]) -> Done:
        upload = typed["file"]
        if not upload and takes.get(typed["kind"]) == "file":
            raise Invalid("sellers.file_needed", "Send the paper itself: a scan or a photograph.", field="file")
        if not upload and not typed["reference"]:
            raise Invalid("sellers.empty_document", "Send a file or a reference.", field="file")
        document = enrolling.submit_document(
            actor=request.actor,
            seller_id=seller_of(request),
            kind=typed["kind"],
            reference=typed["reference"],
            content=upload.read() if upload else b"",
            valid_until=typed["valid_until"],
            now=clock.now(),
        )
        name = words.document(Document(document.kind))
        return Done(_("“{document}” has arrived; the operator looks at it.").format(document=name))

    return attempt(request, form, hand_in, to=reverse("seller:application")) or _page(request, form)


@allow("sellers.apply", kind="seller")
@require_safe
def document_file(request: ActingRequest, document_id: UUID) -> HttpResponse:
    """A paper as it was handed in."""
    queries.get_document(document_id=document_id, seller_id=seller_of(request))
    document, _content = joining.read_document(actor=request.actor, document_id=document_id)
    return files.send(document.media, document.kind.replace("_", "-"))


@allow("sellers.apply", kind="seller")
@require_http_methods(["GET", "HEAD", "POST"])
def questions(request: ActingRequest) -> HttpResponse:
    """The questionnaire: what the seller can do, in numbers and places."""
    seller = queries.get_seller(seller_id=seller_of(request))
    every = markets.list_markets()
    answers = joining.get_answers(seller_id=seller.pk)
    kept = {code for name in LISTS if name != "languages" for code in getattr(answers, name) or ()}
    spoken = {each.partition("-")[0] for market in every for each in market.languages} | set(answers.languages or ())
    extra: dict[str, Any] = {
        "countries": sorted({market.country for market in every} | {seller.organisation.country} | kept),
        "languages": sorted(spoken),
        "name": "questions",
    }
    if request.method != "POST":
        return _questions_page(request, QuestionsForm(**extra, initial=answers.body()))
    form = QuestionsForm(request.POST, **extra)

    def answer(typed: Mapping[str, Any]) -> None:
        joining.answer_questions(actor=request.actor, seller_id=seller.pk, answers=typed, now=clock.now())

    said = _("Your answers are kept. See below how ready you are for each programme.")
    to = reverse("seller:programmes")
    return attempt(request, form, answer, said=said, to=to) or _questions_page(request, form)


def _page(request: ActingRequest, form: DocumentForm | None = None) -> HttpResponse:
    seller = queries.get_seller(seller_id=seller_of(request))
    asked = joining.list_asked(seller=seller, now=clock.now())
    kept = queries.get_answers(seller_id=seller.pk)
    missing = [each for each in asked if each.is_open]
    if form is None:
        wanted = request.GET.get("kind", "")
        first = missing[0].kind.value if missing else ""
        initial = {"kind": wanted if wanted in set(Document) else first}
        form = DocumentForm(name="document", initial=initial, first=[each.kind for each in asked])
    shown = {each.document.id for each in asked if each.document}
    others = [each for each in queries.list_documents(seller_id=seller.pk) if each.id not in shown]
    context = {
        "seller": seller,
        "country": places.country(seller.organisation.country),
        "said": words.SELLERS[seller.status],
        "papers": [_paper(each) for each in asked],
        "others": [(each, words.document(each.kind), words.DOCUMENTS[each.status], _file(each)) for each in others],
        "form": form,
        "may_hand_in": request.actor.may("sellers.apply"),
        "answered": readiness.answered(joining.get_answers(seller_id=seller.pk)) if kept else [],
        "answers": kept,
        "steps": _steps(seller, missing, kept is not None),
        "missing": missing,
    }
    return render(request, "applying/application.html", context, form)


def _steps(seller: Seller, missing: Sequence[Asked], is_answered: bool) -> list[Step]:
    """Applied, papers, questions, admitted, a programme: the first that is open is the current one."""
    is_in = seller.admitted_at is not None
    done = [True, is_in or not missing, is_in or is_answered, is_in]
    names = [_("Applied"), _("Papers"), _("Questionnaire"), _("Admitted"), _("Choose a programme")]
    current = next((place for place, each in enumerate(done) if not each), len(done))
    steps = [
        Step(name, "done" if place < len(done) and done[place] else "current" if place == current else "todo")
        for place, name in enumerate(names)
    ]
    if seller.status in ("suspended", "closed"):
        steps[3] = Step(words.SELLERS[seller.status].label, "failed")
    return steps


def _paper(each: Asked) -> PaperShown:
    return PaperShown(
        each, words.document(each.kind), plain.label(each.why) if each.why else "", words.PAPERS[each.state],
        _file(each.document) if each.document else "",
    )  # fmt: skip


def _file(document: SellerDocument) -> str:
    return reverse("seller:document_file", args=[document.id]) if document.media else ""


def _questions_page(request: ActingRequest, form: QuestionsForm) -> HttpResponse:
    crumbs = [Link(_("Your application"), reverse("seller:application")), Link(_("Questionnaire"))]
    return render(request, "applying/questions.html", {"form": form, "crumbs": crumbs}, form)


def _apply_page(request: ActingRequest, form: FirmForm) -> HttpResponse:
    today = clock.now().date()
    country = str(form["country"].value() or "")
    every = papers.load()
    context = {
        "form": form,
        "is_new": isinstance(form, ApplicationForm),
        "papers": [
            (words.document(each.kind), plain.label(each.why), bool(each.countries) and country not in each.countries)
            for each in every
            if each.counts(country, today) or (not country and each.valid_from <= today)
        ],
    }
    return render_template(request, "seller/applying/apply.html", context, status=form.status)


def _code(name: str) -> str:
    """A code from the name, made unique by what the clock says."""
    stem = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "seller"
    return f"{stem}-{int(clock.now().timestamp()) % 1_000_000:06d}"
