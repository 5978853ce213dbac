"""The sign of life that `/readyz` looks for; the database's own clock, so that it holds across machines."""

from datetime import datetime

from entrepot.kernel import db


def beat(*, now: datetime) -> None:
    """Record that jobs are being done."""
    db.execute(
        "INSERT INTO kernel_processheartbeat (name, seen_at) VALUES ('jobs', now()) "
        "ON CONFLICT (name) DO UPDATE SET seen_at = now()"
    )
