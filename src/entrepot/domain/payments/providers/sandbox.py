"""A provider that plays every part a real one can: the instrument chooses the behaviour.

It keeps its own book, written outside our transactions, so that our records can be compared with it; it is idempotent
by key, holds its own limits, and sends signed messages, once, twice or days late.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from entrepot.domain.payments.providers import webhooks
from entrepot.domain.payments.providers.interface import Act, Answer, Call, Notice, Outcome, Provider
from entrepot.kernel import db
from entrepot.kernel.db import fetch_rows
from entrepot.kernel.rounds import ask


class SandboxCrash(Exception):
    """The process dies after the provider has done its part; nobody is meant to catch this."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How an authorisation ends and when, how often it is told, and in which acts the line is cut, once, or we die."""

    label: str | Promise
    ends: Outcome = Outcome.APPROVED
    after: timedelta = timedelta(0)
    reason: str = ""
    copies: int = 1
    unreachable: bool = False
    cut_on: tuple[Act, ...] = ()
    crash_on: tuple[Act, ...] = ()
    decline_on: tuple[Act, ...] = ()


INSTRUMENTS: Mapping[str, Behaviour] = {
    "approve": Behaviour(_("Approved at once")),
    "decline": Behaviour(_("Declined"), ends=Outcome.DECLINED, reason="card_declined"),
    "slow": Behaviour(_("Approved after twenty seconds, by message"), after=timedelta(seconds=20)),
    "slow_decline": Behaviour(
        _("Declined after twenty seconds, by message"),
        ends=Outcome.DECLINED,
        after=timedelta(seconds=20),
        reason="card_declined",
    ),
    "late": Behaviour(_("Approved after three days, by message"), after=timedelta(days=3)),
    "duplicate": Behaviour(_("Approved, and every message comes twice"), copies=2),
    "cut": Behaviour(_("Approved, and the line is cut before the answer"), cut_on=(Act.AUTHORISE,)),
    "cut_decline": Behaviour(
        _("Declined, and the line is cut before the answer"),
        ends=Outcome.DECLINED,
        reason="card_declined",
        cut_on=(Act.AUTHORISE,),
    ),
    "unreachable": Behaviour(_("Never reached"), unreachable=True),
    "cut_capture": Behaviour(_("Approved; the line is cut when it is captured"), cut_on=(Act.CAPTURE, Act.REFUND)),
    "crash_after_capture": Behaviour(_("Approved; the process dies after the capture"), crash_on=(Act.CAPTURE,)),
    "decline_capture": Behaviour(_("Approved; the capture is declined"), decline_on=(Act.CAPTURE,)),
}

_COLUMNS: Mapping[str, str] = {
    "key": "text",
    "act": "text",
    "reference": "text",
    "authorisation": "text",
    "instrument": "text",
    "amount_minor": "bigint",
    "currency": "text",
    "state": "text",
    "reason": "text",
    "created_at": "timestamptz",
    "settles_at": "timestamptz",
}

_CLAIMS: Mapping[str, type] = {
    "account": str,
    "mode": str,
    "kind": str,
    "key": str,
    "reference": str,
    "amount_minor": int,
    "currency": str,
}


class Sandbox(Provider):
    """Plays a provider. Raises: RuntimeError without a webhook secret."""

    code = "sandbox"
    label = _("Test card")

    def __init__(self, secret: str, *, account: str = "entrepot", mode: str = "test") -> None:
        self.secret = webhooks.demand_secret(secret, self.code)
        self.account = account
        self.mode = mode

    def authorise(self, call: Call) -> Answer:
        return self.ask(Act.AUTHORISE, [call])[0]

    def capture(self, call: Call) -> Answer:
        return self.ask(Act.CAPTURE, [call])[0]

    def void(self, call: Call) -> Answer:
        return self.ask(Act.VOID, [call])[0]

    def refund(self, call: Call) -> Answer:
        return self.ask(Act.REFUND, [call])[0]

    def pay_out(self, call: Call) -> Answer:
        return self.ask(Act.PAY_OUT, [call])[0]

    def lookup(self, key: str, at: datetime) -> Answer | None:
        return self.look_up([key], at)[0]

    def ask(self, act: Act, calls: Sequence[Call]) -> list[Answer]:
        """Write the calls into the book in one statement each batch, then answer as their instruments would."""
        db.assert_no_transaction()
        reached = [call for call in calls if not _behaviour(call.instrument).unreachable]
        parents: dict[str, Any] = {}
        if act is Act.AUTHORISE:
            known, fresh = _authorise(reached)
        else:
            with db.atomic():
                parents = _lock_authorisations(reached)
                known = _charges([call.key for call in reached])
                fresh = {call.key: call for call in reached if call.key not in known}
                _write(_judge(act, list(fresh.values()), parents))
                known |= _charges(list(fresh))
        for call in fresh.values():
            if act in _behaviour_of(call, parents).crash_on:
                raise SandboxCrash(call.key)
        lost = {call.key for call in fresh.values() if act in _behaviour_of(call, parents).cut_on}
        return [_answer(call, None if call.key in lost else known.get(call.key)) for call in calls]

    def look_up(self, keys: Sequence[str], at: datetime) -> list[Answer | None]:
        """What the book says of the keys."""
        db.assert_no_transaction()
        known = _charges(keys)
        return [_spoken(known[key], at) if key in known else None for key in keys]

    def messages(self, now: datetime) -> list[tuple[dict[str, str], bytes]]:
        """The messages (headers, body) that are due, signed as of now; each authorisation's are handed out once."""
        rows = fetch_rows(
            "UPDATE payments_sandboxcharge SET is_told = true WHERE act = 'authorise' AND NOT is_told"
            " AND settles_at <= %s RETURNING *",
            [now],
        )
        sent = []
        for row in sorted(rows, key=lambda row: (row.settles_at, row.key)):
            sent += [self.message(row, now)] * _behaviour(row.instrument).copies
        return sent

    def message(self, charge: Any, now: datetime, **claims: Any) -> tuple[dict[str, str], bytes]:
        """The signed message about a charge; `claims` replace what it says, as a forger or another account would."""
        content = {
            "account": self.account,
            "mode": self.mode,
            "kind": f"{charge.act}.{charge.state}",
            "key": charge.key,
            "reference": charge.reference,
            "amount_minor": charge.amount_minor,
            "currency": charge.currency,
        } | claims
        body = json.dumps(content, sort_keys=True).encode()
        return webhooks.sign(self.secret, f"evt_{charge.reference}", body, now), body

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> list[Notice]:
        """The notice of one message. Raises: BadWebhook."""
        event_id = webhooks.verify(self.secret, headers, body, now)
        content = webhooks.read(body, _CLAIMS)
        return [Notice(event_id=event_id, payload=content, **{name: content[name] for name in _CLAIMS})]


def _answer(call: Call, charge: Any) -> Answer:
    if charge is None:
        return Answer(call.key, Outcome.UNKNOWN)
    if (charge.amount_minor, charge.currency) != (call.amount_minor, call.currency):
        return Answer(call.key, Outcome.DECLINED, reason="key_reused")
    return _spoken(charge, call.at)


def _behaviour_of(call: Call, parents: Mapping[str, Any]) -> Behaviour:
    parent = parents.get(call.authorisation)
    return _behaviour(parent.instrument if parent else call.instrument)


def _behaviour(instrument: str) -> Behaviour:
    if not instrument:
        return INSTRUMENTS["approve"]
    known = INSTRUMENTS.get(instrument)
    return known or Behaviour(instrument, ends=Outcome.DECLINED, reason="unknown_instrument")


def _spoken(charge: Any, at: datetime) -> Answer:
    if at < charge.settles_at:
        return Answer(charge.key, Outcome.PENDING, charge.reference)
    return Answer(charge.key, Outcome(charge.state), charge.reference, charge.reason)


def _charges(keys: Sequence[str]) -> dict[str, Any]:
    rows = fetch_rows("SELECT * FROM payments_sandboxcharge WHERE key = ANY(%s)", [list(keys)])
    return {row.key: row for row in rows}


def _lock_authorisations(calls: Sequence[Call]) -> dict[str, Any]:
    references = sorted({call.authorisation for call in calls if call.authorisation})
    if not references:
        return {}
    rows = fetch_rows(
        "SELECT * FROM payments_sandboxcharge WHERE reference = ANY(%s) AND act = 'authorise'"
        " ORDER BY key FOR NO KEY UPDATE",
        [references],
    )
    return {row.reference: row for row in rows}


def _judge(act: Act, calls: Sequence[Call], parents: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """A row for each fresh call: an authorisation ends as its instrument says, the rest keep within what is left."""
    moved: dict[tuple[str, str], int] = defaultdict(int)
    if parents:
        for row in fetch_rows(
            "SELECT authorisation, act, sum(amount_minor)::bigint AS amount FROM payments_sandboxcharge WHERE"
            " authorisation = ANY(%s) AND authorisation <> '' AND state = 'approved' GROUP BY authorisation, act",
            [list(parents)],
        ):
            moved[row.authorisation, row.act] = row.amount
    rows = []
    for call in calls:
        state, reason, settles_at = Outcome.APPROVED, "", call.at
        if act is Act.AUTHORISE:
            behaviour = _behaviour(call.instrument)
            state, reason, settles_at = behaviour.ends, behaviour.reason, call.at + behaviour.after
        elif act is not Act.PAY_OUT:
            reason = _objection(act, call, parents.get(call.authorisation), moved)
            state = Outcome.DECLINED if reason else Outcome.APPROVED
        if state is Outcome.APPROVED:
            moved[call.authorisation, act] += call.amount_minor
        rows.append(
            (call.key, act, "sbx_" + hashlib.sha256(call.key.encode()).hexdigest()[:24], call.authorisation,
             call.instrument, call.amount_minor, call.currency, state, reason, call.at, settles_at)
        )  # fmt: skip
    return rows


def _objection(act: Act, call: Call, parent: Any, moved: Mapping[tuple[str, str], int]) -> str:
    if parent is None or parent.state != Outcome.APPROVED or call.at < parent.settles_at:
        return "not_authorised"
    if act in _behaviour(parent.instrument).decline_on:
        return f"{act}_declined"
    if call.currency != parent.currency:
        return "wrong_currency"
    taken, freed, back = (moved[parent.reference, each] for each in (Act.CAPTURE, Act.VOID, Act.REFUND))
    left = taken - back if act is Act.REFUND else parent.amount_minor - taken - freed
    return "" if call.amount_minor <= left else "beyond_what_is_left"


def _authorise(calls: Sequence[Call]) -> tuple[dict[str, Any], dict[str, Call]]:
    """Authorisations depend on nothing: written and read in one statement. The charges, and the calls that were new."""
    if not calls:
        return {}, {}
    rows = _judge(Act.AUTHORISE, calls, {})
    columns = dict(zip(_COLUMNS, zip(*rows, strict=True), strict=True))
    arrays = [db.array_of(kind, columns[name]) for name, kind in _COLUMNS.items()]
    found = ask(_AUTHORISE, [*arrays, [call.key for call in calls]]).rows
    known = {row.key: row for row in found}
    fresh = {row.key for row in found if row.is_new}
    if missing := [call.key for call in calls if call.key not in known]:
        known |= _charges(missing)  # written by somebody else while this was on its way
    return known, {call.key: call for call in calls if call.key in fresh}


_SPOKEN = "key, reference, instrument, amount_minor, currency, state, reason, settles_at"
_AUTHORISE = (
    f"WITH new AS (INSERT INTO payments_sandboxcharge ({', '.join(_COLUMNS)}, is_told)"
    f" SELECT {', '.join(_COLUMNS)}, false FROM unnest({', '.join(f'%s::{kind}[]' for kind in _COLUMNS.values())})"
    f" AS w({', '.join(_COLUMNS)}) ON CONFLICT (key) DO NOTHING RETURNING {_SPOKEN})"
    f" SELECT {_SPOKEN}, true AS is_new FROM new"
    f" UNION ALL SELECT {_SPOKEN}, false FROM payments_sandboxcharge WHERE key = ANY(%s)"
)


def _write(rows: Sequence[tuple[Any, ...]]) -> None:
    source, params = db.unnest("w", _COLUMNS, rows)
    names = ", ".join(_COLUMNS)
    db.execute(
        f"INSERT INTO payments_sandboxcharge ({names}, is_told) SELECT {names}, false FROM {source}"
        f" ON CONFLICT (key) DO NOTHING",
        params,
    )
