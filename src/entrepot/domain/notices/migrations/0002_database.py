"""What Django cannot express: who reads a notice."""

from django.db import migrations

from entrepot.kernel.walls import walled


class Migration(migrations.Migration):
    dependencies = [("notices", "0001_initial"), ("kernel", "0002_database")]

    operations = [
        walled("notices_notice", shopper="user_id = entrepot_shopper()"),
        walled("notices_silence", shopper="user_id = entrepot_shopper()"),
    ]
