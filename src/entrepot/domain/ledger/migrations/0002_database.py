"""What Django cannot express: postings keep to their accounts' currency, books are append-only."""

from django.db import migrations

from entrepot.kernel.db import append_only
from entrepot.kernel.partitions import partitioned

# One key serves both as the reference and as the proof that a posting and its account have the same currency.
CURRENCY = """
ALTER TABLE ledger_account ADD CONSTRAINT account_currency UNIQUE (id, currency);
ALTER TABLE ledger_posting
    ADD CONSTRAINT posting_source_currency FOREIGN KEY (source_id, currency)
        REFERENCES ledger_account (id, currency),
    ADD CONSTRAINT posting_destination_currency FOREIGN KEY (destination_id, currency)
        REFERENCES ledger_account (id, currency)
"""
FREE = """
ALTER TABLE ledger_posting DROP CONSTRAINT posting_source_currency, DROP CONSTRAINT posting_destination_currency;
ALTER TABLE ledger_account DROP CONSTRAINT account_currency
"""

# Ids carry the event's time; this number tells in which order postings took effect.
SEQUENCE = """
CREATE SEQUENCE ledger_posting_sequence_seq;
ALTER TABLE ledger_posting ADD COLUMN sequence bigint NOT NULL DEFAULT nextval('ledger_posting_sequence_seq');
ALTER SEQUENCE ledger_posting_sequence_seq OWNED BY ledger_posting.sequence;
-- Numbers grow with the table, so that a few pages tell which part of it holds those that are not sealed yet.
CREATE INDEX posting_sequence ON ledger_posting USING brin (sequence) WITH (autosummarize = on);
-- An account's postings in their order, from either end.
CREATE INDEX posting_source ON ledger_posting (source_id, sequence);
CREATE INDEX posting_destination ON ledger_posting (destination_id, sequence)
"""


class Migration(migrations.Migration):
    dependencies = [("kernel", "0002_database"), ("ledger", "0001_initial")]

    operations = [
        partitioned("ledger_posting"),
        migrations.RunSQL(CURRENCY, FREE),
        migrations.RunSQL(SEQUENCE, "ALTER TABLE ledger_posting DROP COLUMN sequence"),
        append_only("ledger_account", "ledger_journal", "ledger_posting"),
        append_only("ledger_level", "ledger_seal", "ledger_anchor"),
    ]
