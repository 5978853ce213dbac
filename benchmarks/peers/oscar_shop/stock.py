"""`python -m oscar_shop.stock GOODS UNITS RARE`: tables, and goods of so many units; of the first there are RARE."""

import sys
from decimal import Decimal


def main() -> None:
    """Make and stock the shop."""
    import django

    django.setup()
    from django.core.management import call_command
    from oscar.core.loading import get_model

    goods, units, rare = map(int, sys.argv[1:])
    call_command("migrate", verbosity=0)
    get_model("address", "Country").objects.create(
        iso_3166_1_a2="DE", printable_name="Germany", name="Germany", is_shipping_country=True
    )
    get_model("payment", "SourceType").objects.create(name="Test card")
    kind = get_model("catalogue", "ProductClass").objects.create(name="Mugs", track_stock=True)
    partner = get_model("partner", "Partner").objects.create(name="A warehouse")
    product, stock = get_model("catalogue", "Product"), get_model("partner", "StockRecord")
    made = product.objects.bulk_create(
        product(title=f"Mug number {place}", slug=f"mug-{place}", upc=f"m-{place}", product_class=kind)
        for place in range(goods)
    )
    stock.objects.bulk_create(
        stock(product=each, partner=partner, partner_sku=f"m-{place}", price_currency="EUR",
              price=Decimal(900 + 7 * (place % 600)) / 100, num_in_stock=units if place else rare)
        for place, each in enumerate(made)
    )  # fmt: skip


if __name__ == "__main__":
    main()
