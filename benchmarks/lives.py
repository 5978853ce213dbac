"""Many orders with all that their lives leave behind: a few are lived through the real flows, and copied by sets.

The flows write every row of the pattern. A copy has the same rows under ids of its own, a step later in time, written
by one INSERT a table: keys between the rows of the pattern lead to the copy's, keys to what was there before (offers,
sellers, nodes) stay. What rows of before keep count of, stock and balances, moves by as much as the pattern moved it.
`verify` holds for all of it, as it does for what was lived.
"""

from collections.abc import Sequence
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

#: The id of a row's copy: later by so many milliseconds for each copy, with the number of the copy behind the version.
COPIED = """
CREATE SCHEMA bench;
CREATE FUNCTION bench.copied(identity uuid, copy int, step bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex(('x' || translate(left(identity::text, 13), '-', ''))::bit(48)::bigint + copy * step), 12, '0')
        || '7' || lpad(to_hex(copy), 3, '0') || translate(right(identity::text, 17), '-', ''))::uuid
$$
"""

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
        admin.execute(COPIED)
        before, counted = count_rows(admin), _counted(admin)
    _live(stocked, orders, orders if delivered is None else delivered)
    pattern = Pattern()
    with connect() as admin:
        tables = [table for table in grown(before, count_rows(admin)) if table not in SHARED]
        admin.execute("CREATE TABLE bench.ids (id uuid PRIMARY KEY)")
        for table in tables:
            admin.execute(f"CREATE TABLE bench.{table} AS SELECT * FROM {table} WHERE created_at >= %s",
                          [goods.ORDERED])  # fmt: skip
            if "id" in columns_of(admin, table):
                admin.execute(f"INSERT INTO bench.ids SELECT id FROM bench.{table}")
        pattern.rows = {table: after - before.get(table, 0) for table, after in count_rows(admin).items()}
        pattern.own = {table: set(_own(admin, table)) for table in tables}
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
    """So many copies of the pattern, each a step later than the one before; `made` are there already."""
    assert 0 <= made <= made + copies <= COPIES_MAX
    with connect() as admin:
        # References hold by the way in which the copies are made, and `verify` proves it.
        admin.execute("SET session_replication_role = replica; SET jit = off; SET work_mem = '256MB'")
        for table in pattern.own:
            admin.execute(_copying(admin, pattern, table, step), [made + 1, made + copies])
        for table, changes in pattern.moved.items():
            key, names = COUNTED[table]
            for identity, change in changes.items():
                sets = ", ".join(f"{name} = {name} + {copies * by}" for name, by in zip(names, change, strict=True))
                admin.execute(f"UPDATE {table} SET {sets} WHERE {key} = %s", [identity])
        admin.execute("RESET session_replication_role")
        admin.execute("VACUUM ANALYZE")


def _copying(admin: psycopg.Connection, pattern: Pattern, table: str, step: timedelta) -> str:
    """The INSERT of all copies of a table's rows, the copies one after the other."""
    from entrepot.domain.orders.snapshot import digest_sql

    kinds, unique = _kinds(admin, table), _unique_texts(admin, table, pattern.own[table])
    milliseconds = step // timedelta(milliseconds=1)
    later = f"k * interval '{milliseconds} milliseconds'"
    values = {}
    for name, kind in kinds.items():
        value = values[name] = f't."{name}"'
        if name in pattern.own[table]:
            values[name] = f"bench.copied({value}, k, {milliseconds})"
        elif kind == "timestamp with time zone":
            values[name] = f"{value} + {later}"
        elif kind == "date":
            values[name] = f"({value} + {later})::date"
        elif (table, name) in NAMING:
            copied = f"bench.copied(split_part({value}, ':', 2)::uuid, k, {milliseconds})"
            values[name] = f"concat_ws(':', split_part({value}, ':', 1), {copied}, split_part({value}, ':', 3))"
        elif name in unique:
            room = unique[name] - 4
            values[name] = (
                f"CASE {value} WHEN '' THEN '' ELSE left({value}, {room}) || '-' || lpad(to_hex(k), 3, '0') END"
            )
    order = ', t."sequence"' if values.pop("sequence", None) else ""  # which the database numbers
    chosen = [digest_sql("copied") if name == "snapshot_hash" else f'"{name}"' for name in values]
    listed = ", ".join(f'"{name}"' for name in values)
    made = ", ".join(f'{value} AS "{name}"' for name, value in values.items())
    return (
        f"INSERT INTO {table} ({listed}) SELECT {', '.join(chosen)} FROM (SELECT {made}"
        f" FROM generate_series(%s::int, %s::int) k CROSS JOIN bench.{table} t ORDER BY k{order}) copied"
    )
