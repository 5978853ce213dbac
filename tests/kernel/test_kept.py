"""What is read once and kept is read again when the database changes, by whomever, and only then."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import transaction

from entrepot.domain.markets import queries
from entrepot.domain.markets.models import ExchangeRate
from entrepot.kernel import ids, kept

pytestmark = pytest.mark.usefixtures("database")

NOW = datetime(2026, 10, 5, 9, tzinfo=UTC)
DAY = date(2026, 10, 5)
PAIR = ("EUR", "USD")


def publish(rate: str) -> None:
    if not ExchangeRate.objects.update(rate=Decimal(rate)):
        ExchangeRate.objects.create(
            id=ids.new_id(NOW), created_at=NOW, base="EUR", quote="USD", published_on=DAY, rate=Decimal(rate),
            source="test",
        )  # fmt: skip


def rate() -> Decimal:
    return queries.exchange_rates({PAIR}, DAY)[PAIR].rate


def test_a_change_is_seen_at_once_and_nothing_else_is_read_again(django_assert_num_queries):
    publish("1.1")
    assert rate() == Decimal("1.1")
    with django_assert_num_queries(1):  # the versions
        assert rate() == Decimal("1.1")
    publish("1.2")
    assert rate() == Decimal("1.2")
    ExchangeRate.objects.all().delete()
    with pytest.raises(queries.Unavailable):
        rate()


def test_what_is_rolled_back_is_never_taken_for_true():
    publish("1.1")
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        publish("1.2")
        assert rate() == Decimal("1.2")
        raise ZeroDivisionError
    assert rate() == Decimal("1.1")


def test_one_request_asks_once_for_all_subjects(django_assert_num_queries):
    publish("1.1")
    rate(), queries.list_markets()
    with kept.asked_once(), django_assert_num_queries(1):
        assert rate() == Decimal("1.1")
        assert queries.list_markets() == []
        assert kept.version_of("never written") == ""
    publish("1.2")
    with kept.asked_once():
        assert rate() == Decimal("1.2")


def test_what_is_kept_belongs_to_no_tenant(owner):
    """Whoever reads behind walls would keep their own rows for everybody."""
    owner.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgfoid = 'entrepot_new_version'::regproc")
    kept_tables = {name for (name,) in owner.fetchall()}
    owner.execute("SELECT polrelid::regclass::text FROM pg_policy")
    assert len(kept_tables) > 8
    assert not kept_tables & {name for (name,) in owner.fetchall()}
