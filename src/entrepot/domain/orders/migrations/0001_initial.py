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
                ('number', models.CharField(max_length=24, unique=True)),
                ('checkout_key', models.CharField(max_length=120, unique=True)),
                ('request_hash', models.CharField(max_length=64)),
                ('currency', models.CharField(max_length=3)),
                ('language', models.CharField(max_length=10)),
                ('access_token', models.CharField(max_length=43, unique=True)),
                ('state', models.CharField(choices=[('pending', 'Pending'), ('placed', 'Placed'), ('declined', 'Declined')], default='pending', max_length=8)),
                ('total_minor', models.BigIntegerField()),
                ('placed_at', models.DateTimeField(null=True)),
                ('cart', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.cart')),
                ('market', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='markets.market')),
                ('ship_to', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.contact')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
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
                ('enrolment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sellers.enrolment')),
                ('offer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.offer')),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.order')),
                ('replaces', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.orderline')),
                ('seller', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sellers.seller')),
                ('sku', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.sku')),
                ('terms', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='terms.termssnapshot')),
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
            name='Suborder',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('number', models.CharField(max_length=28, unique=True)),
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
                ('node', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='logistics.node')),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.order')),
                ('performer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
                ('seller', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sellers.seller')),
            ],
        ),
        migrations.AddField(
            model_name='orderline',
            name='suborder',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.suborder'),
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
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.order')),
                ('line', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.orderline')),
                ('suborder', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.suborder')),
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
            index=models.Index(fields=['user', '-id'], name='order_user'),
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
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'declined'), _negated=True), fields=('cart',), name='order_one_of_a_cart'),
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
            model_name='suborder',
            index=models.Index(fields=['seller', '-id'], name='suborder_seller'),
        ),
        migrations.AddIndex(
            model_name='suborder',
            index=models.Index(fields=['performer', 'state', 'ship_by'], name='suborder_work'),
        ),
        migrations.AddConstraint(
            model_name='suborder',
            constraint=models.UniqueConstraint(fields=('order', 'seller', 'node', 'programme_code'), name='suborder_once'),
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
            index=models.Index(fields=['suborder', 'id'], name='order_event_suborder'),
        ),
        migrations.AddIndex(
            model_name='workitem',
            index=models.Index(condition=models.Q(('state__in', ['waiting', 'accepted', 'packed'])), fields=['organisation', 'due_at'], name='work_item_open'),
        ),
    ]
