"""What this process knows to be sold out, so that it answers without touching the queue.

An offer of which an order was refused is looked at again and again for as long as somebody asks for it: whether any
unit is free, in one query for all such offers. Until a tenth of a second after a look began that found nothing, the
answer is sold out; then it was true at that instant. A process that does not reach the database does not know.
"""

import logging
import threading
import time
from dataclasses import dataclass
from uuid import UUID

from django.db import DatabaseError, connection

from entrepot.domain.inventory import queries as inventory
from entrepot.flows.checkout import OrderRequest
from entrepot.flows.requests import check_order
from entrepot.kernel.errors import EntrepotError, Refused

logger = logging.getLogger(__name__)

#: An answer must have been true this recently, and is looked at so often. Units: seconds.
FRESH, PAUSE = 0.1, 0.03
#: Nobody has asked for this long: it is looked at no more. Units: seconds.
FORGOTTEN = 3.0
#: So many offers are looked at.
KEPT_MAX = 500


@dataclass(slots=True)
class Gone:
    """An offer that was refused, as the refusal said it; when it was asked for, and when it was last seen empty."""

    refusal: EntrepotError
    asked_at: float
    empty_at: float = float("-inf")


class SoldOut:
    """The offers that are sold out."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.known: dict[tuple[str, UUID], Gone] = {}
        self.is_watching = self.is_looking = False

    def watch(self) -> None:
        """From now on this process remembers what is gone."""
        self.is_watching = True

    def find(self, request: OrderRequest) -> Refused | None:
        """The refusal of a well-formed order that asks for what is gone; None where that is not known."""
        if not self.known:
            return None
        at = time.monotonic()
        for place, line in enumerate(request.lines):
            gone = self.known.get((request.market_code, line[0]))
            if gone is None:
                continue
            gone.asked_at = at
            if at - gone.empty_at <= FRESH:
                try:
                    check_order(request)
                except EntrepotError:
                    return None
                values = gone.refusal.values | {"available": 0, "asked": line[1]}
                return Refused(gone.refusal.code, gone.refusal.message, field=f"lines[{place}].quantity", **values)
        return None

    def learn(self, request: OrderRequest, refusal: EntrepotError) -> None:
        """An order was refused, for the offer that the refusal names; from now on that is looked at."""
        offer_id = UUID(str(refusal.values["offer_id"]))
        with self.lock:
            if not self.is_watching or len(self.known) >= KEPT_MAX:
                return
            self.known.setdefault((request.market_code, offer_id), Gone(refusal, time.monotonic()))
            starts, self.is_looking = not self.is_looking, True
        if starts:
            threading.Thread(target=self._keep_looking, name="sold-out", daemon=True).start()

    def look(self) -> bool:
        """Look once; whether there is anything to look at again."""
        at = time.monotonic()
        with self.lock:
            self.known = {key: gone for key, gone in self.known.items() if at - gone.asked_at <= FORGOTTEN}
            known = dict(self.known)
            if not known:
                self.is_looking = False
                return False
        empty = inventory.find_empty({offer_id for _, offer_id in known})
        for (_, offer_id), gone in known.items():
            gone.empty_at = at if offer_id in empty else float("-inf")
        return True

    def _keep_looking(self) -> None:
        try:
            while self.look():
                time.sleep(PAUSE)
        except DatabaseError:
            logger.warning("the database does not answer: what is sold out is not known any more")
        finally:
            with self.lock:
                self.known, self.is_looking = {}, False
            connection.close()


SOLD_OUT = SoldOut()
