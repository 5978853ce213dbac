"""What Django cannot express: whose return cases are seen."""

from django.db import migrations

from entrepot.kernel.walls import walled


class Migration(migrations.Migration):
    dependencies = [("aftersales", "0001_initial"), ("kernel", "0002_database")]

    operations = [
        walled("aftersales_returncase", "seller_id = entrepot_scope()"),
    ]
