"""The daily settlement. Paying out stays an act of a person at the desk."""

from datetime import datetime

from entrepot.flows import settling
from entrepot.kernel.actors import SYSTEM


def settle(*, now: datetime) -> None:
    """Close what was due before today began, in UTC; again on the same day it changes nothing."""
    settling.settle(until=now.replace(hour=0, minute=0, second=0, microsecond=0), now=now, actor=SYSTEM)
