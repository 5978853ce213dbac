"""Writes of what counts for goods on their way in: deadlines, inspection, cover; dated, one row a programme and day."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from entrepot.domain.inbound import sampling
from entrepot.domain.inbound.models import Setting
from entrepot.domain.inbound.rules import Settings
from entrepot.domain.terms import queries as terms
from entrepot.kernel import audit, ids
from entrepot.kernel.actors import Actor
from entrepot.kernel.errors import Denied, Invalid, NotFound

DAYS_MAX = 365


@transaction.atomic
def set_settings(*, settings: Settings, actor: Actor, reason: str, now: datetime, programme_code: str = "") -> Setting:
    """Let these settings count for a programme, or for all without their own, from today on; those before end.

    Raises: Denied, NotFound for a programme that there is not, Invalid naming the field.
    """
    if actor.verbs.get("stock_orders.ask") != "all":
        raise Denied("inbound.settings_not_yours", "The marketplace sets what counts for goods on their way in.")
    if programme_code and programme_code not in terms.list_labels():
        raise NotFound(kind="programme")
    for field in ("answer_days", "ship_days", "deliver_days", "void_days", "later_days", "cover_days", "sales_days"):
        least = 1 if field == "sales_days" else 0
        if not least <= getattr(settings, field) <= DAYS_MAX:
            raise Invalid("inbound.days", "Give {least} to {most} days.", field=field, least=least, most=DAYS_MAX)
    sampling.plan(100, level=settings.inspection_level, aql=settings.aql)
    today = now.date()
    rows = Setting.objects.select_for_update(no_key=True).filter(
        Q(valid_until__isnull=True) | Q(valid_until__gt=today), programme_code=programme_code, valid_from__lte=today
    )
    before = rows.first()
    if before is not None:
        before.valid_until = today
        before.save(update_fields=["valid_until"])
    row = Setting.objects.create(
        id=ids.new_id(now),
        created_at=now,
        programme_code=programme_code,
        answer_days=settings.answer_days,
        ship_days=settings.ship_days,
        deliver_days=settings.deliver_days,
        void_days=settings.void_days,
        later_days=settings.later_days,
        inspection_level=settings.inspection_level,
        aql=settings.aql,
        sales_days=settings.sales_days,
        cover_days=settings.cover_days,
        valid_from=today,
        source=settings.source,
    )
    audit.record(
        actor=actor,
        verb="stock_orders.settings",
        subject_kind="inbound_setting",
        subject_id=row.id,
        now=now,
        reason=audit.require_reason(reason),
        after={"programme": programme_code, "answer_days": row.answer_days, "aql": str(row.aql)},
    )
    return row
