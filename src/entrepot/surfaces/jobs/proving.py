"""The books are proven every night: what was touched since the last run that held, and once a week everything."""

import logging
import time
from datetime import datetime, timedelta

from django.conf import settings

from entrepot.domain.accounts.queries import get_operator
from entrepot.domain.ledger import sealing
from entrepot.kernel import outbox
from entrepot.kernel.outbox import Event
from entrepot.verify import last, runner
from entrepot.verify.runner import Result

logger = logging.getLogger(__name__)

#: After so many days, by the machine's clock, a run is a whole one; an hour less, so that it stays on its night.
WHOLE_AFTER = timedelta(days=7, hours=-1)


class BooksDisagree(RuntimeError):
    """What a proof found, so that the job counts as failed and whoever reads the log sees it."""


def prove(*, now: datetime) -> None:
    """Prove, remember what was found, and tell the operator where something does not hold. Raises: BooksDisagree."""
    folder = settings.DATA_DIR
    start = last.next_start(folder=folder)
    if start is None or last.age(folder=folder) >= WHOLE_AFTER:
        began = time.monotonic()
        results = list(runner.verify(now=now, anchors=sealing.read_anchors(folder / sealing.ANCHORS)))
        last.keep(results, folder=folder, seconds=time.monotonic() - began, now=now)
    else:
        results = runner.verify_recent(since=start, now=now).results
        last.go_on(results, since=start, now=now, folder=folder)
    _tell([each for each in results if not each.holds], now)


def _tell(found: list[Result], now: datetime) -> None:
    if not found:
        return
    listed = ", ".join(f"{each.invariant.code} ({each.count})" for each in found)
    logger.error("the books disagree: %s", listed)
    operator_id = get_operator().pk
    outbox.append(
        [Event("books.disagree", "organisation", operator_id, {"count": len(found), "invariants": listed})], now=now
    )
    raise BooksDisagree(listed)
