"""The accounts with carriers: set up by the operator, their secrets sealed, their health kept."""

import base64
import hashlib
import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db import transaction

from entrepot.domain.logistics.carriers import breaker, make
from entrepot.domain.logistics.carriers.interface import Carrier
from entrepot.domain.logistics.carriers.rate_cards import RateCards
from entrepot.domain.logistics.models import CarrierAccount
from entrepot.kernel import audit, ids
from entrepot.kernel.actors import Actor
from entrepot.kernel.db import execute
from entrepot.kernel.errors import Denied, Invalid, Unavailable


class Unreadable(Unavailable):
    """The secrets of an account were sealed under another key."""

    code = "carriers.sealed"
    message = "The credentials of {carrier} cannot be read; set them again."


class Resting(Unavailable):
    """The carrier did not answer lately and is left alone for a while."""

    code = "carriers.resting"
    message = "{carrier} did not answer; it is asked again after {until}."


@transaction.atomic
def set_account(
    *,
    actor: Actor,
    code: str,
    kind: str,
    options: Mapping[str, Any],
    secrets: Mapping[str, str] | None,
    now: datetime,
    reason: str,
    is_active: bool = True,
) -> CarrierAccount:
    """Say how a carrier is spoken with; None keeps the secrets that there are. Its health begins anew.

    Raises: Denied, Invalid.
    """
    if actor.verbs.get("setup.edit") != "all":
        raise Denied("carriers.not_yours", "The marketplace sets up its carriers.")
    code = code.strip()
    if not 1 <= len(code) <= 40:
        raise Invalid("carriers.code", "Name the carrier with up to 40 letters.", field="code")
    before = CarrierAccount.objects.select_for_update(no_key=True).filter(code=code).first()
    kept = _open(before) if before is not None and secrets is None else dict(secrets or {})
    if any(not isinstance(value, str) for value in kept.values()):
        raise Invalid("carriers.secrets", "Every credential is a text.", field="secrets")
    make(kind, code, options, kept)
    row, _is_new = CarrierAccount.objects.update_or_create(
        code=code,
        defaults={
            "kind": kind, "options": dict(options), "secret": seal(kept), "is_active": is_active, "failures": 0,
            "resting_until": None, "last_error": "", "last_error_at": None,
        },
        create_defaults={
            "id": ids.new_id(now), "created_at": now, "code": code, "kind": kind, "options": dict(options),
            "secret": seal(kept), "is_active": is_active,
        },
    )  # fmt: skip
    audit.record(
        actor=actor, verb="carriers.set", subject_kind="carrier_account", subject_id=row.id, now=now,
        reason=audit.require_reason(reason),
        before={"kind": before.kind, "is_active": before.is_active} if before else None,
        after={"carrier": code, "kind": kind, "is_active": is_active, "credentials": sorted(kept)},
    )  # fmt: skip
    return row


def list_accounts(codes: Collection[str] | None = None) -> list[CarrierAccount]:
    """Accounts by their carrier's name."""
    rows = CarrierAccount.objects.order_by("code")
    return list(rows if codes is None else rows.filter(code__in=list(codes)))


def carriers_of(codes: Collection[str]) -> dict[str, tuple[Carrier, CarrierAccount | None]]:
    """Who stands behind these names. A carrier without an account that works is its price list."""
    rows = {row.code: row for row in list_accounts(codes) if row.is_active}
    return {
        code: (make(row.kind, code, row.options, _open(row)), row)
        if (row := rows.get(code)) is not None
        else (RateCards(code), None)
        for code in codes
    }


def demand_awake(account: CarrierAccount | None, now: datetime) -> None:
    """Whether a carrier may be asked now. Raises: Resting."""
    if account is not None and breaker.is_resting(account.resting_until, now):
        assert account.resting_until is not None
        raise Resting(carrier=account.code, until=account.resting_until.isoformat(timespec="minutes"))


def note_answer(account: CarrierAccount | None, *, error: str, now: datetime) -> None:
    """Keep whether a carrier answered (no error) or not."""
    if account is None:
        return
    if not error:
        execute(
            "UPDATE logistics_carrieraccount SET failures = 0, resting_until = NULL, last_answer_at = %s WHERE id = %s",
            [now, account.id],
        )
        return
    with transaction.atomic():
        row = CarrierAccount.objects.select_for_update(no_key=True).get(id=account.id)
        row.failures += 1
        pause = breaker.rest(row.failures)
        row.resting_until = now + pause if pause else None
        row.last_error, row.last_error_at = error[:300], now
        row.save(update_fields=["failures", "resting_until", "last_error", "last_error_at"])


def seal(secrets: Mapping[str, str]) -> str:
    """Secrets as they are kept: encrypted under this installation's key. Source: Fernet specification."""
    return _fernet().encrypt(json.dumps(dict(secrets)).encode()).decode() if secrets else ""


def _open(row: CarrierAccount) -> dict[str, str]:
    if not row.secret:
        return {}
    try:
        found: dict[str, str] = json.loads(_fernet().decrypt(row.secret.encode()))
    except InvalidToken:
        raise Unreadable(carrier=row.code) from None
    return found


def _fernet() -> Fernet:
    digest = hashlib.sha256(b"carrier accounts" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(digest))
