"""Programmes compared over the API: by anybody who may read them, with what a seller lacks."""

from surfaces.api.calls import caller, operator

ROW = {
    "sku": "mug",
    "market": "DE",
    "home_country": "DE",
    "currency": "EUR",
    "retail": "19.90",
    "cost": "4",
    "weight_g": 400,
}


def test_a_seller_sees_what_a_unit_leaves_and_what_it_lacks(world):
    world.market("DE")
    world.programme("self-managed")
    world.programme("semi-managed-local-stock")
    who = caller(world, world.seller("acme").organisation, "seller.owner")
    [found] = who.post("/comparisons", {"rows": [ROW]})
    assert found["options"] and found["who"]["self-managed"]
    for each in found["options"]:
        assert each["net_minor"] == sum(each["parts"].values())
    assert any(each["lacks"] for each in found["options"])


def test_a_bad_row_is_named(world):
    world.market("DE")
    answer = operator(world).ask("POST", "/comparisons", {"rows": [ROW | {"cost": "much"}]}, status=422)
    assert (answer["code"], answer["field"]) == ("compare.unreadable", "cost")
