import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        ('catalogue', '0001_initial'),
        ('logistics', '0001_initial'),
        ('markets', '0001_initial'),
        ('sellers', '0001_initial'),
        ('terms', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Promise',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('state', models.CharField(choices=[('open', 'Open'), ('kept', 'Kept'), ('missed', 'Missed')], default='open', max_length=6)),
                ('ends_on', models.DateField()),
                ('late_days', models.PositiveSmallIntegerField(default=0)),
                ('parcel_id', models.UUIDField(help_text='the parcel that comes last', null=True)),
                ('judged_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Cart',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('token', models.CharField(max_length=43, unique=True)),
                ('voucher_code', models.CharField(blank=True, max_length=40)),
                ('state', models.CharField(choices=[('open', 'Open'), ('ordered', 'Ordered')], default='open', max_length=8)),
                ('version', models.PositiveIntegerField(default=1)),
                ('attribution', models.JSONField(default=dict)),
                ('updated_at', models.DateTimeField()),
                ('market', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='markets.market')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='CartLine',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('quantity', models.PositiveIntegerField()),
                ('unit_minor', models.BigIntegerField(null=True)),
                ('cart', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='orders.cart')),
                ('offer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.offer')),
            ],
        ),
        migrations.CreateModel(
            name='Order',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('number', models.CharField(max_length=24)),
                ('checkout_key', models.CharField(max_length=120)),
                ('request_hash', models.CharField(max_length=64)),
                ('keeps_cart', models.BooleanField(default=True, help_text='unless it was declined: then the cart is open again')),
                ('currency', models.CharField(max_length=3)),
                ('language', models.CharField(max_length=10)),
                ('access_token', models.CharField(max_length=43)),
                ('state', models.CharField(choices=[('pending', 'Pending'), ('placed', 'Placed'), ('declined', 'Declined')], default='pending', max_length=8)),
                ('total_minor', models.BigIntegerField()),
                ('placed_at', models.DateTimeField(null=True)),
                ('cart', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.cart')),
                ('market', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='markets.market')),
                ('ship_to', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.contact')),
                ('user', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='OrderLine',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('position', models.PositiveSmallIntegerField()),
                ('category_path', models.CharField(max_length=400)),
                ('title', models.CharField(max_length=300)),
                ('quantity', models.PositiveIntegerField()),
                ('cancelled_qty', models.PositiveIntegerField(default=0)),
                ('shipped_qty', models.PositiveIntegerField(default=0)),
                ('delivered_qty', models.PositiveIntegerField(default=0)),
                ('lost_qty', models.PositiveIntegerField(default=0)),
                ('returned_qty', models.PositiveIntegerField(default=0)),
                ('list_minor', models.BigIntegerField()),
                ('discount_minor', models.BigIntegerField(default=0)),
                ('goods_net_minor', models.BigIntegerField()),
                ('goods_tax_minor', models.BigIntegerField()),
                ('shipping_net_minor', models.BigIntegerField()),
                ('shipping_tax_minor', models.BigIntegerField()),
                ('customs_duty_minor', models.BigIntegerField()),
                ('total_minor', models.BigIntegerField()),
                ('tax_rate', models.DecimalField(decimal_places=6, max_digits=8)),
                ('tax_collector', models.CharField(max_length=12)),
                ('freight_cost_minor', models.BigIntegerField()),
                ('supply_minor', models.BigIntegerField(null=True)),
                ('supply_currency', models.CharField(max_length=3)),
                ('fx_rate', models.DecimalField(decimal_places=10, max_digits=20)),
                ('fx_on', models.DateField(null=True)),
                ('fx_source', models.CharField(blank=True, max_length=200)),
                ('border', models.JSONField(default=dict)),
                ('attribution', models.JSONField(default=dict)),
                ('snapshot_hash', models.CharField(max_length=64)),
                ('enrolment', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sellers.enrolment')),
                ('offer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.offer')),
                ('order', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.order')),
                ('replaces', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.orderline')),
                ('seller', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sellers.seller')),
                ('sku', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.sku')),
                ('terms', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='terms.termssnapshot')),
            ],
        ),
        migrations.CreateModel(
            name='Adjustment',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('kind', models.CharField(max_length=20)),
                ('source_id', models.UUIDField()),
                ('label', models.CharField(max_length=120)),
                ('funder', models.CharField(max_length=12)),
                ('amount_minor', models.BigIntegerField()),
                ('line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.orderline')),
            ],
        ),
        migrations.CreateModel(
            name='PromisePart',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('position', models.PositiveSmallIntegerField()),
                ('until', models.PositiveSmallIntegerField()),
                ('leg', models.CharField(max_length=120)),
                ('task', models.CharField(max_length=30)),
                ('party', models.CharField(blank=True, max_length=12)),
                ('liable', models.CharField(blank=True, max_length=12)),
                ('due_on', models.DateField()),
                ('due_at', models.DateTimeField()),
                ('first_on', models.DateField(null=True)),
                ('done_on', models.DateField(null=True)),
                ('done_at', models.DateTimeField(null=True)),
                ('days', models.PositiveSmallIntegerField(default=0)),
                ('event', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='logistics.trackingevent')),
                ('promise', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='orders.promise')),
            ],
        ),
        migrations.CreateModel(
            name='Suborder',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('number', models.CharField(max_length=28)),
                ('performer_party', models.CharField(max_length=12)),
                ('programme_code', models.CharField(max_length=60)),
                ('state', models.CharField(choices=[('open', 'Open'), ('shipped', 'Shipped'), ('delivered', 'Delivered'), ('lost', 'Lost'), ('cancelled', 'Cancelled')], default='open', max_length=10)),
                ('carrier', models.CharField(max_length=40)),
                ('service', models.CharField(max_length=40)),
                ('lane_code', models.CharField(max_length=60)),
                ('freight_cost_minor', models.BigIntegerField()),
                ('ship_by', models.DateTimeField()),
                ('promised_from', models.DateField()),
                ('promised_until', models.DateField()),
                ('routing', models.JSONField(default=dict)),
                ('confidence', models.DecimalField(decimal_places=3, max_digits=4)),
                ('segments', models.JSONField(default=list)),
                ('carriage', models.JSONField(default=dict)),
                ('comes_with', models.UUIDField(help_text='the shipment whose goods it waited for, or waits for', null=True)),
                ('awaited_on', models.DateField(help_text='when these are expected to stand ready, by what is known', null=True)),
                ('goods_came_at', models.DateTimeField(help_text='when nothing of it was on its way to the node any more', null=True)),
                ('instead_of', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.suborder')),
                ('node', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='logistics.node')),
                ('order', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.order')),
                ('performer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
                ('seller', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sellers.seller')),
            ],
        ),
        migrations.AddField(
            model_name='promise',
            name='suborder',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.suborder'),
        ),
        migrations.AddField(
            model_name='orderline',
            name='suborder',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.suborder'),
        ),
        migrations.CreateModel(
            name='OrderEvent',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('kind', models.CharField(max_length=30)),
                ('quantity', models.IntegerField(null=True)),
                ('occurred_at', models.DateTimeField()),
                ('actor_label', models.CharField(max_length=200)),
                ('data', models.JSONField(default=dict)),
                ('order', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.order')),
                ('line', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.orderline')),
                ('suborder', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.suborder')),
            ],
        ),
        migrations.CreateModel(
            name='WorkItem',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('accepted', 'Accepted'), ('packed', 'Packed'), ('done', 'Done'), ('cancelled', 'Cancelled')], default='waiting', max_length=10)),
                ('due_at', models.DateTimeField()),
                ('accepted_at', models.DateTimeField(null=True)),
                ('done_at', models.DateTimeField(null=True)),
                ('late_party', models.CharField(blank=True, help_text='who was liable for the lateness, once late', max_length=12)),
                ('reminded_at', models.DateTimeField(null=True)),
                ('node', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='logistics.node')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
                ('suborder', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.suborder')),
            ],
        ),
        migrations.AddConstraint(
            model_name='cart',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'open'), ('user__isnull', False)), fields=('user', 'market'), name='cart_one_open'),
        ),
        migrations.AddConstraint(
            model_name='cartline',
            constraint=models.UniqueConstraint(fields=('cart', 'offer'), name='cart_line_once'),
        ),
        migrations.AddConstraint(
            model_name='cartline',
            constraint=models.CheckConstraint(condition=models.Q(('quantity__gt', 0), ('quantity__lte', 9999)), name='cart_line_quantity'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(condition=models.Q(('user__isnull', False)), fields=['user', '-id'], name='order_user'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(condition=models.Q(('cart__isnull', False)), fields=['cart'], name='order_cart'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(('total_minor__gte', 0)), name='order_total_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'placed'), _negated=True), ('placed_at__isnull', False), _connector='OR'), name='order_placed_has_time'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.UniqueConstraint(fields=('number',), name='order_number_once'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.UniqueConstraint(fields=('checkout_key',), name='order_checkout_key_once'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.UniqueConstraint(fields=('access_token',), name='order_access_token_once'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.UniqueConstraint(condition=models.Q(('keeps_cart', True)), fields=('cart',), name='order_one_of_a_cart'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('keeps_cart', False), ('state', 'declined')), models.Q(models.Q(('state', 'declined'), _negated=True), ('keeps_cart', True)), _connector='OR'), name='order_keeps_its_cart'),
        ),
        migrations.AddConstraint(
            model_name='adjustment',
            constraint=models.UniqueConstraint(fields=('line', 'kind', 'source_id', 'funder'), name='adjustment_once'),
        ),
        migrations.AddConstraint(
            model_name='adjustment',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0)), name='adjustment_positive'),
        ),
        migrations.AddIndex(
            model_name='promisepart',
            index=models.Index(condition=models.Q(('days__gt', 0)), fields=['party', 'done_on'], name='promise_part_late'),
        ),
        migrations.AddConstraint(
            model_name='promisepart',
            constraint=models.UniqueConstraint(fields=('promise', 'position', 'until'), name='promise_part_once'),
        ),
        migrations.AddConstraint(
            model_name='promisepart',
            constraint=models.CheckConstraint(condition=models.Q(('until__gte', models.F('position'))), name='promise_part_runs_on'),
        ),
        migrations.AddIndex(
            model_name='suborder',
            index=models.Index(fields=['seller', '-id'], name='suborder_seller'),
        ),
        migrations.AddIndex(
            model_name='suborder',
            index=models.Index(fields=['performer', 'state', 'ship_by'], name='suborder_work'),
        ),
        migrations.AddIndex(
            model_name='suborder',
            index=models.Index(condition=models.Q(('state__in', ['open', 'shipped'])), fields=['ship_by'], name='suborder_running'),
        ),
        migrations.AddIndex(
            model_name='suborder',
            index=models.Index(condition=models.Q(('comes_with__isnull', False)), fields=['comes_with'], name='suborder_awaiting'),
        ),
        migrations.AddConstraint(
            model_name='suborder',
            constraint=models.UniqueConstraint(fields=('number',), name='suborder_number_once'),
        ),
        migrations.AddConstraint(
            model_name='suborder',
            constraint=models.UniqueConstraint(condition=models.Q(('instead_of__isnull', True)), fields=('order', 'seller', 'node', 'programme_code', 'comes_with'), name='suborder_once', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='suborder',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('awaited_on__isnull', False), ('comes_with__isnull', False)), models.Q(('awaited_on__isnull', True), ('comes_with__isnull', True), ('goods_came_at__isnull', True)), _connector='OR'), name='suborder_awaits_a_day'),
        ),
        migrations.AddIndex(
            model_name='promise',
            index=models.Index(condition=models.Q(('late_days__gt', 0)), fields=['-ends_on', '-id'], name='promise_late'),
        ),
        migrations.AddIndex(
            model_name='promise',
            index=models.Index(condition=models.Q(('state', 'open')), fields=['judged_at'], name='promise_open'),
        ),
        migrations.AddConstraint(
            model_name='promise',
            constraint=models.CheckConstraint(condition=models.Q(('late_days__gt', 0), ('state', 'kept'), _negated=True), name='promise_kept_is_not_late'),
        ),
        migrations.AddConstraint(
            model_name='promise',
            constraint=models.CheckConstraint(condition=models.Q(('late_days', 0), ('state', 'missed'), _negated=True), name='promise_missed_is_late'),
        ),
        migrations.AddIndex(
            model_name='orderline',
            index=models.Index(fields=['suborder'], name='order_line_suborder'),
        ),
        migrations.AddIndex(
            model_name='orderline',
            index=models.Index(fields=['seller', '-id'], name='order_line_seller'),
        ),
        migrations.AddIndex(
            model_name='orderline',
            index=models.Index(fields=['enrolment', 'order'], name='order_line_enrolment'),
        ),
        migrations.AddIndex(
            model_name='orderline',
            index=models.Index(condition=models.Q(('replaces__isnull', False)), fields=['replaces'], name='order_line_replaces'),
        ),
        migrations.AddConstraint(
            model_name='orderline',
            constraint=models.UniqueConstraint(fields=('order', 'position'), name='order_line_position_once'),
        ),
        migrations.AddConstraint(
            model_name='orderline',
            constraint=models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='order_line_quantity'),
        ),
        migrations.AddConstraint(
            model_name='orderline',
            constraint=models.CheckConstraint(condition=models.Q(('shipped_qty__lte', django.db.models.expressions.CombinedExpression(models.F('quantity'), '-', models.F('cancelled_qty'))), ('delivered_qty__lte', django.db.models.expressions.CombinedExpression(models.F('shipped_qty'), '-', models.F('lost_qty'))), ('returned_qty__lte', models.F('delivered_qty'))), name='order_line_quantities'),
        ),
        migrations.AddConstraint(
            model_name='orderline',
            constraint=models.CheckConstraint(condition=models.Q(('total_minor', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('goods_net_minor'), '+', models.F('goods_tax_minor')), '+', models.F('shipping_net_minor')), '+', models.F('shipping_tax_minor')), '+', models.F('customs_duty_minor')))), name='order_line_total_is_sum'),
        ),
        migrations.AddConstraint(
            model_name='orderline',
            constraint=models.CheckConstraint(condition=models.Q(('discount_minor__gte', 0), ('discount_minor__lte', models.F('list_minor'))), name='order_line_discount_within_list'),
        ),
        migrations.AddIndex(
            model_name='orderevent',
            index=models.Index(fields=['order', 'id'], name='order_event_order'),
        ),
        migrations.AddIndex(
            model_name='orderevent',
            index=models.Index(condition=models.Q(('suborder__isnull', False)), fields=['suborder', 'id'], name='order_event_suborder'),
        ),
        migrations.AddIndex(
            model_name='orderevent',
            index=models.Index(condition=models.Q(('line__isnull', False)), fields=['line'], name='order_event_line'),
        ),
        migrations.AddIndex(
            model_name='workitem',
            index=models.Index(condition=models.Q(('state__in', ['waiting', 'accepted', 'packed'])), fields=['organisation', 'due_at'], name='work_item_open'),
        ),
    ]
