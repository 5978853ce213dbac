"""Small files and mappings that tests write for themselves."""

import gzip
import os
from pathlib import Path

import pytest

REAL = Path(os.environ.get("ENTREPOT_REAL_DATA", Path(__file__).parents[3] / "shared" / "data"))

CATALOGUE = """
name = "shop"
title = "A shop"
[files]
goods = "goods.csv"
[products]
file = "goods"
[products.fields]
code = "sku"
title = "name"
weight = { column = "weight", unit = "kg" }
price = { column = "price", currency_column = "currency" }
"""

HISTORY = """
name = "orders"
title = "Orders"
[files]
lines = "lines.csv"
[lines]
file = "lines"
[lines.fields]
invoice = "no"
code = "code"
quantity = "qty"
price = { column = "price", currency = "GBP" }
at = { column = "day", format = "%d/%m/%Y", zone = "Europe/London" }
[[buckets]]
name = "sale"
act = "sale"
reason = "goods sold"
[market]
code = "GB"
name = "Britain"
country = "GB"
currency = "GBP"
time_zone = "Europe/London"
language = "en"
tax = [
  { rate = 0.175, valid_from = 2010-01-01, source = "law" },
  { rate = 0.2, valid_from = 2011-01-04, source = "law" },
]
[seller]
code = "one"
name = "One"
country = "GB"
[assumed]
weight = 250
length = 120
width = 100
height = 80
hs_code = "392640"
origin_country = "GB"
carrier = "post"
service = "standard"
freight = 3.95
transit = 3
supply_share = 0.6
source = "assumed"
"""


def real(name: str) -> Path:
    """A folder of the real data, or the test is skipped."""
    folder = REAL / name
    if not folder.is_dir():
        pytest.skip(f"the real data {name} is not here; ENTREPOT_REAL_DATA names its folder")
    return folder


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    """A file of this text, gzipped where its name says so."""
    data = text.encode(encoding)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def lines(*rows: str) -> str:
    """Rows as a text."""
    return "".join(f"{row}\n" for row in rows)
