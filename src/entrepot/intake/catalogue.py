"""A catalogue comes in: sellers as applicants, products as drafts that say what they lack. Nothing is invented.

Batch by batch, each in its own transaction: what was cut off is done again by the next run, which finds by the codes
what is there already and leaves it alone.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction

from entrepot.domain.accounts import queries as accounts
from entrepot.domain.accounts.models import Organisation
from entrepot.domain.catalogue import services as catalogue
from entrepot.domain.catalogue.models import Category
from entrepot.domain.catalogue.rules import ProductDraft, SkuDraft
from entrepot.domain.sellers import applicants
from entrepot.domain.sellers import queries as sellers
from entrepot.intake.grammar import Document
from entrepot.intake.rejects import Rejects
from entrepot.intake.tables import Rows, Source, asked
from entrepot.kernel.db import fetch_rows
from entrepot.kernel.errors import EntrepotError, Invalid, NotFound

#: What a catalogue has, in the order in which it comes in.
TABLES = ("sellers", "products")

#: Products that are kept by one transaction.
BATCH = 4_000


@dataclass(slots=True)
class Outcome:
    """What became of the rows of a table."""

    read: int = 0
    created: int = 0
    changed: int = 0
    same: int = 0
    repeated: int = 0
    rejected: int = 0
    left_out: Counter[str] = field(default_factory=Counter)

    def note(self, states: Iterable[str]) -> None:
        """Count what a service answered."""
        counted = Counter(states)
        self.created += counted["created"]
        self.changed += counted["changed"]
        self.same += counted["same"]


@dataclass(slots=True)
class Report:
    """What an import did, table by table, and what the products lack that it brought."""

    tables: dict[str, Outcome]
    lacking: Counter[str] = field(default_factory=Counter)
    priced: int = 0


class _DryRun(Exception):
    """Ends a dry run: everything was done, and nothing stays."""


def run(
    document: Document,
    path: Path,
    rejects: Rejects,
    *,
    now: datetime,
    seller_code: str = "",
    dry_run: bool = False,
    seen: Callable[[str, int], None] = lambda table, rows: None,
) -> Report:
    """Import what a mapping finds at a path. `seen` is told of each batch of rows. Raises: Invalid, NotFound."""
    sources = _sources(document, path)
    report = Report({name: Outcome() for name in sources})
    with _kept_unless(dry_run):
        if "sellers" in sources:
            _bring_sellers(sources["sellers"], report.tables["sellers"], rejects, now, seen)
        if "products" in sources:
            owner = _owner(seller_code)
            _Products(document, sources["products"], report, rejects, owner, now).bring(seen)
            report.lacking = _lacking(document.name)
    return report


def wanted(document: Document) -> list[str]:
    """The columns that a rejects file of this mapping has."""
    names = [name for name in TABLES if getattr(document, name) is not None]
    return list(dict.fromkeys(column for name in names for column in asked(document, name)))


@contextmanager
def _kept_unless(dry_run: bool) -> Iterator[None]:
    """A dry run is the real run within a transaction that is rolled back."""
    if not dry_run:
        yield
        return
    try:
        with transaction.atomic():
            yield
            raise _DryRun
    except _DryRun:
        pass


def _sources(document: Document, path: Path) -> dict[str, Source]:
    """The tables that this path has something for, sellers first. Raises: Invalid where it has nothing for any."""
    names = [name for name in TABLES if getattr(document, name) is not None]
    if not names:
        raise Invalid(
            "intake.not_a_catalogue",
            "The mapping {name} reads an order history, not a catalogue.",
            field="mapping",
            name=document.name,
        )
    sources = {name: Source(document, name, path) for name in names}
    fitting = {name: source for name, source in sources.items() if source.mended or source.fits()}
    # Where the path is one file that suits no table, the last table says what it misses.
    return fitting if fitting and path.is_file() else sources if path.is_dir() else {names[-1]: sources[names[-1]]}


def _owner(seller_code: str) -> Organisation:
    """Whose the products are: the operator's, or those of the seller that was named."""
    if not seller_code:
        return accounts.get_operator()
    seller = sellers.find_seller(seller_code=seller_code)
    if seller is None:
        raise NotFound("intake.no_seller", "There is no seller {seller}.", field="seller", seller=seller_code)
    return seller.organisation


def _lacking(name: str) -> Counter[str]:
    """What the drafts of this mapping lack, each with how many lack it."""
    rows = fetch_rows(
        "SELECT lacking, count(*) AS products FROM catalogue_product, unnest(missing) lacking"
        " WHERE source = %s AND status = 'draft' GROUP BY lacking ORDER BY lacking",
        [name],
    )
    return Counter({row.lacking: row.products for row in rows})


def _bring_sellers(
    source: Source, outcome: Outcome, rejects: Rejects, now: datetime, seen: Callable[[str, int], None]
) -> None:
    known: dict[str, int] = {}
    for rows in source.read(BATCH):
        _count(rows, outcome, rejects)
        fresh = _fresh(rows, "sellers", rows.values["code"], known, outcome, rejects)
        values = rows.values
        names = values.get("name") or values["code"]
        profile = [name for name in values if name.startswith("profile.")]
        kept = applicants.keep_applicants(
            rows=[
                applicants.Applicant(
                    values["code"][at],
                    names[at] or values["code"][at],
                    values["country"][at],
                    values["settlement_currency"][at],
                    {name.partition(".")[2]: values[name][at] for name in profile if values[name][at]},
                )
                for at in fresh
            ],
            now=now,
        )
        outcome.note(state for _, state in kept.values())
        for at in fresh:
            if values["code"][at] not in kept:
                why = f"code: {values['code'][at]} is the code of an organisation that is no seller"
                _reject(rows, "sellers", at, why, outcome, rejects)
        seen("sellers", len(rows.numbers) + len(rows.rejects))


def _count(rows: Rows, outcome: Outcome, rejects: Rejects) -> None:
    outcome.read += len(rows.numbers) + len(rows.rejects) + sum(rows.left_out.values())
    outcome.rejected += len(rows.rejects)
    outcome.left_out.update(rows.left_out)
    rejects.add(rows.rejects)


def _reject(rows: Rows, table: str, at: int, why: str, outcome: Outcome, rejects: Rejects) -> None:
    outcome.rejected += 1
    rejects.add([rows.reject(table, at, why)])


def _fresh(
    rows: Rows, table: str, codes: Sequence[str], known: dict[str, int], outcome: Outcome, rejects: Rejects
) -> list[int]:
    """The positions of rows whose code did not come before; a code that comes again with other values is rejected."""
    columns = list(rows.values.values())
    fresh = []
    for at, code in enumerate(codes):
        content = hash(tuple(column[at] for column in columns))
        before = known.get(code)
        if before is None:
            known[code] = content
            fresh.append(at)
        elif before == content:
            outcome.repeated += 1
        else:
            _reject(rows, table, at, f"code: {code} came before with other values", outcome, rejects)
    return fresh


#: The fields that say what a product is, and those that say what a SKU is.
_ABOUT = ("code", "category", "brand", "title", "description")
_MEASURED = (
    "weight", "length", "width", "height", "hs_code", "origin_country", "battery", "bulky", "unit", "pack_quantity",
    "barcode",
)  # fmt: skip


def _sku(measured: tuple[Any, ...], options: dict[str, str]) -> SkuDraft:
    code, weight, length, width, height, hs_code, origin, battery, bulky, unit, pack, barcode = measured
    return SkuDraft(
        sku_code=code,
        options=options,
        weight_g=weight,
        length_mm=length,
        width_mm=width,
        height_mm=height,
        hs_code=hs_code or "",
        origin_country=origin or "",
        has_battery=bool(battery),
        is_bulky=bool(bulky),
        base_unit=unit or "piece",
        pack_quantity=1 if pack is None else pack,
        barcode=barcode or "",
    )


class _Products:
    """The products of a catalogue on their way in."""

    def __init__(
        self, document: Document, source: Source, report: Report, rejects: Rejects, owner: Organisation, now: datetime
    ) -> None:
        self.document, self.source, self.report, self.rejects, self.now = document, source, report, rejects, now
        self.outcome = report.tables["products"]
        self.owners: dict[str, UUID | None] = {"": owner.pk}
        self.categories: dict[str, str] = {}
        self.known: dict[str, int] = {}

    def bring(self, seen: Callable[[str, int], None]) -> None:
        """Keep the products batch by batch."""
        for rows in self.source.read(BATCH):
            _count(rows, self.outcome, self.rejects)
            self._batch(rows)
            seen("products", len(rows.numbers) + len(rows.rejects))

    def _batch(self, rows: Rows) -> None:
        values = rows.values
        none = [None] * len(rows.numbers)
        codes = [sku or code for sku, code in zip(values.get("sku", none), values["code"], strict=True)]
        fresh = _fresh(rows, "products", codes, self.known, self.outcome, self.rejects)
        self._keep_categories(values, fresh)
        groups: dict[UUID, dict[str, list[int]]] = {}
        for at in fresh:
            owner = self._owner_of(values.get("seller", none)[at] or "")
            if owner is None:
                why = f"seller: there is no seller {values['seller'][at]}"
                _reject(rows, "products", at, why, self.outcome, self.rejects)
            else:
                groups.setdefault(owner, {}).setdefault(values["code"][at], []).append(at)
        self.report.priced += sum(values.get("price", none)[at] is not None for at in fresh)
        for owner, products in groups.items():
            places = list(products.values())
            self._keep(rows, owner, list(zip(self._drafts(rows, places, codes), places, strict=True)))

    def _owner_of(self, code: str) -> UUID | None:
        if code not in self.owners:
            seller = sellers.find_seller(seller_code=code)
            self.owners[code] = seller.pk if seller else None
        return self.owners[code]

    def _keep(self, rows: Rows, owner: UUID, drafts: list[tuple[ProductDraft, list[int]]]) -> None:
        """Keep drafts; where one is refused, halve until it stands alone and reject its rows."""
        try:
            kept = catalogue.keep_products(
                organisation_id=owner, drafts=[draft for draft, _ in drafts], now=self.now, fill=True
            )
        except EntrepotError as refusal:
            if len(drafts) == 1:
                for at in drafts[0][1]:
                    _reject(rows, "products", at, str(refusal), self.outcome, self.rejects)
                return
            middle = len(drafts) // 2
            self._keep(rows, owner, drafts[:middle])
            self._keep(rows, owner, drafts[middle:])
            return
        self.outcome.note(each.state for each in kept)

    def _drafts(self, rows: Rows, products: Iterable[list[int]], codes: Sequence[str]) -> list[ProductDraft]:
        """The rows of each product as a draft: the first says what the product is, each one is a SKU."""
        values = rows.values
        none = [None] * len(rows.numbers)
        about = list(zip(*(values.get(name, none) for name in _ABOUT), strict=True))
        measured = list(zip(codes, *(values.get(name, none) for name in _MEASURED), strict=True))
        options = {name.partition(".")[2]: values[name] for name in values if name.startswith("option.")}
        language, source = self.document.language, self.document.name
        drafts = []
        for places in products:
            code, category, brand, title, description = about[places[0]]
            drafts.append(
                ProductDraft(
                    product_code=code,
                    category_code=self.categories.get(category, "") if category else "",
                    brand=brand or "",
                    axes=tuple(axis for axis, column in options.items() if any(column[at] for at in places)),
                    source=source,
                    texts={language: (title, description or "")} if title else {},
                    skus=[
                        _sku(measured[at], {axis: column[at] for axis, column in options.items() if column[at]})
                        for at in places
                    ],
                )
            )
        return drafts

    def _keep_categories(self, values: dict[str, list[Any]], fresh: list[int]) -> None:
        """Make the categories that are named for the first time; those that are there keep their names."""
        column = values.get("category")
        if column is None:
            return
        names = values.get("category_name", column)
        new = {column[at]: names[at] or column[at] for at in fresh if column[at] and column[at] not in self.categories}
        if not new:
            return
        self.categories |= {name: slug(name) for name in new}
        codes = {slug(name): label for name, label in new.items()}
        present = set(Category.objects.filter(code__in=codes).values_list("code", flat=True))
        catalogue.keep_categories(
            rows=[
                catalogue.NewCategory(code, names={self.document.language: label})
                for code, label in sorted(codes.items())
                if code not in present
            ],
            now=self.now,
        )


def slug(name: str) -> str:
    """A category's code from its name in a file: small letters, digits, - and _."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9_]+", "-", plain).strip("-")[:60] or "category"
