"""Payouts as a CSV file that the operator uploads to its bank."""

from collections.abc import Sequence
from datetime import datetime

from entrepot.domain.settlement.providers.transfers import Receipt, Transfer
from entrepot.kernel import media, money
from entrepot.kernel.sheets import write_csv

HEADER = ("batch", "made_on", "reference", "seller_code", "seller_name", "currency", "amount", "statement")


class CsvFile:
    """Writes the file and keeps it in the media storage, under the hash of its bytes: asked twice, it is one file."""

    code = "csv"

    def pay_out(self, number: str, transfers: Sequence[Transfer], made_at: datetime) -> Receipt:
        """Write the batch of that number."""
        content = write_csv(
            HEADER,
            (
                (number, made_at.date().isoformat(), each.reference, each.seller_code, each.seller_name, each.currency,
                 money.decimal_of(each.amount_minor, each.currency), each.statement_number)
                for each in transfers
            ),
        )  # fmt: skip
        return Receipt({each.payout_id: each.reference for each in transfers}, media=media.keep(content, "csv"))
