"""What Django cannot express: what was said stays as it was said."""

from django.db import migrations

from entrepot.kernel.db import append_only
from entrepot.kernel.walls import of_one_tenant, walled

# Whoever sees a thread sees what is in it.
VISIBLE = "EXISTS (SELECT FROM conversations_thread seen WHERE seen.id = thread_id)"


class Migration(migrations.Migration):
    dependencies = [("conversations", "0001_initial"), ("kernel", "0002_database")]

    operations = [
        append_only("conversations_message", "conversations_attachment"),
        walled(
            "conversations_thread",
            "seller_id = entrepot_scope() OR organisation_id = entrepot_scope()",
            shopper="EXISTS (SELECT FROM orders_order mine WHERE mine.id = order_id)",
        ),
        walled("conversations_message", f"seller_id = entrepot_scope() OR {VISIBLE}", shopper=VISIBLE),
        walled("conversations_attachment", f"seller_id = entrepot_scope() OR {VISIBLE}", shopper=VISIBLE),
        of_one_tenant("conversations_message", "thread_id", "conversations_thread"),
        of_one_tenant("conversations_attachment", "thread_id", "conversations_thread"),
        of_one_tenant("conversations_attachment", "message_id", "conversations_message"),
    ]
