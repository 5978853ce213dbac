"""What Django cannot express: movements are never changed; rows that change in place have room for it."""

from django.db import migrations

from entrepot.kernel.db import append_only, roomy
from entrepot.kernel.partitions import partitioned
from entrepot.kernel.walls import walled


class Migration(migrations.Migration):
    dependencies = [("inventory", "0001_initial"), ("kernel", "0002_database")]

    operations = [
        partitioned("inventory_movement"),
        append_only("inventory_movement", "inventory_placemove"),
        roomy("inventory_stock", 70),
        walled("inventory_stock", "seller_id = entrepot_scope() OR owner_id = entrepot_scope()", shopper="true"),
    ]
