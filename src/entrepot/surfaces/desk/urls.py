"""The addresses of the desk."""

from django.conf import settings
from django.urls import URLPattern, path

from entrepot.surfaces.desk import (
    approvals,
    books,
    catalogue,
    clock,
    contribution,
    conversations,
    drafts,
    goods,
    letters,
    notices,
    order_lines,
    orders,
    overview,
    pricing,
    programmes,
    returns,
    sellers,
    settlement,
    shipping,
    team,
    warehouse,
)
from entrepot.surfaces.desk.setup import urls as setup
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
    path("sellers/<slug:code>/documents/requests", sellers.document_requests, name="document_requests"),
    path("sellers/<slug:code>/documents/<uuid:document_id>", sellers.document_file, name="document_file"),
    path(
        "sellers/<slug:code>/documents/<uuid:document_id>/decision",
        sellers.document_decision,
        name="document_decision",
    ),
    path("sellers/<slug:code>/enrolments/<uuid:enrolment_id>/end", sellers.enrolment_end, name="enrolment_end"),
]
CATALOGUE = [
    path("catalogue", catalogue.drafts, name="catalogue"),
    path("catalogue/publications", catalogue.publications, name="publications"),
    path("catalogue/products", catalogue.products, name="products"),
    path("catalogue/products/<uuid:product_id>", catalogue.product, name="product"),
    path("catalogue/products/<uuid:product_id>/publication", catalogue.publication, name="product_publication"),
    path("catalogue/products/<uuid:product_id>/archival", catalogue.archival, name="product_archival"),
    path("catalogue/offers", catalogue.offers, name="offers"),
    path("catalogue/offers/acts", catalogue.offer_acts, name="offer_acts"),
    path("catalogue/offers/<uuid:offer_id>", catalogue.offer, name="offer"),
    path("catalogue/offers/<uuid:offer_id>/price", catalogue.price, name="offer_price"),
    path("catalogue/quotes", pricing.quotes, name="quotes"),
    path("catalogue/quotes/answers", pricing.quote_answers, name="quote_answers"),
    path("catalogue/proposals", pricing.proposals, name="proposals"),
    path("catalogue/proposals/decisions", pricing.proposal_decisions, name="proposal_decisions"),
    path("catalogue/prices", pricing.price_rules, name="price_rules"),
    path("catalogue/prices/<slug:code>/rule", pricing.price_rule, name="price_rule"),
    path("catalogue/prices/<slug:code>/repricing", pricing.repricing, name="repricing"),
]
ORDERS = [
    path("orders", orders.orders, name="orders"),
    path("orders/<slug:number>", orders.order, name="order"),
    path("orders/<slug:number>/cancellation", orders.cancellation, name="cancellation"),
    path("orders/<slug:number>/payment/<slug:decision>", orders.payment_decision, name="payment_decision"),
    path("orders/<slug:number>/lines/<int:position>", order_lines.order_line, name="order_line"),
]
WAREHOUSE = [
    path("warehouse", warehouse.warehouse, name="warehouse"),
    path("warehouse/chosen", shipping.works, name="works"),
    path("warehouse/picks", shipping.picks, name="picks"),
    path("warehouse/departures", shipping.departures, name="departures"),
    path("warehouse/departures/list", shipping.manifest, name="manifest"),
    path("warehouse/scan", shipping.scan, name="scan"),
    path("warehouse/acceptances", warehouse.acceptances, name="acceptances"),
    path("warehouse/receipts", goods.receipts, name="receipts"),
    path("warehouse/stock", goods.stock, name="stock"),
    path("work/<slug:number>", warehouse.work, name="work"),
    path("work/<slug:number>/acceptance", warehouse.acceptance, name="acceptance"),
    path("work/<slug:number>/parcels", warehouse.parcels, name="parcels"),
    path("work/<slug:number>/parcels/<slug:parcel_number>/label", warehouse.label, name="label"),
    path("work/<slug:number>/parcels/<slug:parcel_number>/handover", warehouse.handover, name="handover"),
    path("work/<slug:number>/parcels/<slug:parcel_number>/unpacking", warehouse.unpacking, name="unpacking"),
    path("work/<slug:number>/parcels/<slug:parcel_number>/scans", warehouse.scans, name="scans"),
    path("returns", returns.returns, name="returns"),
    path("returns/<slug:number>", returns.case, name="return"),
    path("returns/<slug:number>/label", returns.label, name="return_label"),
    path("returns/<slug:number>/reception", returns.reception, name="reception"),
    path("returns/<slug:number>/refund", returns.refund, name="refund"),
]
CONVERSATIONS = [
    path("conversations", conversations.index, name="conversations"),
    path("conversations/<slug:number>", conversations.show, name="conversation"),
    path("conversations/<slug:number>/messages", conversations.write, name="conversation_messages"),
    path("conversations/<slug:number>/handing", conversations.hand_on, name="conversation_handing"),
    path("conversations/<slug:number>/state", conversations.set_state, name="conversation_state"),
    path("conversations/<slug:number>/files/<uuid:attachment_id>", conversations.file, name="conversation_file"),
]
SETTLEMENT = [
    path("settlement", settlement.settlement, name="settlement"),
    path("settlement/runs", settlement.runs, name="settlement_runs"),
    path("settlement/payouts", settlement.payouts, name="payouts"),
    path("settlement/batches", settlement.batches, name="batches"),
    path("settlement/batches/<slug:number>", settlement.batch, name="batch"),
    path("settlement/batches/<slug:number>/file", settlement.batch_file, name="batch_file"),
    path("settlement/batches/<slug:number>/confirmation", settlement.confirmation, name="confirmation"),
    path(
        "settlement/batches/<slug:number>/payouts/<uuid:payout_id>/failure", settlement.failure, name="payout_failure"
    ),
    path("settlement/statements/<slug:number>", settlement.statement, name="statement"),
    path("settlement/accruals/<uuid:accrual_id>", settlement.accrual, name="accrual"),
]
BOOKS = [
    path("books", books.books, name="books"),
    path("books/<slug:kind>/<slug:currency>", books.accounts_of, name="accounts"),
    path("accounts/<uuid:account_id>", books.account, name="account"),
    path("journals/<uuid:journal_id>", books.journal, name="journal"),
    path("journals/<uuid:journal_id>/reversal", approvals.reversal, name="reversal"),
    path("approvals", approvals.approvals, name="approvals"),
    path("approvals/<uuid:approval_id>", approvals.approval, name="approval"),
    path("approvals/<uuid:approval_id>/decision", approvals.decision, name="decision"),
    path("corrections", approvals.corrections, name="corrections"),
    path("verify", books.verify, name="verify"),
    path("verify/proofs", books.proof, name="proof"),
    path("verify/<slug:code>", books.invariant, name="invariant"),
]
TEAM = [
    path("team", team.team, name="team"),
    path("team/invitations", team.invitations, name="team_invitations"),
    path("team/invitations/<uuid:invitation_id>/withdrawal", team.withdrawal, name="team_withdrawal"),
    path("team/members/<uuid:membership_id>/role", team.role, name="team_role"),
    path("team/members/<uuid:membership_id>/end", team.end, name="team_end"),
    path("team/keys", team.keys, name="keys"),
    path("team/keys/<uuid:key_id>/revocation", team.key_revocation, name="key_revocation"),
    path("trail", team.trail, name="trail"),
]

NOTICES = [
    path("notices", notices.notices, name="notices"),
    path("notices/read", notices.read, name="notices_read"),
    path("notices/letters", notices.letters, name="notices_letters"),
    path("notices/<uuid:notice_id>", notices.notice, name="notice"),
]
#: A demonstration's alone: elsewhere there are no such addresses.
DEMONSTRATION = [
    path("clock", clock.overview, name="clock"),
    path("clock/status", clock.status, name="clock_status"),
    path("clock/advances", clock.advances, name="clock_advances"),
    path("clock/workers", clock.workers, name="clock_workers"),
    path("letters", letters.letters, name="letters"),
    path("letters/<str:name>", letters.letter, name="letter"),
]

urlpatterns: list[URLPattern] = [
    path("", overview.overview, name="overview"),
    path("contribution", contribution.contribution, name="contribution"),
    path("components", gallery.components, name="components"),
    *PROGRAMMES,
    *SELLERS,
    *CATALOGUE,
    *ORDERS,
    *WAREHOUSE,
    *CONVERSATIONS,
    *SETTLEMENT,
    *BOOKS,
    *NOTICES,
    *(DEMONSTRATION if settings.DEMONSTRATION else []),
    *TEAM,
    *setup.urlpatterns,
]
