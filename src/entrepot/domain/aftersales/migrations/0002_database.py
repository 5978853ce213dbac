"""What Django cannot express: whose return cases are seen."""

from django.db import migrations

from entrepot.kernel.walls import walled

# To a shopper or back from them.
SENT = (
    "EXISTS (SELECT FROM orders_suborder part WHERE part.id = reference_id)"
    " OR EXISTS (SELECT FROM aftersales_returncase mine WHERE mine.id = reference_id)"
)
# One's own addresses, those that one's orders go to, and where one sends things back.
REACHED = (
    "owner_user_id = entrepot_shopper() OR (owner_user_id IS NULL AND ("
    "EXISTS (SELECT FROM orders_order mine WHERE mine.ship_to_id = accounts_contact.id)"
    " OR EXISTS (SELECT FROM aftersales_returncase mine WHERE mine.return_to_id = accounts_contact.id)"
    " OR EXISTS (SELECT FROM logistics_node node WHERE node.address_id = accounts_contact.id)))"
)


class Migration(migrations.Migration):
    dependencies = [("aftersales", "0001_initial"), ("orders", "0002_database")]

    operations = [
        walled(
            "aftersales_returncase",
            "seller_id = entrepot_scope()",
            shopper="EXISTS (SELECT FROM orders_order mine WHERE mine.id = order_id)",
        ),
        walled(
            "aftersales_returnline", shopper="EXISTS (SELECT FROM aftersales_returncase mine WHERE mine.id = case_id)"
        ),
        walled("logistics_parcel", shopper=SENT),
        *(
            walled(table, shopper="EXISTS (SELECT FROM logistics_parcel mine WHERE mine.id = parcel_id)")
            for table in ("logistics_parcelline", "logistics_trackingevent", "logistics_booking")
        ),
        walled("accounts_contact", shopper=REACHED, keeps="coalesce(owner_user_id = entrepot_shopper(), true)"),
        walled("accounts_user", shopper="id = entrepot_shopper()"),
    ]
