"""What took long is told without its values; what did not, and where nobody asked, is not."""

import logging

import pytest
from django.test import override_settings

from entrepot.kernel import db


@pytest.mark.parametrize(("bound", "told"), [(5, 1), (60_000, 0), (0, 0)])
def test_a_slow_statement_is_told_without_its_values(
    database: None, caplog: pytest.LogCaptureFixture, bound: int, told: int
) -> None:
    with override_settings(SLOW_QUERY_MS=bound), caplog.at_level(logging.WARNING, "entrepot.slow"):
        assert db.fetch_value("SELECT %s\nFROM pg_sleep(0.02)", ["Rosa Luz"]) == "Rosa Luz"
    assert len(caplog.messages) == told
    assert all("FROM pg_sleep" in message and "Rosa" not in message for message in caplog.messages)
