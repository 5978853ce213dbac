"""What Django cannot express: search vectors in the way of each text's language."""

from django.db import migrations

from entrepot.kernel.search import keep_vector


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0001_initial")]

    operations = [keep_vector("catalogue_producttext")]
