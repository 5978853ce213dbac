"""A newcomer through the API: papers asked for, the questionnaire, an example, the first steps, pictures of options."""

from PIL import Image

from surfaces.api.calls import Caller, key_for, operator
from surfaces.api.test_life import join
from worlds import World


def test_a_newcomer_is_asked_answers_and_sees_how_far_it_is(world: World, tmp_path):
    world.market("DE")
    world.programme("fully-managed")
    desk = operator(world)
    seller_id, seller = join(world, desk)
    asked = seller.get(f"/sellers/{seller_id}/documents/asked")
    kinds = ["business_licence", "identity", "bank_account", "vat_number"]
    assert [(each["kind"], each["state"]) for each in asked] == [(kind, "missing") for kind in kinds]
    wanted = {"kind": "product_safety", "note": "You sell tableware"}
    assert desk.post(f"/sellers/{seller_id}/documents/asked", wanted)["note"] == "You sell tableware"
    assert seller.get(f"/sellers/{seller_id}/documents/asked")[-1]["note"] == "You sell tableware"

    Image.new("RGB", (20, 20), "teal").save(tmp_path / "licence.png")
    content = (tmp_path / "licence.png").read_bytes()
    with (tmp_path / "licence.png").open("rb") as file:
        sent = seller.client.post(
            f"/api/v1/sellers/{seller_id}/documents",
            {"kind": "business_licence", "file": file},
            headers=seller.headers | {"Idempotency-Key": "paper"},
        )
    assert sent.status_code == 201, sent.content
    address = sent.json()["media"]
    stranger = key_for(world, world.seller("other").pk, "seller.owner")
    assert seller.client.get(address, headers=seller.headers).content == content
    assert desk.client.get(address, headers=desk.headers).content == content
    assert stranger.client.get(address, headers=stranger.headers).status_code == 404
    assert Caller().client.get(address).status_code == 401

    said = {"units_a_week": 300, "smallest_batch": 100, "stock_countries": ["cn"]}
    kept = seller.put(f"/sellers/{seller_id}/answers", said)
    assert (kept["version"], kept["stock_countries"], kept["languages"]) == (1, ["CN"], None)
    ready = {each["programme"]: each for each in seller.get(f"/sellers/{seller_id}/readiness?market=DE")}
    assert (ready["fully-managed"]["met"], ready["fully-managed"]["percent"]) == (2, 50)
    steps = {each["code"]: each["state"] for each in seller.get(f"/sellers/{seller_id}/first-steps")}
    assert (steps["admitted"], steps["questionnaire"], steps["programme"], steps["price"]) == (
        "done", "done", "current", "todo",
    )  # fmt: skip


def test_an_example_is_reckoned_and_nothing_is_kept(world: World):
    world.market("DE")
    version = world.programme("fully-managed")
    _seller_id, seller = join(world, operator(world))
    numbers = "cost_minor=300&supply_minor=700&retail_minor=2990&weight_g=400"
    found = seller.get(f"/enrolments/choices/{version.id}/example?market=DE&{numbers}")
    assert found["left"] == {"minor": 400, "currency": "EUR"}
    assert sum(each["amount_minor"] for each in found["shares"]) == found["kept"]["minor"] == 700


def test_a_picture_shows_the_variant_that_it_is_of(world: World, tmp_path):
    world.market("DE")
    seller = world.seller("acme")
    owner = key_for(world, seller.pk, "seller.owner")
    skus = [{"code": f"bowl-{value}", "options": {"colour": value}} for value in ("blue", "red")]
    (kept,) = owner.post("/products", {"products": [{"code": "bowl", "axes": ["colour"], "skus": skus}]})
    Image.new("RGB", (40, 30), "red").save(tmp_path / "red.png")
    made = []
    for key, options in (("plain", {}), ("red", {"axis": "colour", "value": "red"})):
        with (tmp_path / "red.png").open("rb") as file:
            sent = owner.client.post(
                f"/api/v1/products/{kept['product_id']}/pictures",
                {"file": file, **options},
                headers=owner.headers | {"Idempotency-Key": key},
            )
        made.append(sent.json())
    assert [each["options"] for each in made] == [{}, {"colour": "red"}]
    order = [{"id": made[1]["id"], "options": {"colour": "red"}}, {"id": made[0]["id"], "alt": {"en": "Bowls"}}]
    put = owner.put(f"/products/{kept['product_id']}/pictures", {"pictures": order})
    assert [(each["id"], each["position"]) for each in put] == [(made[1]["id"], 1), (made[0]["id"], 2)]
    pink = [{"id": each["id"], "options": {"colour": "pink"}} for each in made]
    refused = owner.client.put(
        f"/api/v1/products/{kept['product_id']}/pictures", {"pictures": pink}, content_type="application/json",
        headers=owner.headers,
    )  # fmt: skip
    assert refused.status_code == 422 and refused.json()["code"] == "catalogue.unknown_option"
