"""What may be forgotten: sessions that ended, notices long read, failed jobs that nobody looked at for long, and the
answers to requests that nobody sends again."""

from datetime import datetime, timedelta

from entrepot.domain.notices import services as notices
from entrepot.kernel import db, idempotency

FAILED_JOBS_KEPT = timedelta(days=30)


ABANDONED = """
    UPDATE procrastinate_jobs SET status = 'failed'
    WHERE status = 'doing' AND worker_id IS NULL
"""

OLD = """
    DELETE FROM procrastinate_jobs
    WHERE status IN ('failed', 'aborted', 'cancelled')
      AND id IN (SELECT job_id FROM procrastinate_events GROUP BY job_id HAVING max(at) < %s)
"""


def tidy(*, now: datetime) -> None:
    """Delete rows that no rule, reader or proof needs, and close the jobs of workers that were killed."""
    # Sessions end by real time, which a demonstration's clock is ahead of.
    db.execute("DELETE FROM django_session WHERE expire_date < now()")
    notices.forget(now=now)
    idempotency.forget(now=now)
    db.execute(ABANDONED)
    db.execute(OLD, [now - FAILED_JOBS_KEPT])
