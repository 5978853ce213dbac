"""What Django cannot express: what happened to an order stays as it happened."""

from django.db import migrations

from entrepot.kernel.db import append_only
from entrepot.kernel.partitions import partitioned
from entrepot.kernel.walls import walled


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial"), ("kernel", "0002_database")]

    operations = [
        partitioned("orders_orderevent"),
        append_only("orders_orderevent"),
        walled("orders_suborder", "seller_id = entrepot_scope() OR performer_id = entrepot_scope()"),
        walled(
            "orders_orderline",
            "seller_id = entrepot_scope() OR EXISTS (SELECT FROM orders_suborder part WHERE part.id = suborder_id)",
        ),
        walled("orders_promise", "EXISTS (SELECT FROM orders_suborder part WHERE part.id = suborder_id)"),
        walled("orders_promisepart", "EXISTS (SELECT FROM orders_promise kept WHERE kept.id = promise_id)"),
    ]
