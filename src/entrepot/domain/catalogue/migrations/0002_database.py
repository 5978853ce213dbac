"""What Django cannot express: search vectors in the way of each text's language; a tree that is kept in memory."""

from django.db import migrations

from entrepot.kernel.kept import versioned
from entrepot.kernel.search import keep_vector
from entrepot.kernel.walls import walled


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0001_initial"), ("kernel", "0002_database")]

    operations = [
        keep_vector("catalogue_producttext"),
        walled("catalogue_offer", "seller_id = entrepot_scope()", shopper="true"),
        versioned("catalogue_category", "categories"),
    ]
