"""What Django cannot express: what happened to an order stays as it happened; an order has room to be placed."""

from django.db import migrations

from entrepot.kernel.db import append_only, roomy
from entrepot.kernel.partitions import partitioned
from entrepot.kernel.walls import walled

# A person's own, and a guest's by its token: a token opens nobody's who is known.
OWN = "user_id = entrepot_shopper() OR (user_id IS NULL AND {} = ANY (entrepot_tokens()))"
OF_ORDER = "EXISTS (SELECT FROM orders_order mine WHERE mine.id = order_id)"
OF_PART = "EXISTS (SELECT FROM orders_suborder part WHERE part.id = suborder_id)"
OF_PROMISE = "EXISTS (SELECT FROM orders_promise kept WHERE kept.id = promise_id)"


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial"), ("payments", "0001_initial"), ("kernel", "0002_database")]

    operations = [
        partitioned("orders_orderevent"),
        append_only("orders_orderevent"),
        roomy("orders_order", 55),
        walled("orders_cart", shopper=OWN.format("token")),
        walled("orders_cartline", shopper="EXISTS (SELECT FROM orders_cart mine WHERE mine.id = cart_id)"),
        walled("orders_order", shopper=OWN.format("access_token")),
        walled(
            "orders_suborder",
            "seller_id = entrepot_scope() OR performer_id = entrepot_scope()",
            shopper=OF_ORDER,
        ),
        walled(
            "orders_orderline",
            "seller_id = entrepot_scope() OR EXISTS (SELECT FROM orders_suborder part WHERE part.id = suborder_id)",
            shopper=OF_ORDER,
        ),
        walled("orders_adjustment", shopper="EXISTS (SELECT FROM orders_orderline mine WHERE mine.id = line_id)"),
        walled("orders_orderevent", shopper=OF_ORDER),
        walled("orders_promise", OF_PART, shopper=OF_PART),
        walled("orders_promisepart", OF_PROMISE, shopper=OF_PROMISE),
        walled("payments_payment", shopper="EXISTS (SELECT FROM orders_order mine WHERE mine.id = reference_id)"),
        *(
            walled(table, shopper="EXISTS (SELECT FROM payments_payment mine WHERE mine.id = payment_id)")
            for table in ("payments_capture", "payments_refund", "payments_void")
        ),
        walled("payments_captureline", shopper="EXISTS (SELECT FROM payments_capture mine WHERE mine.id = capture_id)"),
        walled("payments_refundline", shopper="EXISTS (SELECT FROM payments_refund mine WHERE mine.id = refund_id)"),
    ]
