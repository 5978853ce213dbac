"""How many catalogue rows a second are imported, beside a plain COPY of the same rows.

Two baselines, both in this run: COPY of the file's cells into one table of texts without any index, which checks and
converts nothing; and COPY of the finished rows into temporary tables followed by plain upserts into the real ones.
"""

import argparse
import csv
import random
import time
from pathlib import Path

from benchmarks.marketplace import fresh
from benchmarks.sides import Result

MAPPING = """
name = "bench"
title = "A generated catalogue"
[files]
goods = "goods.csv"
[products]
file = "goods"
[products.fields]
code = "code"
title = "title"
category = "category"
brand = "brand"
weight = { column = "weight_kg", unit = "kg" }
length = { column = "length_cm", unit = "cm" }
width = { column = "width_cm", unit = "cm" }
height = { column = "height_cm", unit = "cm" }
hs_code = "hs"
origin_country = "origin"
"""
COLUMNS = ("code", "title", "category", "brand", "weight_kg", "length_cm", "width_cm", "height_cm", "hs", "origin")
WORDS = ("red", "blue", "oak", "steel", "small", "large", "lamp", "mug", "chair", "rug", "bag", "clock", "frame", "box")


def generate(path: Path, count: int) -> None:
    """A catalogue of so many rows, the same every time."""
    draw = random.Random(7)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for number in range(count):
            size = [draw.randint(2, 90) for _ in range(3)]
            title = " ".join(draw.choices(WORDS, k=5))
            category, brand = f"category-{draw.randint(1, 70)}", f"Brand {draw.randint(1, 400)}"
            weight, origin = f"{draw.randint(20, 9_000) / 1000:.3f}", draw.choice(("CN", "PT", "DE"))
            writer.writerow((f"A-{number:07d}", title, category, brand, weight, *size, "940510", origin))


#: table -> its key; the finished rows are taken from here and upserted again under other codes.
TABLES = {
    "catalogue_product": "organisation_id, code",
    "catalogue_producttext": "product_id, language",
    "catalogue_sku": "organisation_id, code",
    "catalogue_skucomponent": "sku_id, component_id",
}


def copy_and_upsert() -> float:
    """Seconds to COPY the finished rows into temporary tables and upsert them into emptied real ones."""
    from django.db import connections, transaction

    owner = connections["owner"]
    with owner.cursor() as cursor:
        data = {}
        for table in TABLES:
            cursor.execute("SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute"
                           " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped", [table])  # fmt: skip
            columns = cursor.fetchone()[0]
            with cursor.copy(f"COPY {table} ({columns}) TO STDOUT (FORMAT BINARY)") as copy:
                data[table] = columns, b"".join(bytes(part) for part in copy)
        for table in reversed(TABLES):
            cursor.execute(f"DELETE FROM {table}")
    connections["default"].close()
    began = time.perf_counter()
    with transaction.atomic(using="owner"), owner.cursor() as cursor:
        for table, key in TABLES.items():
            columns, rows = data[table]
            cursor.execute(f"CREATE TEMP TABLE fresh ON COMMIT DROP AS SELECT {columns} FROM {table} WITH NO DATA")
            with cursor.copy(f"COPY fresh ({columns}) FROM STDIN (FORMAT BINARY)") as copy:
                copy.write(rows)
            changes = ", ".join(f"{name} = EXCLUDED.{name}" for name in columns.split(", ") if name not in ("id", *key))
            cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM fresh"
                           f" ON CONFLICT ({key}) DO UPDATE SET {changes}")  # fmt: skip
            cursor.execute("DROP TABLE fresh")
    return time.perf_counter() - began


def copy_cells(path: Path) -> float:
    """Seconds to COPY the file into a table of texts."""
    from django.db import connection, transaction

    began = time.perf_counter()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE cells ({', '.join(f'{name} text' for name in COLUMNS)}) ON COMMIT DROP")
        with cursor.copy("COPY cells FROM STDIN (FORMAT CSV, HEADER)") as copy, path.open("rb") as file:
            while part := file.read(1 << 20):
                copy.write(part)
    return time.perf_counter() - began


def main() -> None:
    """Generate, import, import again, and measure both baselines."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks import_rows", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    count = options.rows
    with fresh() as folder:
        from entrepot.intake import catalogue, mapping
        from entrepot.intake.rejects import Rejects
        from entrepot.kernel import clock, garbage

        garbage.look_seldom()  # as `entrepot import` does
        path = folder / "goods.csv"
        generate(path, count)
        document = mapping.parse(MAPPING)

        def run() -> float:
            began = time.perf_counter()
            report = catalogue.run(document, path, Rejects(None, []), now=clock.now())
            assert report.tables["products"].rejected == 0
            return time.perf_counter() - began

        first, again = run(), run()
        cells, upserts = copy_cells(path), copy_and_upsert()
        Result(
            "import", "rows/s", count / first, count / upserts, "≥ 0.5", upserts / first,
            {
                "baseline": "COPY and plain upsert of the finished rows",
                "the same again, nothing changes": f"{count / again:,.0f} rows/s",
                "COPY of the cells into one table of texts": f"{count / cells:,.0f} rows/s",
                "ratio to the bare COPY": f"{cells / first:.3f}",
            },
        ).tell(as_json=options.json)  # fmt: skip


if __name__ == "__main__":
    main()
