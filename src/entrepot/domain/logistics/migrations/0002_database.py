"""What Django cannot express: what was said of a parcel stays said."""

from django.db import migrations

from entrepot.kernel.db import append_only


class Migration(migrations.Migration):
    dependencies = [("logistics", "0001_initial"), ("kernel", "0002_database")]

    operations = [append_only("logistics_trackingevent")]
