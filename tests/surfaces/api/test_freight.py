"""Rate cards and freight quotes over the API."""

from surfaces.api.calls import caller, operator

CARD = "card,currency,mode,carrier,service,valid_from,source,charge,basis,by,above,to,amount\n"


def test_a_published_card_prices_consignments(world):
    sheet = f"{CARD}x,USD,parcel,Some,ground,2025-01-01,a test,freight,shipment,weight kg,0,2,5"
    desk = operator(world)
    assert desk.ask("POST", "/freight/cards", {"sheet": sheet}) == {"published": ["x"]}
    [card] = desk.ask("GET", "/freight/cards")
    assert (card["card"], card["currency"], card["mode"]) == ("x", "USD", "parcel")
    rows = [{"id": "a", "weight_g": 900}, {"weight_g": 9000}]
    found = desk.ask("POST", "/freight/quotes", {"rows": rows})
    assert [(row["id"], row["quotes"][0]["total_minor"], row["quotes"][0]["refusal"]) for row in found] == [
        ("a", 500, ""), ("2", 0, "band"),
    ]  # fmt: skip


def test_a_bad_row_is_named(world):
    desk = operator(world)
    answer = desk.ask("POST", "/freight/quotes", {"rows": [{"weight_g": 5}, {"weight_g": -5}]}, status=422)
    assert (answer["code"], answer["field"], answer["values"]["row"]) == ("freight.unreadable", "weight_g", 2)
    answer = desk.ask(
        "POST", "/freight/cards", {"sheet": CARD + "x,USD,parcel,A,b,2025-01-01,s,f,shipment,,,,"}, status=422
    )
    assert answer["values"]["column"] == "amount"


def test_a_seller_publishes_no_cards(world):
    seller = world.seller("acme")
    who = caller(world, seller.organisation, "seller.owner")
    assert who.ask("POST", "/freight/cards", {"sheet": CARD}, status=403)["code"] == "accounts.verb_missing"


def test_lanes_promise_a_window_for_the_day(world):
    desk = operator(world)
    head = "lane,origin,destination,valid_from,source,leg,task,mode,from,to,days,departs"
    sheet = f"{head}\nx,CN,DE,2025-01-01,a test,line haul,line_haul,air,Hong Kong,the door,3,1"
    assert desk.ask("POST", "/freight/lanes", {"sheet": sheet}) == {"published": ["x"]}
    [lane] = desk.ask("GET", "/freight/lanes?ready_on=2026-11-24")
    assert (lane["first"], lane["last"], lane["legs"][0]["done_by"]) == ("2026-12-03",) * 3
    assert desk.ask("GET", "/freight/lanes?confidence=2", status=422)["field"] == "confidence"
    bad = sheet + "\n,,,,,back,line_haul,air,the door,Hong Kong,3,"
    assert desk.ask("POST", "/freight/lanes", {"sheet": bad}, status=422)["values"]["column"] == "to"


def test_versions_tell_what_they_changed_and_a_sheet_is_looked_at_first(world):
    desk = operator(world)
    sheet = f"{CARD}x,USD,parcel,Some,ground,2025-01-01,a test,freight,shipment,weight kg,0,2,5"
    later = sheet.replace("2025-01-01", "2026-01-01").replace("0,2,5", "0,2,6")
    [new] = desk.ask("POST", "/freight/cards/looks", {"sheet": sheet})
    assert new["is_new"] and desk.ask("GET", "/freight/cards") == []
    desk.ask("POST", "/freight/cards", {"sheet": sheet})
    [planned] = desk.ask("POST", "/freight/cards/looks", {"sheet": later})
    assert {"column": "amount", "before": "5", "after": "6"}.items() <= planned["changes"][-1].items()
    desk.ask("POST", "/freight/cards", {"sheet": later})
    newest, first = desk.ask("GET", "/freight/cards/x/versions")
    assert (newest["changes"], first["changes"]) == (planned["changes"], [])
    assert (first["valid_until"], newest["valid_from"]) == ("2026-01-01", "2026-01-01")
    [refused] = desk.ask("POST", "/freight/cards/looks", {"sheet": sheet.replace("0,2,5", "0,2,9")})
    assert "give the new one a later day" in refused["refusal"]
    assert desk.ask("GET", "/freight/lanes/nowhere/versions", status=404)["code"] == "logistics.unknown_sheet"
