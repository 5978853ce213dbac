"""The books: the trial balance, the history of an account, a journal, and the proof that all of it holds."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from entrepot.domain.accounts import queries as accounts
from entrepot.domain.ledger import queries
from entrepot.domain.ledger import words as ledger_words
from entrepot.domain.ledger.queries import PostingRow
from entrepot.domain.ledger.rules import CHART, POSITIVE_MEANS
from entrepot.domain.orders import queries as orders
from entrepot.domain.settlement import words as settlement_words
from entrepot.kernel import clock
from entrepot.kernel.errors import NotFound
from entrepot.surfaces.desk import words
from entrepot.surfaces.desk.acting import render
from entrepot.surfaces.shared import guards
from entrepot.surfaces.shared.components import Link, Slice
from entrepot.surfaces.shared.guards import ActingRequest
from entrepot.surfaces.shared.numbers import whole
from entrepot.verify import runner

#: Accounts on one page of a kind.
ACCOUNTS_MAX = 500


@guards.allow("ledger.read", kind="operator")
@require_GET
def books(request: ActingRequest) -> HttpResponse:
    """The trial balance: every currency's balances sum to zero."""
    currencies = []
    for currency, lines in groupby(queries.trial_balance(), key=lambda line: line.currency):
        found = list(lines)
        currencies.append(
            {
                "currency": currency,
                "groups": [
                    (words.NATURES[nature], list(rows)) for nature, rows in groupby(found, key=lambda line: line.nature)
                ],
                "rows": [
                    {
                        "kind": line.kind,
                        "says": ledger_words.account(line.kind),
                        "nature": words.NATURES[line.nature],
                        "balance_minor": line.balance_minor,
                        "url": reverse("desk:accounts", args=[line.kind, currency]),
                    }
                    for line in found
                ],
                "total_minor": sum(line.balance_minor for line in found),
            }
        )
    return render(request, "books/books.html", {"currencies": currencies})


@guards.allow("ledger.read", kind="operator")
@require_GET
def accounts_of(request: ActingRequest, kind: str, currency: str) -> HttpResponse:
    """The accounts of a kind in a currency, by owner and label."""
    if kind not in CHART:
        raise NotFound(kind="account")
    found = queries.balances(kinds=[kind], currency=currency)
    names = accounts.list_organisation_names({each.key.owner_id for each in found})
    rows = sorted(
        (
            {
                "name": names.get(each.key.owner_id, str(each.key.owner_id)),
                "label": each.key.label,
                "balance_minor": each.balance_minor,
                "url": reverse("desk:account", args=[each.account_id]),
            }
            for each in found
        ),
        key=lambda row: (str(row["name"]), str(row["label"])),
    )
    context = {
        "kind": kind,
        "says": ledger_words.account(kind),
        "meaning": POSITIVE_MEANS[CHART[kind].nature],
        "currency": currency,
        "rows": rows[:ACCOUNTS_MAX],
        "more": len(rows) - ACCOUNTS_MAX,
        "total_minor": sum(each.balance_minor for each in found),
        "crumbs": [Link(_("Books"), reverse("desk:books")), Link(f"{ledger_words.account(kind)}, {currency}")],
    }
    return render(request, "books/accounts.html", context)


@guards.allow("ledger.read", kind="operator")
@require_GET
def account(request: ActingRequest, account_id: UUID) -> HttpResponse:
    """An account's postings, the latest first, each with the balance after it."""
    key = queries.get_account(account_id)
    # Postings are counted over all accounts: there may be more of them than any list has rows.
    before = whole(request.GET.get("cursor", ""), most=2**63 - 1) or None
    entries, more = queries.list_history(account_id=account_id, before=before)
    names = accounts.list_organisation_names([key.owner_id])
    lines = _lines(entry.posting for entry in entries)
    context = {
        "key": key,
        "says": ledger_words.account(key.kind, key.label),
        "owner": names.get(key.owner_id, key.owner_id),
        "page": Slice(
            [
                {
                    "entry": entry,
                    "posting": _posting(entry.posting, lines),
                    "other": ledger_words.account(
                        *_other_side(entry.posting, entry.change_minor > 0),
                    ),
                }
                for entry in entries
            ],
            next_cursor=str(more) if more is not None else "",
        ),
        "crumbs": [
            Link(_("Books"), reverse("desk:books")),
            Link(
                f"{ledger_words.account(key.kind)}, {key.currency}",
                reverse("desk:accounts", args=[key.kind, key.currency]),
            ),
            Link(str(names.get(key.owner_id, ""))),
        ],
    }
    return render(request, "books/account.html", context)


@guards.allow("ledger.read", kind="operator")
@require_GET
def journal(request: ActingRequest, journal_id: UUID) -> HttpResponse:
    """The postings of one money event."""
    found = queries.postings_of([journal_id])
    if not found:
        raise NotFound(kind="journal")
    lines = _lines(found)
    names = accounts.list_organisation_names(
        {key.owner_id for each in found for key in (each.source, each.destination)}
    )
    context = {
        "journal": found[0],
        "says": ledger_words.JOURNALS.get(found[0].journal_kind, found[0].journal_kind),
        "rows": [_posting(each, lines, names) for each in found],
        "crumbs": [Link(_("Books"), reverse("desk:books")), Link(_("Journal"))],
    }
    return render(request, "books/journal.html", context)


@guards.allow("verify.run", kind="operator")
@require_GET
def verify(request: ActingRequest) -> HttpResponse:
    """What has to hold, with the query that would find what contradicts it."""
    return render(request, "books/verify.html", {"invariants": runner.invariants()})


@guards.allow("verify.run", kind="operator")
@require_POST
def proof(request: ActingRequest) -> HttpResponse:
    """Check everything in one snapshot of the database. Changes nothing."""
    now = clock.now()
    code = request.POST.get("code", "")
    results = list(runner.verify(now=now, codes=[code] if code else None))
    context = {
        "checked_at": now,
        "results": sorted(results, key=lambda result: (result.holds, result.invariant.code)),
        "failed": sum(not result.holds for result in results),
        "count": len(results),
        "only": code,
    }
    return render(request, "books/proof.html", context)


@guards.allow("verify.run", kind="operator")
@require_GET
def invariant(request: ActingRequest, code: str) -> HttpResponse:
    """One invariant and its query."""
    context = {
        "invariant": runner.select([code])[0],
        "crumbs": [Link(_("Verify"), reverse("desk:verify")), Link(code)],
    }
    return render(request, "books/invariant.html", context)


def _lines(postings: Iterable[PostingRow]) -> dict[UUID, Any]:
    """The order lines that postings are about."""
    return orders.find_line_places({each.subject_id for each in postings if each.subject_id})


def _posting(each: PostingRow, lines: Mapping[UUID, Any], names: Mapping[UUID, str] | None = None) -> dict[str, Any]:
    """A posting for the template, with the ways to its journal and its order."""
    place = lines.get(each.subject_id) if each.subject_id else None
    names = names or {}
    return {
        "row": each,
        "part": settlement_words.part(each.part) if each.part else "",
        "event": ledger_words.JOURNALS.get(each.journal_kind, each.journal_kind),
        "source": ledger_words.account(each.source.kind, each.source.label),
        "destination": ledger_words.account(each.destination.kind, each.destination.label),
        "source_owner": names.get(each.source.owner_id, ""),
        "destination_owner": names.get(each.destination.owner_id, ""),
        "journal_url": reverse("desk:journal", args=[each.journal_id]),
        "line": place,
        "line_url": reverse("desk:order_line", args=[place.order_number, place.position]) if place else "",
    }


def _other_side(posting: PostingRow, is_in: bool) -> tuple[str, str]:
    other = posting.source if is_in else posting.destination
    return other.kind, other.label
