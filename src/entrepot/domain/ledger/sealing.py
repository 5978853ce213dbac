"""Seals: a chain of hashes over the postings in the order of their sequence, so that a changed or removed one shows.

Postings are written without waiting for one another; every so often those that are final are sealed by the batch. A
seal hashes the one before it, how far it reaches, and every posting since, each with its journal. Whoever keeps the
latest hash elsewhere (an anchor) can tell later that nothing before it was touched, whoever had rights in the database.

With them go the levels: what an account held after every five hundredth of its postings, which are final by then.
"""

import time
from datetime import datetime
from pathlib import Path

from django.db import connection

from entrepot.kernel import ids
from entrepot.kernel.db import assert_no_transaction, atomic, execute, fetch_rows, fetch_value

#: The file in the data folder that says what was published.
ANCHORS = "anchors.txt"
#: Postings of one seal; more are sealed by several.
SEAL_MAX = 20_000
#: An account's level is kept after every so many of its postings.
LEVEL_EVERY = 500
#: How long a round waits for those who are writing just now, before it leaves the rest to the next round.
PATIENCE_SECONDS = 5.0

_COLUMNS = (
    "posting.sequence",
    "posting.id",
    "posting.source_id",
    "posting.destination_id",
    "posting.amount_minor",
    "posting.currency",
    "posting.part",
    "coalesce(posting.subject_id::text, '-')",
    "coalesce(posting.rate::text, '-')",
    "journal.id",
    "journal.kind",
    "journal.source_type",
    "journal.source_id",
    "extract(epoch FROM journal.occurred_at)",
    "coalesce(journal.reverses_id::text, '-')",
)

#: The hash of one posting with its journal. A posting whose journal is gone has none, and breaks its seal.
ENTRY_SQL = f"sha256(convert_to(concat_ws('|', {', '.join(_COLUMNS)}), 'UTF8'))"

#: The hash of a seal, from the one before, how far it reaches, and the entries' hashes in order.
SEAL_SQL = (
    "encode(sha256(convert_to(concat_ws('|', {previous}, {until}, {count}), 'UTF8')"
    " || coalesce(string_agg(entry, '' ORDER BY sequence), '')), 'hex')"
)


def seal(*, now: datetime) -> int:
    """Seal the postings that are final; how many. What others are still writing waits for the next round."""
    assert_no_transaction()
    frontier = _frontier()
    if frontier is None:
        return 0
    sealed = 0
    while (count := _seal_next(frontier, now)) > 0:
        sealed += count
    return sealed


def _frontier() -> int | None:
    """The sequence up to which no posting is still to come, or None where a writer outlasts our patience.

    A writer locks the table before it draws a number and until it has committed; so once all those are gone who held
    the lock after this number was read, every number up to it is committed or will never be.
    """
    frontier = fetch_value("SELECT last_value FROM ledger_posting_sequence_seq WHERE is_called")
    if frontier is None:
        return None
    waiting = _writers()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while waiting:
        if time.monotonic() > deadline:
            return None
        time.sleep(0.02)
        waiting &= _writers()
    return int(frontier)


def _writers() -> set[str]:
    """The transactions that have written postings and are not over."""
    rows = fetch_rows(
        "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        " AND relation = 'ledger_posting'::regclass AND mode NOT IN ('AccessShareLock', 'RowShareLock')"
        " AND pid IS DISTINCT FROM pg_backend_pid()"
    )
    return {row.virtualtransaction for row in rows}


@atomic
def _seal_next(frontier: int, now: datetime) -> int:
    """Add one seal; how many postings it holds, 0 where there is nothing to seal."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE ledger_seal IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(
            f"""
            WITH head AS (
                SELECT coalesce(max(number), 0) AS number, coalesce(max(until_sequence), 0) AS until,
                    coalesce((array_agg(hash ORDER BY number DESC))[1], '') AS hash
                FROM ledger_seal
            ),
            chosen AS MATERIALIZED (
                SELECT * FROM ledger_posting
                WHERE sequence > (SELECT until FROM head) AND sequence <= %(frontier)s
                ORDER BY sequence LIMIT %(limit)s
            ),
            entries AS (
                SELECT posting.sequence, {ENTRY_SQL} AS entry
                FROM chosen posting JOIN ledger_journal journal ON journal.id = posting.journal_id
            ),
            reach AS (SELECT max(sequence) AS until, count(*) AS count FROM entries)
            INSERT INTO ledger_seal (number, created_at, until_sequence, postings, previous_hash, hash)
            SELECT head.number + 1, %(now)s, reach.until, reach.count, head.hash,
                (SELECT {SEAL_SQL.format(previous="head.hash", until="reach.until", count="reach.count")} FROM entries)
            FROM head, reach WHERE reach.count > 0
            RETURNING postings, (SELECT until FROM head) AS since, until_sequence
            """,
            {"frontier": frontier, "limit": SEAL_MAX, "now": now},
        )
        row = cursor.fetchone()
    if row is None:
        return 0
    execute(_LEVELS, {"since": row[1], "until": row[2], "every": LEVEL_EVERY, "now": now, **ids.series(now, "level")})
    return int(row[0])


#: The levels that the postings of one seal complete. Of each account that they touch, its postings are read from its
#: last level on.
_LEVELS = f"""
WITH touched AS (
    SELECT source_id AS account_id FROM ledger_posting WHERE sequence > %(since)s AND sequence <= %(until)s
    UNION SELECT destination_id FROM ledger_posting WHERE sequence > %(since)s AND sequence <= %(until)s
),
begun AS MATERIALIZED (
    SELECT touched.account_id, coalesce(level.postings, 0) AS postings, coalesce(level.sequence, 0) AS sequence,
        coalesce(level.balance_minor, 0) AS balance
    FROM touched LEFT JOIN LATERAL (
        SELECT postings, sequence, balance_minor FROM ledger_level WHERE account_id = touched.account_id
        ORDER BY sequence DESC LIMIT 1
    ) level ON true
),
moves AS (
    SELECT begun.account_id, move.sequence, begun.balance + sum(move.change) OVER account AS balance,
        begun.postings + row_number() OVER account AS postings
    FROM begun CROSS JOIN LATERAL (
        SELECT sequence, -amount_minor AS change FROM ledger_posting
        WHERE source_id = begun.account_id AND sequence > begun.sequence AND sequence <= %(until)s
        UNION ALL
        SELECT sequence, amount_minor FROM ledger_posting
        WHERE destination_id = begun.account_id AND sequence > begun.sequence AND sequence <= %(until)s
    ) move
    WINDOW account AS (PARTITION BY begun.account_id ORDER BY move.sequence)
)
INSERT INTO ledger_level (id, created_at, account_id, postings, sequence, balance_minor)
SELECT {ids.series_sql("row_number() OVER (ORDER BY sequence, account_id)", "level")}, %(now)s,
    account_id, postings, sequence, balance
FROM moves WHERE postings %% %(every)s = 0
"""


def chain_sql() -> str:
    """One SELECT that returns what contradicts the chain and its anchors; `:anchors` are those kept elsewhere."""
    recomputed = SEAL_SQL.format(previous="seal.previous_hash", until="seal.until_sequence", count="count(entry)")
    return f"""
WITH bounds AS (SELECT array_agg(until_sequence ORDER BY number) AS untils FROM ledger_seal),
entries AS (
    SELECT width_bucket(posting.sequence - 1, bounds.untils) + 1 AS place, posting.sequence, {ENTRY_SQL} AS entry
    FROM bounds, ledger_posting posting JOIN ledger_journal journal ON journal.id = posting.journal_id
    WHERE posting.sequence <= (SELECT max(until_sequence) FROM ledger_seal)
),
chain AS (
    SELECT seal.*, row_number() OVER (ORDER BY number) AS place,
        lag(hash, 1, '') OVER (ORDER BY number) AS before
    FROM ledger_seal seal
),
proven AS (
    SELECT seal.number, seal.place, seal.before, seal.previous_hash, seal.hash, seal.postings, count(entry) AS found,
        {recomputed} AS computed
    FROM chain seal LEFT JOIN entries ON entries.place = seal.place
    GROUP BY seal.number, seal.place, seal.before, seal.previous_hash, seal.until_sequence, seal.hash, seal.postings
),
anchors AS (
    SELECT number, hash FROM ledger_anchor
    UNION
    SELECT number, hash FROM jsonb_to_recordset(:anchors::jsonb) AS kept(number bigint, hash text)
)
SELECT 'seal ' || number AS subject, CASE
        WHEN number <> place THEN 'a seal before it is missing'
        WHEN previous_hash <> before THEN 'does not follow the seal before it'
        WHEN found <> postings THEN 'of ' || postings || ' postings ' || found || ' are there'
        ELSE 'a posting or its journal was changed'
    END AS finding
FROM proven
WHERE number <> place OR previous_hash <> before OR found <> postings OR hash <> computed
UNION ALL
SELECT 'anchor ' || anchors.number, CASE WHEN chain.number IS NULL THEN 'the chain ends before it'
    ELSE 'the chain has another hash there' END
FROM anchors LEFT JOIN chain ON chain.number = anchors.number
WHERE chain.hash IS DISTINCT FROM anchors.hash""".strip()


def publish(*, file: Path, now: datetime) -> str | None:
    """Keep the head of the chain outside of the database, as a line of a file; the line, or None where it stands."""
    rows = fetch_rows(
        "INSERT INTO ledger_anchor (number, published_at, hash) SELECT number, %s, hash FROM ledger_seal"
        " ORDER BY number DESC LIMIT 1 ON CONFLICT (number) DO NOTHING RETURNING number, hash",
        [now],
    )
    if not rows:
        return None
    line = f"{now.isoformat()} {rows[0].number} {rows[0].hash}"
    with file.open("a") as anchors:
        anchors.write(line + "\n")
    return line


def read_anchors(file: Path) -> list[tuple[int, str]]:
    """The (number, hash) of each line that was published to a file; none where there is no file."""
    if not file.exists():
        return []
    return [(int(number), digest) for _, number, digest in map(str.split, file.read_text().splitlines())]
