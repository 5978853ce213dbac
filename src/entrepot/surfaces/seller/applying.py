"""How one becomes a seller: the public form, then the documents and where the application stands."""

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib.auth import login
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import render as render_template
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from entrepot.domain.accounts.models import User
from entrepot.domain.sellers import queries
from entrepot.domain.terms import phrases
from entrepot.domain.terms.clauses import Document
from entrepot.flows import enrolling
from entrepot.kernel import clock, money
from entrepot.kernel.errors import Invalid
from entrepot.surfaces.seller import words
from entrepot.surfaces.seller.frame import render, seller_of
from entrepot.surfaces.shared.acting import ActForm, Done, attempt
from entrepot.surfaces.shared.components import Step
from entrepot.surfaces.shared.guards import ActingRequest, allow, public

#: What a document may weigh.
BYTES_MAX = 2_000_000
SUFFIXES = ("pdf", "png", "jpg", "jpeg")


class ApplicationForm(ActForm):
    """Who asks to sell."""

    name = forms.CharField(label=gettext_lazy("Name of your shop or firm"), max_length=200)
    country = forms.CharField(
        label=gettext_lazy("Country of the firm"), max_length=2, help_text=gettext_lazy("Two letters, such as CN.")
    )
    settlement_currency = forms.ChoiceField(
        label=gettext_lazy("Currency in which you are paid"),
        choices=[(code, code) for code in sorted(money.EXPONENTS)],
        initial="EUR",
    )
    person = forms.CharField(label=gettext_lazy("Your name"), max_length=150)
    email = forms.EmailField(label=gettext_lazy("Your e-mail address"), max_length=254)
    password = forms.CharField(
        label=gettext_lazy("A password"),
        strip=False,
        widget=forms.PasswordInput(render_value=False),
        help_text=gettext_lazy("At least twelve characters."),
    )
    website = forms.URLField(label=gettext_lazy("Website"), required=False, max_length=200, assume_scheme="https")
    about = forms.CharField(
        label=gettext_lazy("What do you sell?"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def clean_country(self) -> str:
        """Country codes are two capital letters."""
        code = str(self.cleaned_data["country"]).upper()
        if not re.fullmatch(r"[A-Z]{2}", code):
            raise ValidationError(_("Write the country as two letters, such as CN."))
        return code

    def clean_password(self) -> str:
        """As strong as everywhere else."""
        password = str(self.cleaned_data["password"])
        validate_password(password, User(email=self.data.get("email", ""), name=self.data.get("person", "")))
        return password


class DocumentForm(ActForm):
    """A paper, as a file, a reference or both."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Which document"), choices=[(each.value, phrases.DOCUMENTS[each]) for each in Document]
    )
    file = forms.FileField(label=gettext_lazy("File"), required=False, help_text=gettext_lazy("PDF, PNG or JPEG."))
    reference = forms.CharField(
        label=gettext_lazy("Number or reference"),
        required=False,
        max_length=120,
        help_text=gettext_lazy("Such as a VAT number."),
    )
    valid_until = forms.DateField(
        label=gettext_lazy("Valid until"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def clean_file(self) -> Any:
        """Of a kind and size that can be looked at."""
        upload = self.cleaned_data["file"]
        if upload and upload.name.rpartition(".")[2].lower() not in SUFFIXES:
            raise ValidationError(_("Send a PDF, PNG or JPEG file."))
        if upload and upload.size > BYTES_MAX:
            raise ValidationError(_("The file is larger than two megabytes."))
        return upload


@public
@require_http_methods(["GET", "HEAD", "POST"])
def apply(request: ActingRequest) -> HttpResponse:
    """Ask to sell; whoever asks is signed in and goes on with the documents."""
    if request.method != "POST":
        return _apply_page(request, ApplicationForm(name="apply"))
    form = ApplicationForm(request.POST, name="apply")

    def ask(typed: Mapping[str, Any]) -> Done:
        made = enrolling.apply_seller(
            seller_code=_code(typed["name"]),
            name=typed["name"],
            country=typed["country"],
            settlement_currency=typed["settlement_currency"],
            email=typed["email"],
            password=typed["password"],
            person=typed["person"],
            language=get_language() or "",
            profile={key: typed[key] for key in ("website", "about") if typed[key]},
            now=clock.now(),
        )
        if not request.user.is_authenticated:
            login(request, made.owner, backend="allauth.account.auth_backends.AuthenticationBackend")
        return Done(_("Your application has arrived."), reverse("seller:application"))

    # Nothing is remembered of a request that holds a password, not even its hash.
    del form.fields["idempotency_key"]
    return attempt(request, form, ask) or _apply_page(request, form)


@allow("sellers.read", kind="seller")
@require_safe
def application(request: ActingRequest) -> HttpResponse:
    """Where the application stands, and the documents."""
    return _page(request)


@allow("sellers.apply", kind="seller")
@require_POST
def documents(request: ActingRequest) -> HttpResponse:
    """Hand in a document."""
    form = DocumentForm(request.POST, request.FILES, name="document")

    def hand_in(typed: Mapping[str, Any]) -> None:
        upload = typed["file"]
        if not upload and not typed["reference"]:
            raise Invalid("sellers.empty_document", "Send a file or a reference.", field="file")
        enrolling.submit_document(
            actor=request.actor,
            seller_id=seller_of(request),
            kind=typed["kind"],
            reference=typed["reference"],
            content=upload.read() if upload else b"",
            suffix=upload.name.rpartition(".")[2].lower() if upload else "pdf",
            valid_until=typed["valid_until"],
            now=clock.now(),
        )

    said = _("The document has arrived; the operator looks at it.")
    return attempt(request, form, hand_in, said=said, to=reverse("seller:application")) or _page(request, form)


def _page(request: ActingRequest, form: DocumentForm | None = None) -> HttpResponse:
    seller_id = seller_of(request)
    seller = queries.get_seller(seller_id=seller_id)
    found = queries.list_documents(seller_id=seller_id)
    form = form or DocumentForm(name="document")
    is_in = seller.status == "active"
    context = {
        "seller": seller,
        "said": words.SELLERS[seller.status],
        "documents": [
            (each, phrases.DOCUMENTS.get(Document(each.kind), each.kind), words.DOCUMENTS[each.status])
            for each in found
            if each.kind in set(Document)
        ],
        "form": form,
        "may_hand_in": request.actor.may("sellers.apply"),
        "steps": [
            Step(_("Applied"), "done"),
            Step(_("Documents"), "done" if found or is_in else "current"),
            Step(_("Admitted"), "done" if is_in else "failed" if seller.status in ("suspended", "closed") else
                 "current" if found else "todo"),
            Step(_("Choose a programme"), "current" if is_in else "todo"),
        ],
    }  # fmt: skip
    return render(request, "applying/application.html", context, form)


def _apply_page(request: ActingRequest, form: ApplicationForm) -> HttpResponse:
    return render_template(request, "seller/applying/apply.html", {"form": form}, status=form.status)


def _code(name: str) -> str:
    """A code from the name, made unique by what the clock says."""
    stem = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "seller"
    return f"{stem}-{int(clock.now().timestamp()) % 1_000_000:06d}"
