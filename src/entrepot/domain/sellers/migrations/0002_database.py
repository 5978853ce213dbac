"""What Django cannot express: a version of a seller's answers is never changed."""

from django.db import migrations

from entrepot.kernel.db import append_only
from entrepot.kernel.walls import walled


class Migration(migrations.Migration):
    dependencies = [("sellers", "0001_initial"), ("kernel", "0002_database")]

    operations = [
        append_only("sellers_readinessanswers"),
        walled("sellers_sellerdocument", "seller_id = entrepot_scope()"),
        walled("sellers_documentrequest", "seller_id = entrepot_scope()"),
        walled("sellers_readinessanswers", "seller_id = entrepot_scope()"),
        walled("sellers_enrolment", "seller_id = entrepot_scope()", shopper="true"),
    ]
