"""What Django cannot express: what was counted, looked at, put away and recorded is never changed."""

from django.db import migrations

from entrepot.kernel.db import append_only
from entrepot.kernel.walls import of_one_tenant, walled


class Migration(migrations.Migration):
    dependencies = [("inbound", "0001_initial"), ("kernel", "0002_database")]

    operations = [
        append_only(
            "inbound_count",
            "inbound_inspection",
            "inbound_putaway",
            "inbound_discrepancy",
            "inbound_lateness",
            "inbound_shipmentcost",
            "inbound_landedcost",
            "inbound_landedbill",
            "inbound_landedshare",
            "inbound_inboundevent",
        ),
        walled("inbound_stockorder", "seller_id = entrepot_scope()"),
        walled("inbound_stockorderline", "seller_id = entrepot_scope()"),
        walled("inbound_vendorreturn", "seller_id = entrepot_scope()"),
        walled("inbound_shipment", "seller_id = entrepot_scope()"),
        of_one_tenant("inbound_stockorderline", "stock_order_id", "inbound_stockorder"),
        of_one_tenant("inbound_shipment", "stock_order_id", "inbound_stockorder"),
    ]
