"""What Django cannot express: whose changes are changes of reference data that is kept in memory."""

from django.db import migrations

from entrepot.kernel.kept import versioned


class Migration(migrations.Migration):
    dependencies = [("routing", "0001_initial"), ("kernel", "0002_database")]

    operations = [
        versioned("routing_routingrule", "routing rules"),
    ]
