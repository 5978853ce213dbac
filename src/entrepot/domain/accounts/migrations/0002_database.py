"""What Django cannot express: whose changes are changes of reference data that is kept in memory."""

from django.db import migrations

from entrepot.kernel.kept import versioned


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("kernel", "0002_database")]

    operations = [
        versioned("accounts_permission", "permissions"),
    ]
