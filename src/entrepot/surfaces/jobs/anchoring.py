"""What the books were sealed with is made known outside of their database."""

import logging
from datetime import datetime

from django.conf import settings

from entrepot.domain.ledger import sealing

logger = logging.getLogger(__name__)


def publish(*, now: datetime) -> None:
    """Write the head of the chain beside the data, and say it where logs are kept."""
    line = sealing.publish(file=settings.DATA_DIR / sealing.ANCHORS, now=now)
    if line:
        logger.info("the books are sealed: %s", line)
