"""What Django cannot express: what was said stays as it was said."""

from django.db import migrations

from entrepot.kernel.db import append_only
from entrepot.kernel.walls import of_one_tenant, walled


class Migration(migrations.Migration):
    dependencies = [("conversations", "0001_initial"), ("kernel", "0002_database")]

    operations = [
        append_only("conversations_message", "conversations_attachment"),
        walled("conversations_thread", "seller_id = entrepot_scope() OR organisation_id = entrepot_scope()"),
        walled("conversations_message", "seller_id = entrepot_scope() OR EXISTS (SELECT FROM conversations_thread thread WHERE thread.id = thread_id)"),
        walled("conversations_attachment", "seller_id = entrepot_scope() OR EXISTS (SELECT FROM conversations_thread thread WHERE thread.id = thread_id)"),
        of_one_tenant("conversations_message", "thread_id", "conversations_thread"),
        of_one_tenant("conversations_attachment", "thread_id", "conversations_thread"),
        of_one_tenant("conversations_attachment", "message_id", "conversations_message"),
    ]
