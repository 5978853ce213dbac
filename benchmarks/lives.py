"""Many orders with all that their lives leave behind: a few are lived through the real flows, and copied by sets.

The flows write every row of the pattern. A copy has the same rows under ids of its own, a step later in time, written
by one INSERT a table and copy: keys between the rows of the pattern lead to the copy's, keys to what was there before
(offers, sellers, nodes) stay. What rows of before keep count of, stock and balances, moves by as much as the pattern
moved it. `verify` holds for all of it, as it does for what was lived.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import psycopg

from benchmarks import goods
from benchmarks.sides import columns_of, connect, count_rows, grown

#: The number of its copy stands in twelve bits of an id.
COPIES_MAX = 4095

#: What the pattern may add to that is no life's: accounts, terms, the chained trail.
SHARED = {"ledger_account", "ledger_balance", "terms_termssnapshot", "kernel_auditentry"}

#: Texts that name a row, as `capture:<id>:1` does.
NAMING = {("payments_sandboxcharge", "key")}

#: What keeps count of rows elsewhere: its key, and the columns that count.
COUNTED = {
    "inventory_stock": ("id", ("on_hand", "reserved", "allotted")),
    "ledger_balance": ("account_id", ("balance_minor",)),
}

#: Tables that are copied at once, and copies that are committed together.
AT_ONCE, TOGETHER = 2, 50

#: Where the number of a copy stands in its statement.
NUMBER = ":copy:"

Counts = dict[Any, tuple[int, ...]]


@dataclass(slots=True)
class Pattern:
    """What the lives added: rows by table; the columns of each whose keys are theirs; and what they moved elsewhere."""

    rows: dict[str, int] = field(default_factory=dict)
    own: dict[str, set[str]] = field(default_factory=dict)
    moved: dict[str, Counts] = field(default_factory=dict)


def live(stocked: goods.Goods, orders: int, *, delivered: int | None = None) -> Pattern:
    """So many orders of two lines, all or so many of them delivered and accrued; what they left behind."""
    with connect() as admin:
        admin.execute("CREATE SCHEMA bench")
        before, counted = count_rows(admin), _counted(admin)
    _live(stocked, orders, orders if delivered is None else delivered)
    pattern = Pattern()
    with connect() as admin:
        tables = [table for table in grown(before, count_rows(admin)) if table not in SHARED]
        admin.execute("CREATE TABLE bench.ids (id uuid PRIMARY KEY)")
        for table in tables:
            names = columns_of(admin, table)
            order = " ORDER BY sequence" if "sequence" in names else ""
            admin.execute(f"CREATE TABLE bench.{table} AS SELECT * FROM {table} WHERE created_at >= %s{order}",
                          [goods.ORDERED])  # fmt: skip
            if "id" in names:
                admin.execute(f"INSERT INTO bench.ids SELECT id FROM bench.{table}")
        pattern.rows = {table: after - before.get(table, 0) for table, after in count_rows(admin).items()}
        for table in tables:
            pattern.own[table] = set(_own(admin, table))
            _take_apart(admin, table, pattern.own[table])
        for table, after in _counted(admin).items():
            pattern.moved[table] = {
                key: tuple(now - then for now, then in zip(values, was, strict=True))
                for key, values in after.items()
                if (was := counted[table].get(key, (0,) * len(values))) != values
            }
    return pattern


def _live(stocked: goods.Goods, orders: int, delivered: int) -> None:
    from entrepot.domain.orders import work
    from entrepot.flows import fulfilment, tracking
    from entrepot.flows.checkout import Placed, place_orders
    from entrepot.flows.fulfilment import Box, Handover
    from entrepot.flows.tracking import Scan
    from entrepot.kernel import outbox
    from entrepot.kernel.actors import SYSTEM

    with outbox.muted():
        answers = place_orders(requests=goods.requests(stocked, orders, prefix="life"), now=goods.ORDERED)
        assert all(isinstance(each, Placed) for each in answers), answers[:3]
        sent = {each.order_id for each in answers[:delivered]}
        left, arrived = goods.ORDERED + timedelta(hours=6), goods.ORDERED + timedelta(days=2)
        waiting = work.list_work(organisation_id=None, limit=10 * orders)
        items = [item for item in waiting if item.order_id in sent]
        parts = work.list_lines(suborder_ids=[item.suborder_id for item in items])
        boxes = [Box(item.id, [(line.id, line.to_pack) for line in parts[item.suborder_id]]) for item in items]
        parcels = fulfilment.pack(boxes=boxes, actor=SYSTEM, now=left)
        fulfilment.hand_over(handovers=[Handover(each.id) for each in parcels], actor=SYSTEM, now=left)
        events = [Scan("delivered", "carrier", arrived, "bench:delivered", each.id) for each in parcels]
        tracking.record_tracking(events=events, now=arrived)


def _counted(admin: psycopg.Connection) -> dict[str, Counts]:
    return {
        table: {key: tuple(values) for key, *values in admin.execute(f"SELECT {key}, {', '.join(names)} FROM {table}")}
        for table, (key, names) in COUNTED.items()
    }


def _own(admin: psycopg.Connection, table: str) -> Sequence[str]:
    """The columns of a table that hold ids of the lives' own rows, and nothing else."""
    names = [name for name, kind in _kinds(admin, table).items() if kind == "uuid"]
    found = []
    for name in names:
        [(own, filled)] = admin.execute(
            f'SELECT count(ids.id), count(t."{name}") FROM bench.{table} t LEFT JOIN bench.ids ON ids.id = t."{name}"'
        ).fetchall()
        assert own in (0, filled), f"{table}.{name} leads to rows of a life and to others"
        if own:
            found.append(name)
    return found


def _take_apart(admin: psycopg.Connection, table: str, own: set[str]) -> None:
    """Beside every id that will be copied, its time and its end: they are read from it once."""
    texts = {name: f'"{name}"::text' for name in sorted(own)}
    parts = [f', {_time_of(text)} AS "{name}_at", {_end_of(text)} AS "{name}_end"' for name, text in texts.items()]
    admin.execute(f"ALTER TABLE bench.{table} RENAME TO whole")
    admin.execute(f"CREATE TABLE bench.{table} AS SELECT *{''.join(parts)} FROM bench.whole")
    admin.execute("DROP TABLE bench.whole")


def _kinds(admin: psycopg.Connection, table: str) -> dict[str, str]:
    rows = admin.execute(
        "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = %s::regclass", [table]
    ).fetchall()
    kinds = dict(rows)
    return {name: kinds[name] for name in columns_of(admin, table)}


def _unique_texts(admin: psycopg.Connection, table: str, own: set[str]) -> dict[str, int]:
    """The texts that tell rows apart where no id of their own does, with the room that they have."""
    rows = admin.execute(
        "SELECT array_agg(attname::text ORDER BY place),"
        " (array_agg(attname::text ORDER BY place DESC) FILTER (WHERE atttypid = 'varchar'::regtype))[1]"
        " FROM pg_index CROSS JOIN unnest(indkey::int2[]) WITH ORDINALITY AS keyed(attnum, place)"
        " JOIN pg_attribute USING (attnum) WHERE attrelid = indrelid AND indrelid = %s::regclass AND indisunique"
        " GROUP BY indexrelid",
        [table],
    ).fetchall()
    named = {last for names, last in rows if last and not own & set(names)}
    return {
        name: room
        for name, room in admin.execute(
            "SELECT attname, atttypmod - 4 FROM pg_attribute WHERE attrelid = %s::regclass", [table]
        )
        if name in named
    }


def multiply(pattern: Pattern, copies: int, *, step: timedelta, made: int = 0) -> None:
    """So many copies of the pattern, each a step later than the one before; `made` are there already.

    Tables are written two at a time, the largest first, every copy by one statement in which it is a constant.
    """
    assert 0 <= made <= made + copies <= COPIES_MAX
    numbers = range(made + 1, made + copies + 1)
    with connect() as admin, _hurried(admin):
        largest = sorted(pattern.own, key=lambda table: -pattern.rows[table])
        written = [(_copying(admin, pattern, table, step), numbers) for table in largest]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(_write, *zip(*written, strict=True)))
        admin.execute("SET session_replication_role = replica")
        for table, changes in pattern.moved.items():
            key, names = COUNTED[table]
            for identity, change in changes.items():
                sets = ", ".join(f"{name} = {name} + {copies * by}" for name, by in zip(names, change, strict=True))
                admin.execute(f"UPDATE {table} SET {sets} WHERE {key} = %s", [identity])
        admin.execute("RESET session_replication_role")
        admin.execute("VACUUM ANALYZE")


@contextmanager
def _hurried(admin: psycopg.Connection) -> Iterator[None]:
    """While copies are made, a crash may lose them: the scratch server writes no whole pages to its log."""
    hurry = {"full_page_writes": "off", "max_wal_size": "'4GB'"}
    for name, value in hurry.items():
        admin.execute(f"ALTER SYSTEM SET {name} = {value}")
    admin.execute("SELECT pg_reload_conf()")
    try:
        yield
    finally:
        for name in hurry:
            admin.execute(f"ALTER SYSTEM RESET {name}")
        admin.execute("SELECT pg_reload_conf()")
        admin.execute("CHECKPOINT")


def _write(statement: str, numbers: Sequence[int]) -> None:
    """All copies of a table's rows, some of them a transaction."""
    with connect() as writer:
        # References hold by the way in which the copies are made, and `verify` proves it.
        writer.execute("SET session_replication_role = replica; SET jit = off; SET synchronous_commit = off")
        for first in range(0, len(numbers), TOGETHER):
            with writer.transaction():
                for number in numbers[first : first + TOGETHER]:
                    writer.execute(statement.replace(NUMBER, str(number)).encode(), prepare=False)


def _copying(admin: psycopg.Connection, pattern: Pattern, table: str, step: timedelta) -> str:
    """The INSERT of a copy of a table's rows; its number stands where NUMBER does."""
    from entrepot.domain.orders.snapshot import digest_sql

    kinds, unique = _kinds(admin, table), _unique_texts(admin, table, pattern.own[table])
    milliseconds = step // timedelta(milliseconds=1)
    later = f"{NUMBER} * interval '{milliseconds} milliseconds'"
    values = {}
    for name, kind in kinds.items():
        value = values[name] = f't."{name}"'
        if name in pattern.own[table]:
            values[name] = _copied(f't."{name}_at"', f't."{name}_end"', milliseconds)
        elif kind == "timestamp with time zone":
            values[name] = f"{value} + {later}"
        elif kind == "date":
            values[name] = f"({value} + {later})::date"
        elif (table, name) in NAMING:
            named = f"split_part({value}, ':', 2)"
            copied = _copied(_time_of(named), _end_of(named), milliseconds)
            values[name] = f"concat_ws(':', split_part({value}, ':', 1), {copied}, split_part({value}, ':', 3))"
        elif name in unique:
            room = unique[name] - 4
            values[name] = (
                f"CASE {value} WHEN '' THEN '' ELSE left({value}, {room}) || '-' || lpad(to_hex({NUMBER}), 3, '0') END"
            )
    values.pop("sequence", None)  # which the database numbers, in the order of the pattern
    chosen = [digest_sql("copied") if name == "snapshot_hash" else f'"{name}"' for name in values]
    listed = ", ".join(f'"{name}"' for name in values)
    made = ", ".join(f'{value} AS "{name}"' for name, value in values.items())
    return f"INSERT INTO {table} ({listed}) SELECT {', '.join(chosen)} FROM (SELECT {made} FROM bench.{table} t) copied"


def _time_of(identity: str) -> str:
    """The milliseconds of an id that is written out."""
    return f"('x' || translate(left({identity}, 13), '-', ''))::bit(48)::bigint"


def _end_of(identity: str) -> str:
    """What stands in it after the version and twelve bits."""
    return f"translate(right({identity}, 17), '-', '')"


def _copied(at: str, end: str, milliseconds: int) -> str:
    """The id of a row's copy: later by so many milliseconds for each copy, its number behind the version."""
    begin = f"lpad(to_hex({at} + {NUMBER} * {milliseconds}::bigint), 12, '0')"
    return f"({begin} || '7' || lpad(to_hex({NUMBER}), 3, '0') || {end})::uuid"
