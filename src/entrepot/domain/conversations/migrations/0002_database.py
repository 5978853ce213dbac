"""What Django cannot express: what was said stays as it was said."""

from django.db import migrations

from entrepot.kernel.db import append_only


class Migration(migrations.Migration):
    dependencies = [("conversations", "0001_initial"), ("kernel", "0002_database")]

    operations = [append_only("conversations_message", "conversations_attachment")]
