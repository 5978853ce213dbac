"""What Django cannot express: what happened to an order stays as it happened."""

from django.db import migrations

from entrepot.kernel.db import append_only


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial"), ("kernel", "0002_database")]

    operations = [append_only("orders_orderevent")]
