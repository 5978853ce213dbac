"""`entrepot import catalogue` and `entrepot replay orders`, as a script calls them."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from entrepot.domain.catalogue.models import Product
from entrepot.domain.orders.models import Order
from entrepot.intake.mapping import Unreadable
from entrepot.kernel.errors import Invalid, NotFound
from entrepot.surfaces.cli.imports import imports
from entrepot.surfaces.cli.replay import replay
from intake.files import CATALOGUE, HISTORY, lines, write
from intake.test_invoices import BUCKETS, HEAD

Run = Callable[..., Result]


@pytest.fixture
def run(database: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Calls a command in an empty folder, on an empty database."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("django.db.connections.close_all", lambda: None)
    (tmp_path / "shop.toml").write_text(CATALOGUE)
    old = HISTORY[HISTORY.index("[[buckets]]") : HISTORY.index("[market]")]
    (tmp_path / "orders.toml").write_text(HISTORY.replace(old, BUCKETS))

    def call(group: object, *arguments: str) -> Result:
        return CliRunner(catch_exceptions=False).invoke(group, list(arguments), standalone_mode=False)  # type: ignore[arg-type]

    return call


def catalogue(run: Run, *arguments: str) -> tuple[dict, int]:
    result = run(imports, "catalogue", ".", "--mapping", "shop.toml", "--json", *arguments)
    return json.loads(result.stdout), result.return_value


def test_an_import_says_what_it_did_and_where_the_rejects_are(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "goods.csv", lines("sku,name,weight,price,currency", "a,Lamp,1,9.99,EUR", "b,Cup,-1,,"))
    outcome, status = catalogue(run)
    assert status == 0
    assert outcome["tables"]["products"] | {"left_out": {}} == {
        "read": 2, "created": 1, "changed": 0, "same": 0, "repeated": 0, "rejected": 1, "left_out": {},
    }  # fmt: skip
    assert outcome["prices_read"] == 1
    assert outcome["rejects"] == "shop-rejects.csv"
    [first] = outcome["first_rejects"]
    assert (first["file"], first["row"]) == ("goods.csv", 3)
    mended = tmp_path / "shop-rejects.csv"
    mended.write_text(mended.read_text().replace(",-1,", ",1,"))
    result = run(imports, "catalogue", "shop-rejects.csv", "--mapping", "shop.toml", "--json")
    assert json.loads(result.stdout)["tables"]["products"]["created"] == 1
    assert json.loads(result.stdout)["rejects"] is None
    assert Product.objects.count() == 2


def test_without_rejects_no_file_is_made_and_a_table_is_shown(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "goods.csv", lines("sku,name,weight,price,currency", "a,Lamp,1,9.99,EUR"))
    result = run(imports, "catalogue", ".", "--mapping", "shop.toml", "--dry-run")
    assert "A dry run: nothing was kept." in result.stdout
    assert "Drafts still lack" in result.stdout
    assert sorted(os.listdir(tmp_path)) == ["goods.csv", "orders.toml", "shop.toml"]  # noqa: PTH208
    assert not Product.objects.exists()


def test_nothing_taken_is_status_1(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "goods.csv", lines("sku,name,weight,price,currency", "a,Lamp,-1,9.99,EUR"))
    assert catalogue(run)[1] == 1


def test_what_cannot_be_used_is_refused_with_its_name(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "goods.csv", lines("sku,name,weight,price,currency"))
    with pytest.raises(NotFound):
        run(imports, "catalogue", ".", "--mapping", "none.toml")
    (tmp_path / "bad.toml").write_text(CATALOGUE.replace('"kg"', '"stone"'))
    with pytest.raises(Unreadable, match=r"products\.fields\.weight\.unit"):
        run(imports, "catalogue", ".", "--mapping", "bad.toml")
    with pytest.raises(Invalid):
        run(imports, "catalogue", "goods.csv", "--mapping", "shop.toml", "--rejects", "goods.csv")


def history(tmp_path: Path) -> None:
    rows = ("1,x,10,1.50,05/01/2011,a", "2,y,1,2,06/01/2011,", "C1,x,-1,1.50,20/01/2011,a", "C2,q,-1,1,20/01/2011,a")
    write(tmp_path / "lines.csv", lines(HEAD, *rows))


def test_a_replay_says_what_the_books_hold(run: Run, tmp_path: Path) -> None:
    history(tmp_path)
    arguments = ("orders", ".", "--mapping", "orders.toml", "--programme", "self-managed", "--json")
    result = run(replay, *arguments, "--report", "out")
    summary = json.loads(result.stdout)
    assert result.return_value == 0
    assert (summary["adds_up"], summary["orders_placed_minor"], summary["sales_of_the_file_minor"]) == (
        True,
        1700,
        1700,
    )
    assert summary["books"]["orders"]["orders"] == 2
    assert summary["books"]["lines"]["returned"] == 1
    assert summary["refused"] == []
    assert set(summary["verify"].values()) == {0}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "buckets.csv", "listed.csv", "refused.csv", "summary.json", "unreadable.csv",
    ]  # fmt: skip
    again = json.loads(run(replay, *arguments).stdout)
    assert {name: count for name, count in again["done_by_this_run"].items() if count} == {}
    assert again["books"] == summary["books"]


def test_a_dry_run_counts_and_plays_nothing(run: Run, tmp_path: Path) -> None:
    history(tmp_path)
    result = run(replay, "orders", ".", "--mapping", "orders.toml", "--programme", "self-managed", "--dry-run")
    assert "The buckets sum to the file." in result.stdout
    assert not Order.objects.exists()


def test_a_window_and_a_limit(run: Run, tmp_path: Path) -> None:
    history(tmp_path)
    arguments = ("orders", ".", "--mapping", "orders.toml", "--programme", "self-managed")
    assert run(replay, *arguments, "--until", "2011-01-06").return_value == 0
    assert Order.objects.count() == 1
    result = run(replay, *arguments, "--limit", "2")
    assert "The books hold." in result.stdout
    assert Order.objects.count() == 2


def test_an_unknown_programme_is_refused_before_anything_is_read(run: Run, tmp_path: Path) -> None:
    history(tmp_path)
    with pytest.raises(NotFound):
        run(replay, "orders", ".", "--mapping", "orders.toml", "--programme", "nonsense")
