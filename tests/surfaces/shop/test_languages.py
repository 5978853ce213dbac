"""The shop speaks German and Portuguese from the first page to the last letter; what is behind it, English."""

import pytest
from django.core import mail

from entrepot.surfaces.jobs import relay
from surfaces.seller.shops import client_of
from surfaces.shop.conftest import Page, Shopper


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("de", ("Ihr Warenkorb", "Was es kostet", "Zur Kasse", "Alles kommt an:", "2 Paketen")),
        ("pt-br", ("Seu carrinho", "Quanto dá", "Finalizar a compra", "Tudo chega:", "2 pacotes")),
    ],
)
def test_a_cart_and_an_order(world, language, words):
    shopper = Shopper(world, language=language)
    shopper.put(world.offer(world.seller()))
    shopper.put(world.offer(world.seller(programme="fully-managed")))
    page = shopper.get("/cart")
    assert all(word in page.text for word in words)
    assert {"de": "Deutschland", "pt-br": "Alemanha"}[language] in page.text, "countries by their names in the language"
    for path in ("/", "/search?q=mug", "/checkout", "/orders"):
        assert shopper.get(path).status == 200
    order = shopper.order()
    page = shopper.get(f"/orders/{order.number}")
    assert {"de": "Frage stellen", "pt-br": "Fazer uma pergunta"}[language] in page.text
    relay.relay(now=world.now)
    assert {"de": "Danke für Ihre Bestellung", "pt-br": "Obrigado pelo seu pedido"}[language] in mail.outbox[0].subject


def test_refusals_are_told_in_the_language_of_the_reader(world):
    shopper = Shopper(world, language="de")
    shopper.put(world.offer(world.seller()))
    assert "Einen Gutschein NONE gibt es nicht." in shopper.post("/cart/voucher", voucher_code="none").text
    assert "Nicht gefunden: Kategorie." in shopper.get("/categories/none").text


def test_what_is_behind_the_shop_is_in_english(world):
    seller = client_of(world, world.seller("ours"))
    page = Page(seller.get("/seller/", headers={"accept-language": "de"}))
    assert "Overview" in page.text and 'lang="en-gb"' in page.source and "Português" not in page.text
    assert "Português" in Shopper(world, language="de").get("/").text
