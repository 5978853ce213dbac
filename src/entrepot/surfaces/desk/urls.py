"""The addresses of the desk."""

from django.urls import URLPattern, path

from entrepot.surfaces.desk import books, drafts, programmes, sellers
from entrepot.surfaces.shared import gallery

app_name = "desk"

PROGRAMMES = [
    path("programmes", programmes.programmes, name="programmes"),
    path("programmes/comparison", programmes.comparison, name="comparison"),
    path("programmes/<slug:code>", programmes.programme, name="programme"),
    path("programmes/<slug:code>/file", programmes.file, name="programme_file"),
    path("programmes/<slug:code>/copies", programmes.copies, name="copies"),
    path("programmes/<slug:code>/archival", programmes.archival, name="archival"),
    path("programmes/<slug:code>/versions/<int:number>/archival", programmes.version_archival, name="version_archival"),
    path("programmes/<slug:code>/drafts", drafts.drafts, name="drafts"),
    path("programmes/<slug:code>/draft", drafts.draft, name="draft"),
    path("programmes/<slug:code>/draft/duties", drafts.draft_duties, name="draft_duties"),
    path("programmes/<slug:code>/draft/publication", drafts.publication, name="publication"),
    path("programmes/<slug:code>/draft/disposal", drafts.disposal, name="disposal"),
    path("programmes/<slug:code>/<slug:view>", programmes.programme, name="programme"),
]
SELLERS = [
    path("sellers", sellers.sellers, name="sellers"),
    path("sellers/<slug:code>", sellers.seller, name="seller"),
    path("sellers/<slug:code>/tier", sellers.tier, name="tier"),
    path("sellers/<slug:code>/standing/<slug:status>", sellers.standing, name="standing"),
    path("sellers/<slug:code>/documents/<uuid:document_id>", sellers.document_file, name="document_file"),
    path(
        "sellers/<slug:code>/documents/<uuid:document_id>/decision",
        sellers.document_decision,
        name="document_decision",
    ),
    path("sellers/<slug:code>/enrolments/<uuid:enrolment_id>/end", sellers.enrolment_end, name="enrolment_end"),
]
BOOKS = [
    path("books", books.books, name="books"),
    path("books/<slug:kind>/<slug:currency>", books.accounts_of, name="accounts"),
    path("accounts/<uuid:account_id>", books.account, name="account"),
    path("journals/<uuid:journal_id>", books.journal, name="journal"),
    path("verify", books.verify, name="verify"),
    path("verify/proofs", books.proof, name="proof"),
    path("verify/<slug:code>", books.invariant, name="invariant"),
]

urlpatterns: list[URLPattern] = [
    path("components", gallery.components, name="components"),
    *PROGRAMMES,
    *SELLERS,
    *BOOKS,
]
