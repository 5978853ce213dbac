"""What Django cannot express: what was counted, looked at, put away and recorded is never changed."""

from django.db import migrations

from entrepot.kernel.db import append_only


class Migration(migrations.Migration):
    dependencies = [("inbound", "0001_initial"), ("kernel", "0002_database")]

    operations = [
        append_only(
            "inbound_count",
            "inbound_inspection",
            "inbound_putaway",
            "inbound_discrepancy",
            "inbound_lateness",
            "inbound_inboundevent",
        )
    ]
