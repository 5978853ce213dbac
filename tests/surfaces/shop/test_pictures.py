"""Which picture stands beside an article in cart, checkout and orders."""

from entrepot.domain.catalogue.models import Picture, Product, Sku
from entrepot.kernel import ids
from entrepot.surfaces.shop.browsing import picture_of, picture_url
from worlds import START


def test_an_article_is_shown_in_its_own_colour():
    product = Product(id=ids.new_id(START))
    whole, moss = (Picture(product=product, media=f"{name}.png", options=options)
                   for name, options in (("whole", {}), ("moss", {"colour": "moss"})))  # fmt: skip
    shown = {product.id: [whole, moss]}
    assert picture_of(Sku(product=product, options={"colour": "moss", "size": "m"}), shown) == picture_url(moss)
    assert picture_of(Sku(product=product, options={"colour": "sand"}), shown) == picture_url(whole)
    assert picture_of(Sku(product=product, options={}), {}) == ""
