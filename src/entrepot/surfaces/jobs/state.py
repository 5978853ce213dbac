"""The marketplace in figures for whoever watches it: read from the database when asked, in a few short questions."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, connection
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from entrepot.flows import waiting
from entrepot.kernel import clock, db
from entrepot.verify import last

logger = logging.getLogger(__name__)

#: What waits for the operator's people or goes wrong elsewhere, of `flows.waiting`.
KINDS = (
    "late_elsewhere",
    "returns_to_refund_elsewhere",
    "payments_to_confirm",
    "supply_prices_to_decide",
    "retail_prices_to_decide",
    "applicants",
    "documents_to_decide",
    "statements_to_pay",
    "payouts_to_confirm",
    "approvals",
    "stock_orders_to_decide",
)
#: Nobody: all work is somebody else's.
NOBODY = UUID(int=0)

#: One row of figures. Times are those of the marketplace's clock, which writes them.
FIGURES = """
SELECT
    (SELECT count(*) FROM inventory_hold WHERE state = 'active' AND expires_at > %(now)s) AS holds_open,
    (SELECT count(*) FROM inventory_hold WHERE state = 'active' AND expires_at <= %(now)s) AS holds_expired,
    (SELECT count(*) FROM kernel_outboxevent WHERE status = 'pending') AS outbox_pending,
    (SELECT coalesce(extract(epoch FROM %(now)s - min(created_at)), 0)
     FROM kernel_outboxevent WHERE status = 'pending') AS outbox_lag_seconds,
    (SELECT count(*) FROM kernel_outboxevent WHERE status = 'dead') AS outbox_dead,
    (SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo') AS jobs_queued,
    (SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed') AS jobs_dead,
    (SELECT count(*) FROM payments_payment WHERE state IN ('about_to', 'unknown'))
        + (SELECT count(*) FROM payments_capture WHERE state IN ('about_to', 'unknown'))
        + (SELECT count(*) FROM payments_refund WHERE state IN ('about_to', 'unknown')) AS calls_unanswered,
    (SELECT coalesce(extract(epoch FROM %(now)s - min(first.eligible_at)), 0)
     FROM (SELECT seller_id, max(period_until) AS until FROM settlement_statement GROUP BY seller_id) closed
     RIGHT JOIN sellers_seller seller ON seller.organisation_id = closed.seller_id
     CROSS JOIN LATERAL (
         SELECT accrual.eligible_at FROM settlement_accrual accrual
         WHERE accrual.seller_id = seller.organisation_id AND accrual.eligible_at <= %(now)s
             AND accrual.eligible_at >= coalesce(closed.until, '-infinity')
         ORDER BY accrual.eligible_at LIMIT 1
     ) first) AS unsettled_seconds
"""
NAMES: Mapping[str, str] = {
    "holds_open": "Units kept for orders that are not paid yet: holds that still run",
    "holds_expired": "Holds that ran out and are not let go yet",
    "outbox_pending": "Events that are not told yet",
    "outbox_lag_seconds": "How long the oldest of them waits",
    "outbox_dead": "Events that could not be told, after all attempts",
    "jobs_queued": "Jobs that wait for a worker",
    "jobs_dead": "Runs of jobs that failed, as long as they are kept",
    "calls_unanswered": "Payments, captures and refunds of which no provider has said what became of them",
    "unsettled_seconds": "How long the oldest amount waits that could stand on a statement",
}


class Marketplace:
    """Figures of the database, and what `verify` last found."""

    def collect(self) -> Iterable[Metric]:
        """The figures, now; without the database those that need none."""
        try:
            yield from _figures(clock.now())
        except DatabaseError as problem:
            logger.warning("the database does not answer who watches: %s", type(problem).__name__)
            yield GaugeMetricFamily("entrepot_database_answers", "Whether the database answered", 0)
        finally:
            connection.close()  # each question comes in a thread of its own
        yield from _proof()


def _figures(now: datetime) -> Iterator[Metric]:
    [row] = db.fetch_rows(FIGURES, {"now": now})
    for name, words in NAMES.items():
        yield GaugeMetricFamily(f"entrepot_{name}", words, float(getattr(row, name)))
    found = waiting.count_waiting(KINDS, organisation_id=NOBODY, user_id=NOBODY, now=now)
    all_of = GaugeMetricFamily("entrepot_waiting", "What waits for somebody, by kind", labels=["kind"])
    late = GaugeMetricFamily("entrepot_waiting_late", "So much of it is late", labels=["kind"])
    for kind in KINDS:
        each = found.get(kind)
        all_of.add_metric([kind], each.count if each else 0)
        late.add_metric([kind], each.late if each else 0)
    yield all_of
    yield late
    yield GaugeMetricFamily("entrepot_database_answers", "Whether the database answered", 1)


def _proof() -> Iterator[Metric]:
    proof = last.read(folder=settings.DATA_DIR)
    if proof is None:
        return
    yield GaugeMetricFamily("entrepot_verify_timestamp_seconds", "When all was last proven", proof.at)
    yield GaugeMetricFamily("entrepot_verify_seconds", "How long that took", proof.seconds)
    findings = GaugeMetricFamily("entrepot_verify_findings", "What it found, by invariant", labels=["invariant"])
    for code, count in proof.known.items():
        findings.add_metric([code], count)
    yield findings
