"""`entrepot quote freight` and `entrepot import rates`, as they are called."""

import json

import pytest
from click.testing import CliRunner

from entrepot.surfaces.cli.imports import rates
from entrepot.surfaces.cli.quote import freight

CARD = "card,currency,mode,carrier,service,valid_from,source,charge,basis,by,above,to,amount\n"


@pytest.fixture
def run(database, monkeypatch, tmp_path):
    """Runs a command on the tests' database with the given file; its status and what it printed."""
    from contextlib import nullcontext

    monkeypatch.setattr("entrepot.surfaces.cli.session.database", nullcontext)

    def call(command, text, *options):
        path = tmp_path / "given.csv"
        path.write_text(text)
        result = CliRunner().invoke(command, [str(path), *options], standalone_mode=False)
        if result.exception:
            raise result.exception
        return result.return_value, result.output

    return call


def test_cards_are_published_once_and_price_rows(run):
    cards = f"{CARD}x,USD,parcel,Some,ground,2025-01-01,a test,freight,shipment,weight kg,0,2,5"
    assert "1 rate cards are new" in run(rates, cards)[1] and "0 rate cards are new" in run(rates, cards)[1]
    status, output = run(freight, "id,weight_g,card\na,900,x\nb,9000,x\n", "--json")
    first, second = json.loads(output)
    assert (status, first["id"], first["quotes"][0]["total_minor"], second["quotes"][0]["refusal"]) == (
        1,
        "a",
        500,
        "band",
    )
    status, output = run(freight, '[{"weight_g": 900, "card": "x"}]')
    assert status == 0 and "$5.00" in output


def test_a_carriers_sheet_becomes_cards_and_tells_what_it_leaves_out(run):
    names = "service_code,zone_label,country_codes,min_weight,max_weight,rate,currency"
    sheet = f"{names}\nAIR,EU,DE,0.01,1,4.5,EUR\nAIR,EU,DE,1,2,,EUR\n"
    _, output = run(rates, sheet, "--carrier", "some", "--from", "2026-01-01", "--json")
    assert json.loads(output) == {"published": ["some-air"], "left_out": [{"row": 3, "why": "no price"}]}
