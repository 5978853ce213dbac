"""What Django cannot express: whose quotes are seen."""

from django.db import migrations

from entrepot.kernel.walls import walled


class Migration(migrations.Migration):
    dependencies = [("pricing", "0001_initial"), ("kernel", "0002_database")]

    operations = [
        walled(
            "pricing_supplyquote",
            "EXISTS (SELECT FROM catalogue_offer offer WHERE offer.id = offer_id)",
            shopper="true",  # a quote needs what the goods of a platform's seller were agreed to cost
        ),
    ]
