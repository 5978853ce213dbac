"""What Django cannot express: what was said of a parcel stays said; what is published is kept in memory."""

from django.db import migrations

from entrepot.kernel.db import append_only
from entrepot.kernel.kept import versioned


class Migration(migrations.Migration):
    dependencies = [("logistics", "0001_initial"), ("kernel", "0002_database")]

    operations = [
        append_only("logistics_trackingevent"),
        versioned("logistics_ratecard", "freight"),
        versioned("logistics_lane", "freight"),
        versioned("logistics_shippingcharge", "freight"),
        versioned("logistics_node", "nodes"),
        versioned("logistics_nodeclosure", "nodes"),
        versioned("logistics_holiday", "freight"),
    ]
