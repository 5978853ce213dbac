"""What Django cannot express: whose uploads are seen."""

from django.db import migrations

from entrepot.kernel.walls import walled


class Migration(migrations.Migration):
    dependencies = [("uploads", "0001_initial"), ("kernel", "0002_database")]

    operations = [
        walled("uploads_upload", "organisation_id = entrepot_scope()"),
    ]
