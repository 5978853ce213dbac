"""What Django cannot express: movements are never changed."""

from django.db import migrations

from entrepot.kernel.db import append_only


class Migration(migrations.Migration):
    dependencies = [("inventory", "0001_initial"), ("kernel", "0002_database")]

    operations = [append_only("inventory_movement")]
