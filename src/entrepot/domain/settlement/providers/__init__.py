"""Those who carry payouts to sellers' banks, behind one small interface; a new one is a module and a row here."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from entrepot.domain.settlement.providers import csv_file
from entrepot.domain.settlement.providers.transfers import Receipt, Transfer
from entrepot.kernel.errors import NotFound

__all__ = ["PROVIDERS", "PayoutProvider", "Receipt", "Transfer", "get_provider"]


class PayoutProvider(Protocol):
    """Sends transfers. The same batch asked again is the same batch: nothing is sent twice."""

    code: str

    def pay_out(self, number: str, transfers: Sequence[Transfer], made_at: datetime) -> Receipt:
        """Send the batch of that number. Raises: Unavailable where it is not known whether it was sent."""
        ...


PROVIDERS: Mapping[str, PayoutProvider] = {each.code: each for each in (csv_file.CsvFile(),)}


def get_provider(code: str) -> PayoutProvider:
    """The provider of that code. Raises: NotFound."""
    if code not in PROVIDERS:
        raise NotFound("settlement.no_provider", "There is no payout provider {provider}.", provider=code)
    return PROVIDERS[code]
