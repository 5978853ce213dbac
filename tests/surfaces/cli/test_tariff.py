"""`entrepot tariff` and `entrepot quote landed`: small files, and the real sets where they are."""

import csv
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from entrepot.domain.customs.models import Edition, Levy, TariffLine
from entrepot.domain.markets import services as markets
from entrepot.kernel.errors import EntrepotError
from entrepot.kernel.models import AuditEntry
from entrepot.surfaces.cli.quote import quote
from entrepot.surfaces.cli.tariff import tariff
from intake.files import real

NOW = datetime(2026, 7, 15, 9, tzinfo=UTC)
HEADER = "consignment,hs,origin,destination,region,date,quantity,weight_g,currency,retail,cost,freight,importer,mode\n"

Run = Callable[..., Result]


@pytest.fixture
def run(database: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Calls a command on the test's own database, in a folder of its own."""
    monkeypatch.setattr("django.db.connections.close_all", lambda: None)
    monkeypatch.chdir(tmp_path)

    def call(command: object, *arguments: str, text: str | None = None) -> Result:
        runner = CliRunner(catch_exceptions=False)
        return runner.invoke(command, list(arguments), input=text, standalone_mode=False)

    return call


def test_a_quote_from_standard_input_on_an_empty_database(run: Run) -> None:
    text = HEADER + "a,6109.10,CN,FR,,2026-07-15,2,300,EUR,20.00,,,,\na,640411,CN,FR,,2026-07-15,1,900,EUR,50.00,,,,\n"
    document = json.loads(run(quote, "landed", "-", "--json", text=text).stdout)
    total = document["totals"][0]
    assert total["parts"]["flat_duty"] == 600
    assert total["parts"]["import_tax"] == 1400 + 120
    assert total["total_minor"] == sum(total["parts"].values()) == 7000 + 600 + 400 + 1520
    assert total["collected"] == {"border": 1000, "platform": 1520}
    assert Levy.objects.filter(is_shipped=True).count() > 50


def test_json_in_is_the_same_as_csv_in(run: Run, tmp_path: Path) -> None:
    line = {"hs": "610910", "origin": "CN", "destination": "DE", "date": "2026-03-02", "quantity": 1, "weight_g": 200,
            "currency": "EUR", "retail": "200.00", "freight": 4.9}  # fmt: skip
    path = tmp_path / "lines.json"
    path.write_text(json.dumps({"lines": [line]}))
    first = json.loads(run(quote, "landed", str(path), "--json").stdout)
    path.write_text(",".join(line) + "\n" + ",".join(map(str, line.values())) + "\n")
    assert json.loads(run(quote, "landed", str(path), "--json").stdout) == first
    assert first["lines"][0]["parts"]["customs_duty"] == 2459  # 12 % of 204.90
    assert first["lines"][0]["parts"]["import_tax"] == 4360  # 19 % of 229.49


def test_amounts_in_another_currency_are_exchanged_at_the_day_s_rate(run: Run) -> None:
    rows = [("EUR", "USD", Decimal("1.25"), date(2026, 7, 14))]
    markets.publish_exchange_rates(rows=rows, source="test", now=NOW)
    text = HEADER + ",610910,CN,DE,,2026-07-15,1,200,USD,25.00,,,,\n"
    line = json.loads(run(quote, "landed", "-", "--json", text=text).stdout)["lines"][0]
    assert (line["currency"], line["parts"]["goods"]) == ("EUR", 2000)


@pytest.mark.parametrize(
    ("row", "field", "code"),
    [
        (",619999,CN,DE,,2026-07-15,1,200,EUR,25.00,,,,", "hs", "customs.unknown_hs"),
        (",61,CN,DE,,2026-07-15,1,200,EUR,25.00,,,,", "hs", "customs.bad_hs"),
        (",610910,CN,DE,,2026-07-15,1,-5,EUR,25.00,,,,", "weight_g", "customs.not_positive"),
        (",610910,CN,DE,,2026-07-15,1,0,EUR,25.00,,,,", "weight_g", "customs.not_positive"),
        (",610910,CN,DE,,2026-07-15,0,200,EUR,25.00,,,,", "quantity", "customs.not_positive"),
        (",610910,CN,DE,,2026-07-15,1,200,XYZ,25.00,,,,", "currency", "customs.unknown_currency"),
        (",610910,CN,DE,,2026-07-15,1,200,JPY,2500,,,,", "currency", "customs.no_exchange_rate"),
        (",610910,CN,DE,,1999-01-01,1,200,EUR,25.00,,,,", "date", "customs.before_regime"),
        (",610910,CN,DE,,yesterday,1,200,EUR,25.00,,,,", "date", "customs.bad_value"),
        (",610910,CN,JP,,2026-07-15,1,200,EUR,25.00,,,,", "destination", "customs.no_regime"),
        (",610910,CN,US,,2026-07-15,1,200,USD,25.00,,,,", "region", "customs.state_needed"),
        (",610910,CN,DE,,2026-07-15,1,200,EUR,,,,,", "retail", "customs.no_value"),
        (",610910,CN,DE,,2026-07-15,1,200,EUR,25.00,,,seller,", "cost", "customs.no_value"),
        (",610910,CN,DE,,2026-07-15,1,200,EUR,-1,,,,", "retail", "customs.negative"),
        (",610910,CN,DE,,2026-07-15,1,200,EUR,1.234,,,,", "retail", "customs.bad_value"),
        (",610910,CN,DE,,2026-07-15,1,200,EUR,25.00,,,,rocket", "mode", "customs.bad_word"),
        (",940521,CN,DE,,2026-07-15,1,200,EUR,225.00,,,,", "hs", "customs.unknown_hs"),
    ],
)
def test_bad_lines_name_row_and_field(run: Run, row: str, field: str, code: str) -> None:
    good = ",610910,CN,DE,,2026-07-15,1,200,EUR,25.00,,,,\n"
    with pytest.raises(EntrepotError) as refused:
        run(quote, "landed", "-", "--json", text=HEADER + good + row + "\n")
    told = refused.value.values["rows"]
    assert [(each["row"], each["field"], each["code"]) for each in told] == [(2, field, code)]
    assert "Row 2" in str(refused.value)


def test_what_cannot_be_read_and_what_the_law_lacks_are_told_at_once(run: Run) -> None:
    rows = [
        ",610910,CN,DE,,2026-07-15,1,200,EUR,25.00,,,,",
        ",610910,CN,DE,,2026-07-15,1,-5,EUR,25.00,,,,",
        ",999999,CN,DE,,2026-07-15,1,200,EUR,25.00,,,,",
        ",610910,CN,XX,,2026-07-15,0,200,EUR,25.00,,,,",
    ]
    with pytest.raises(EntrepotError) as refused:
        run(quote, "landed", "-", "--json", text=HEADER + "\n".join(rows) + "\n")
    told = refused.value.values["rows"]
    assert [(each["row"], each["field"]) for each in told] == [(2, "weight_g"), (3, "hs"), (4, "quantity")]
    assert refused.value.values["count"] == 3


def test_what_leaves_the_range_of_the_computation_is_refused(run: Run) -> None:
    text = HEADER + ",610910,CN,US,,2025-05-03,1,200,USD,,90000000000,,seller,\n"
    with pytest.raises(EntrepotError) as refused:
        run(quote, "landed", "-", text=text)
    assert refused.value.code == "customs.too_large"


def test_lines_of_one_consignment_go_one_way(run: Run) -> None:
    text = HEADER + "a,610910,CN,DE,,2026-07-15,1,200,EUR,25.00,,,,\na,610910,CN,FR,,2026-07-15,1,200,EUR,25.00,,,,\n"
    with pytest.raises(EntrepotError) as refused:
        run(quote, "landed", "-", text=text)
    assert refused.value.values["rows"][0]["code"] == "customs.not_one"


def test_an_unknown_column_and_an_empty_file_are_refused(run: Run) -> None:
    for text, code in (("hs,colour\n610910,red\n", "customs.unknown_column"), (HEADER, "customs.no_lines"),
                       ("{", "rows.json"), ('{"a": 1}', "rows.json"), ("a,b\n1\n", "rows.ragged")):  # fmt: skip
        with pytest.raises(EntrepotError) as refused:
            run(quote, "landed", "-", text=text)
        assert refused.value.code == code


def test_explain_says_what_counts_and_what_changes_next(run: Run) -> None:
    document = json.loads(run(tariff, "explain", "610910", "CN", "US-CA", "2025-06-01", "--json").stdout)
    assert document["tariff_line"]["rate"] == "16.5%"
    assert {(row["authority"], row["rate"]) for row in document["overlays"]} == {
        ("s301", "7.5 %"), ("ieepa_fentanyl", "20 %"), ("ieepa_reciprocal", "10 %")
    }  # fmt: skip
    changes = {(row["on"], row["code"], row["begins"]) for row in document["changes"]}
    assert ("2026-02-24", "s122", True) in changes
    assert ("2025-11-10", "ieepa_fentanyl", False) in changes
    assert document["changes"] == sorted(document["changes"], key=lambda row: (row["on"], row["begins"]))
    assert "2026-02-24" in run(tariff, "explain", "610910", "CN", "US-CA", "2025-06-01").stdout


def test_explain_shows_the_bands_of_value(run: Run) -> None:
    document = json.loads(run(tariff, "explain", "610910", "CN", "GB", "2026-07-01", "--json").stdout)
    assert [(band["up_to_minor"], band["charges"][0]["says"]) for band in document["bands"]] == [
        (13500, "nothing"), (None, "the tariff's rate, with what stacks on it, on goods + freight + insurance")
    ]  # fmt: skip
    assert [band["charges"][-1]["collector"] for band in document["bands"]] == ["platform", "border"]


def test_explain_says_what_is_known_of_goods_that_no_tariff_line_fits(run: Run) -> None:
    document = json.loads(run(tariff, "explain", "640399", "CN", "FR", "2026-07-15", "--json").stdout)
    assert document["tariff_line"] is None and "640399 is not in the tariff eu" in document["problem"]
    assert [charge["code"] for charge in document["bands"][0]["charges"]] == [
        "customs_duty", "low_value_duty", "handling_fee", "import_vat"
    ]  # fmt: skip
    with pytest.raises(EntrepotError) as refused:
        run(tariff, "explain", "999999", "CN", "FR", "2026-07-15")
    assert refused.value.code == "customs.bad_lines"


SCHEDULE = """HTS Number,Indent,Description,Unit,General Rate of Duty,Special Rate of Duty,Column 2 Rate of Duty
"6109.10.00","0","Of cotton","","16.5%","","90%"
"6109.10.00.04","1","T-shirts","","","",""
"0402.99.90.00","0","Other","","46.3¢/kg + 14.9%","","54.5¢/kg + 17.5%"
"6103.22.00","0","Of cotton","","The rate applicable to each garment in the ensemble if separately entered","","x"
"""


def test_a_tariff_is_loaded_once_and_what_is_not_parsed_is_listed(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "hts.csv"
    path.write_text(SCHEDULE)
    first = json.loads(run(tariff, "load", "us", str(path), "--json").stdout)
    assert first["columns"]["us general"] == {"codes": 4, "rated": 4, "parsed": 3, "share": 0.75}
    assert first["editions"] == [{"schedule": "us", "list": "", "rows": 6, "new": True}]
    with (tmp_path / first["unparsed_file"]).open() as file:
        assert {(row["column"], row["code"]) for row in csv.DictReader(file)} == {
            ("general", "61032200"), ("column_2", "61032200")
        }  # fmt: skip
    count = TariffLine.objects.count(), Edition.objects.count()
    again = json.loads(run(tariff, "load", "us", str(path), "--json").stdout)
    assert again["editions"][0]["new"] is False
    assert AuditEntry.objects.filter(verb="customs.load").count() == 1
    assert (TariffLine.objects.count(), Edition.objects.count()) == count


def test_a_whole_tariff_without_its_lists_says_which_is_missing(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "hts.csv"
    path.write_text(SCHEDULE)
    run(tariff, "load", "us", str(path))
    text = HEADER + ",61091000,CN,US,CA,2026-01-05,1,200,USD,25.00,,,,\n"
    with pytest.raises(EntrepotError) as refused:
        run(quote, "landed", "-", text=text)
    assert refused.value.values["rows"][0]["code"] == "customs.list_not_loaded"


def test_goods_of_the_second_column_pay_it(run: Run, tmp_path: Path) -> None:
    schedule = tmp_path / "hts.csv"
    schedule.write_text(SCHEDULE)
    text = HEADER + ",61091000,KP,US,,2019-01-05,100,20000,USD,,2500.00,,seller,\n"
    run(tariff, "load", "us", str(schedule), "--from", "2018-07-06")
    line = json.loads(run(quote, "landed", "-", "--json", text=text).stdout)["lines"][0]
    assert line["parts"]["customs_duty"] == 225000


def test_a_file_that_is_none_is_named(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(EntrepotError) as refused:
        run(tariff, "load", "eu", str(path))
    assert refused.value.code == "intake.unknown_tariff_file" and "other.csv" in str(refused.value)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(EntrepotError) as refused:
        run(tariff, "load", "eu", str(path))
    assert refused.value.code == "intake.unreadable_tariff_file"


@pytest.mark.realdata
def test_the_real_tariff_of_the_united_states(run: Run) -> None:
    files = [real("us_hts_2023") / "htsdata.csv"] + [
        real("us_tariff_overlays") / f"{name}.csv"
        for name in ("s301_product_lists", "ieepa_exempt_products", "s122_exempt_products", "s232_annex_products",
                     "s232_derivative_products", "country_eo_exempt_products")
    ]  # fmt: skip
    first = json.loads(run(tariff, "load", "us", *map(str, files), "--json").stdout)
    assert first["rows"] == 35_598 + 12_223 + 4_297 + 1_656 + 799 + 568 + 952
    assert first["columns"]["us general"]["codes"] == 29_640
    assert first["columns"]["us general"]["share"] > 0.98
    assert first["unparsed"] == len(Path(first["unparsed_file"]).read_text().splitlines()) - 1
    assert not any(each["new"] for each in
                   json.loads(run(tariff, "load", "us", *map(str, files), "--json").stdout)["editions"])  # fmt: skip

    def price(hs: str, origin: str, on: str, retail: str = "1000.00", weight: int = 1000) -> dict[str, int]:
        text = HEADER + f",{hs},{origin},US,CA,{on},10,{weight},USD,{retail},,,,\n"
        parts: dict[str, int] = json.loads(run(quote, "landed", "-", "--json", text=text).stdout)["lines"][0]["parts"]
        return parts

    # Condensed milk, 0402.99.90: 46.3¢/kg + 14.9 %, of New Zealand before any overlay: 2 kg.
    assert price("0402999000", "NZ", "2025-03-01", weight=2000)["customs_duty"] == 14900 + 93  # 92.6
    # Telephones of China are on lists 1 to 4A, and exempt of both the emergency and the section 122 duties.
    assert price("8517620090", "CN", "2026-03-01")["additional_duty"] == 25000
    # Steel of chapter 73 by section 232, which takes the place of the surcharge; list 3 stacks for China.
    assert price("73269086", "DE", "2025-07-01")["additional_duty"] == 50000
    assert price("7326908605", "DE", "2026-05-01")["additional_duty"] == 50000
    assert price("7326908605", "CN", "2026-05-01")["additional_duty"] == 50000 + 25000
    # Up to 15 % with the tariff for the Union: belts with 2.7 % of their own, T-shirts with 16.5 %.
    belt, shirt = price("4203300000", "DE", "2025-10-01"), price("6109100012", "DE", "2025-10-01")
    assert (belt["customs_duty"], belt["additional_duty"]) == (2700, 12300)
    assert (shirt["customs_duty"], shirt["additional_duty"]) == (16500, 0)


@pytest.mark.realdata
def test_the_real_tariffs_of_the_union_and_the_kingdom(run: Run) -> None:
    file = real("uk_eu_tariff_2021") / "global-uk-tariff.csv"
    first = json.loads(run(tariff, "load", "eu", str(file), "--json").stdout)
    assert first["rows"] == 11_830
    assert {name: each["codes"] for name, each in first["columns"].items()} == {
        "eu general": 11_830, "uk general": 11_830
    }  # fmt: skip
    assert first["columns"]["eu general"]["share"] > 0.99
    assert first["columns"]["uk general"]["share"] == 1
    assert not any(
        each["new"] for each in json.loads(run(tariff, "load", "eu", str(file), "--json").stdout)["editions"]
    )

    def price(hs: str, to: str, currency: str, *, retail: str = "1000.00", quantity: int = 100) -> int:
        text = HEADER + f",{hs},CN,{to},,2025-07-01,{quantity},50000,{currency},{retail},,,,\n"
        duty: int = json.loads(run(quote, "landed", "-", "--json", text=text).stdout)["lines"][0]["parts"][
            "customs_duty"
        ]
        return duty

    # Wrist-watches: 4.50 % MIN 0.30 EUR / item MAX 0.80 EUR / item; 0.20 GBP / item.
    assert price("91021100", "DE", "EUR") == 4500
    assert price("91021100", "DE", "EUR", quantity=200) == 6000
    assert price("91021100", "DE", "EUR", quantity=20) == 1600
    assert price("91021100", "GB", "GBP") == 2000
    with pytest.raises(EntrepotError) as refused:
        price("07020000", "DE", "EUR")
    assert refused.value.values["rows"][0]["code"] == "customs.unreadable_rate"


@pytest.mark.realdata
def test_the_tables_that_come_along_agree_with_the_real_tariffs() -> None:
    from entrepot.domain.customs import reference

    columns = {"eu": "cet_duty_rate", "uk": "ukgt_duty_rate"}
    files = {"us": real("us_hts_2023") / "htsdata.csv", "eu": real("uk_eu_tariff_2021") / "global-uk-tariff.csv"}
    files["uk"] = files["eu"]
    for edition in (each for each in reference.load().editions if not each.name):
        with files[edition.schedule].open(encoding="utf-8-sig") as file:
            code, rate = ("commodity", columns.get(edition.schedule)) if edition.schedule != "us" else (
                "HTS Number", "General Rate of Duty")  # fmt: skip
            rows = [(row[code].replace(".", ""), row[rate].strip()) for row in csv.DictReader(file)]
        later = {"851713"}  # in the Harmonized System since 2022, after that edition
        for (_, short), line in edition.lines.items():
            found = {text for whole, text in rows if whole.startswith(short) and text}
            assert found == {line.text} or (short in later and not found), (edition.schedule, short, found)
