"""Run the invariants over a database and say what was found."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from importlib import resources
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.backends.utils import CursorWrapper

from entrepot.domain.accounts.rules import FAMILIES, VERBS, roles_of
from entrepot.domain.ledger import sealing
from entrepot.domain.ledger.rules import CHART
from entrepot.domain.orders.snapshot import digest_sql
from entrepot.domain.terms import bases
from entrepot.kernel import money, schema, walls
from entrepot.kernel.errors import NotFound
from entrepot.verify import recent, tenancy

#: Rows of a finding that are shown; the count is always whole.
SHOWN_MAX = 20


@dataclass(frozen=True, slots=True)
class Invariant:
    """A statement that must hold, and the query whose rows contradict it."""

    code: str
    statement: str
    query: str


@dataclass(frozen=True, slots=True)
class Result:
    """How many rows contradict an invariant, and the first of them."""

    invariant: Invariant
    count: int
    rows: list[dict[str, Any]]

    @property
    def holds(self) -> bool:
        """Whether nothing contradicts it."""
        return self.count == 0


#: Lists within queries that follow from the code: what a minor unit of each currency is worth, the components that each
#: name in a base stands for, the kinds of account that have a floor, the constraints that the models declare, the roles
#: of each kind of organisation, the verbs, what each role may do, and the tables behind walls.
LISTS: dict[str, Callable[[], Iterable[tuple[object, ...]]]] = {
    ":currencies": lambda: ((code, Decimal(1).scaleb(-places)) for code, places in money.EXPONENTS.items()),
    ":sums": lambda: ((name, component) for name in bases.NAMES for component in bases.SUMS.get(name, (name,))),
    ":floored": lambda: ((kind,) for kind, entry in CHART.items() if entry.floor_minor is not None),
    ":constraints": lambda: (
        (model._meta.db_table, constraint.name) for model in apps.get_models() for constraint in model._meta.constraints
    ),
    ":roles": lambda: ((role, kind) for kind in FAMILIES for role in roles_of(kind)),
    ":rights": lambda: sorted(schema.rights()),
    ":shoppers": lambda: ((table,) for table in settings.DATABASE_OWN),
    ":tenants": lambda: ((table,) for table in tenancy.tables()),
    ":verbs": lambda: ((verb,) for verb in VERBS),
}

#: Invariants whose query follows from the code that writes the rows.
GENERATED = {
    "I05": (
        "Postings are as they were sealed: their chain is unbroken, and leads through all that was published of it.",
        sealing.chain_sql,
    ),
    "I26": (
        "A checkout makes one order at most, and a line's hash is that of what it froze.",
        lambda: (
            "SELECT 'line ' || line.id AS subject, 'hash ' || line.snapshot_hash AS finding\n"
            f"FROM orders_orderline line\nWHERE line.snapshot_hash <> {digest_sql('line')}\n"
            "UNION ALL\nSELECT 'checkout ' || checkout_key, count(*) || ' orders' FROM orders_order\n"
            "GROUP BY checkout_key HAVING count(*) > 1\n"
            "UNION ALL\nSELECT 'cart ' || cart_id, count(*) || ' orders' FROM orders_order\n"
            "WHERE cart_id IS NOT NULL AND state <> 'declined' GROUP BY cart_id HAVING count(*) > 1"
        ),
    ),
    "I31": ("A row's seller is its parent's seller, over every key between tenant tables.", tenancy.query),
}


def invariants() -> list[Invariant]:
    """Every invariant, by id."""
    return list(_written())


@lru_cache(maxsize=1)
def _written() -> tuple[Invariant, ...]:
    folder = resources.files("entrepot.verify") / "invariants"
    written = [_read(file.name, file.read_text()) for file in folder.iterdir() if file.name.endswith(".sql")]
    generated = [Invariant(code, statement, query()) for code, (statement, query) in GENERATED.items()]
    return tuple(sorted([*written, *generated], key=lambda invariant: invariant.code))


def select(codes: list[str]) -> list[Invariant]:
    """The invariants of these ids, or all. Raises: NotFound naming an id that there is none of."""
    known = {invariant.code: invariant for invariant in invariants()}
    for code in codes:
        if code not in known:
            raise NotFound(
                "verify.unknown_invariant",
                "There is no invariant {invariant}; there are {known}.",
                invariant=code,
                known=", ".join(known),
            )
    return [known[code] for code in codes] if codes else list(known.values())


def verify(
    *, now: datetime, codes: list[str] | None = None, anchors: Sequence[tuple[int, str]] = ()
) -> Iterator[Result]:
    """Check the invariants in one read-only snapshot; `anchors` are (number, hash) of seals kept elsewhere."""
    chosen = select(codes or [])
    with _snapshot() as cursor:
        for invariant in chosen:
            yield check(cursor, invariant, now=now, anchors=anchors)


@dataclass(frozen=True, slots=True)
class Recent:
    """What a run since an instant covered, what it found, and which invariants it left to a whole run."""

    orders: int
    statements: int
    results: list[Result]
    left: list[str]


def verify_recent(*, since: datetime, now: datetime) -> Recent:
    """Check, in one read-only snapshot, all orders, statements and payouts that anything touched since then."""
    chosen = invariants()
    with _snapshot() as cursor:
        window = recent.find(cursor, since)
        results = [check_recent(cursor, each, window, now=now) for each in chosen if each.code in recent.CUT]
        results += [check(cursor, each, now=now) for each in chosen if each.code in recent.WHOLE]
    done = {result.invariant.code for result in results}
    return Recent(
        len(window.orders),
        len(window.statements),
        sorted(results, key=lambda result: result.invariant.code),
        [each.code for each in chosen if each.code not in done],
    )


def check_recent(cursor: CursorWrapper, invariant: Invariant, window: recent.Window, *, now: datetime) -> Result:
    """Check one invariant for what was touched."""
    narrowed = Invariant(invariant.code, invariant.statement, recent.cut(invariant.query))
    return check(cursor, narrowed, now=now, given=window.values)


def check(
    cursor: CursorWrapper,
    invariant: Invariant,
    *,
    now: datetime,
    anchors: Sequence[tuple[int, str]] = (),
    given: Mapping[str, Any] | None = None,
) -> Result:
    """Check one invariant on an open cursor, whatever its transaction sees; `given` are more of its parameters."""
    # Parameters are written so that a query can also be pasted into psql: \\set now 'now()'.
    query = invariant.query.replace("%", "%%")
    values: dict[str, Any] = {
        **(given or {}),
        "now": now,
        "anchors": json.dumps([{"number": number, "hash": digest} for number, digest in anchors]),
    }
    for name in values:
        query = query.replace(f":{name}", f"%({name})s")
    cursor.execute(query, values)
    names = [column[0] for column in cursor.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchmany(SHOWN_MAX)]
    count = cursor.rowcount
    return Result(invariant, count, rows)


@contextmanager
def _snapshot() -> Iterator[CursorWrapper]:
    """One REPEATABLE READ READ ONLY transaction, so that all checks speak of the same instant."""
    if connection.in_atomic_block:
        raise RuntimeError("verify wants a snapshot of its own, outside any transaction")
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cursor.execute(f"SET LOCAL ROLE {walls.VERIFY}")
        # Whole tables are joined and summed once each: room to do it in memory, and nothing worth compiling for.
        cursor.execute("SET LOCAL work_mem = '64MB'; SET LOCAL jit = off; SET LOCAL statement_timeout = 0")
        try:
            yield cursor
        finally:
            cursor.execute("ROLLBACK")


def _read(name: str, text: str) -> Invariant:
    first, _, query = text.partition("\n")
    for placeholder, rows in LISTS.items():
        if placeholder in query:
            query = query.replace(placeholder, ", ".join(map(_values, rows())))
    return Invariant(name.partition("_")[0], first.removeprefix("-- "), query.strip())


def _values(row: tuple[object, ...]) -> str:
    return "(" + ", ".join(format(cell, "f") if isinstance(cell, Decimal) else f"'{cell}'" for cell in row) + ")"
