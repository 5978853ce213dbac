import django.contrib.postgres.constraints
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('catalogue', '0001_initial'),
        ('logistics', '0001_initial'),
        ('sellers', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Carton',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('barcode', models.CharField(max_length=24, unique=True)),
                ('weight_g', models.PositiveIntegerField()),
                ('length_mm', models.PositiveIntegerField()),
                ('width_mm', models.PositiveIntegerField()),
                ('height_mm', models.PositiveIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='Setting',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('programme_code', models.CharField(blank=True, max_length=60)),
                ('answer_days', models.PositiveSmallIntegerField(help_text='to answer a stock order')),
                ('ship_days', models.PositiveSmallIntegerField(help_text='to send, where the terms do not say')),
                ('deliver_days', models.PositiveSmallIntegerField(help_text='to deliver, where the terms do not say')),
                ('void_days', models.PositiveSmallIntegerField(help_text='after the deadline until an order that never left is void')),
                ('inspection_level', models.CharField(max_length=3)),
                ('aql', models.DecimalField(decimal_places=3, max_digits=6)),
                ('sales_days', models.PositiveSmallIntegerField(help_text='recent days whose sales count')),
                ('cover_days', models.PositiveSmallIntegerField(help_text='days that stock is to last')),
                ('valid_from', models.DateField()),
                ('valid_until', models.DateField(null=True)),
                ('source', models.TextField()),
            ],
            options={
                'constraints': [django.contrib.postgres.constraints.ExclusionConstraint(expressions=[(models.F('programme_code'), '='), (models.Func(models.F('valid_from'), models.F('valid_until'), function='daterange'), '&&')], name='inbound_setting_one_at_a_time'), models.CheckConstraint(condition=models.Q(('valid_until__isnull', True), ('valid_until__gte', models.F('valid_from')), _connector='OR'), name='inbound_setting_period'), models.CheckConstraint(condition=models.Q(('aql__gt', 0), ('sales_days__gt', 0)), name='inbound_setting_positive')],
            },
        ),
        migrations.CreateModel(
            name='Shipment',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('number', models.CharField(max_length=24, unique=True)),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('announced', 'Announced'), ('in_transit', 'In Transit'), ('arrived', 'Arrived'), ('receiving', 'Receiving'), ('closed', 'Closed'), ('refused', 'Refused'), ('cancelled', 'Cancelled')], default='draft', max_length=10)),
                ('carrier', models.CharField(blank=True, max_length=40)),
                ('tracking_number', models.CharField(blank=True, max_length=60)),
                ('expected_on', models.DateField(null=True)),
                ('due_at', models.DateTimeField(help_text="the stock order's date, else what was announced", null=True)),
                ('late_at', models.DateTimeField(null=True)),
                ('announced_at', models.DateTimeField(null=True)),
                ('shipped_at', models.DateTimeField(null=True)),
                ('arrived_at', models.DateTimeField(null=True)),
                ('closed_at', models.DateTimeField(null=True)),
                ('enrolment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sellers.enrolment')),
                ('node', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='logistics.node')),
                ('seller', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sellers.seller')),
            ],
        ),
        migrations.CreateModel(
            name='LandedCost',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('version', models.PositiveIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('total_minor', models.BigIntegerField()),
                ('reason', models.CharField(blank=True, max_length=400)),
                ('made_by', models.CharField(max_length=200)),
                ('shipment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inbound.shipment')),
            ],
        ),
        migrations.CreateModel(
            name='Inspection',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('lot_size', models.PositiveIntegerField()),
                ('level', models.CharField(max_length=3)),
                ('aql', models.DecimalField(decimal_places=3, max_digits=6)),
                ('plan', models.CharField(help_text='the plan and its code letter', max_length=60)),
                ('sample_size', models.PositiveIntegerField()),
                ('accept_max', models.PositiveIntegerField()),
                ('defects', models.PositiveIntegerField()),
                ('passed', models.BooleanField()),
                ('inspected_by', models.CharField(max_length=200)),
                ('note', models.CharField(blank=True, max_length=400)),
                ('sku', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.sku')),
                ('shipment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inbound.shipment')),
            ],
        ),
        migrations.CreateModel(
            name='DockSlot',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('place', models.PositiveSmallIntegerField()),
                ('state', models.CharField(choices=[('booked', 'Booked'), ('moved', 'Moved'), ('given_back', 'Given Back'), ('kept', 'Kept'), ('late', 'Late'), ('missed', 'Missed')], default='booked', max_length=10)),
                ('booked_by', models.CharField(max_length=200)),
                ('ended_at', models.DateTimeField(null=True)),
                ('node', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='logistics.node')),
                ('shipment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inbound.shipment')),
            ],
        ),
        migrations.CreateModel(
            name='Discrepancy',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('kind', models.CharField(choices=[('short', 'Short'), ('over', 'Over'), ('wrong_item', 'Wrong Item'), ('damaged', 'Damaged'), ('failed', 'Failed')], max_length=10)),
                ('declared_qty', models.PositiveIntegerField()),
                ('counted_qty', models.PositiveIntegerField()),
                ('quantity', models.PositiveIntegerField()),
                ('outcome', models.CharField(choices=[('missing', 'Missing'), ('taken', 'Taken'), ('goes_back', 'Goes Back')], max_length=10)),
                ('sku', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.sku')),
                ('shipment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inbound.shipment')),
            ],
        ),
        migrations.CreateModel(
            name='Count',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('condition', models.CharField(choices=[('new', 'New'), ('damaged', 'Damaged')], max_length=10)),
                ('quantity', models.IntegerField()),
                ('scan_key', models.CharField(max_length=80)),
                ('counted_by', models.CharField(max_length=200)),
                ('note', models.CharField(blank=True, max_length=200)),
                ('carton', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inbound.carton')),
                ('sku', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.sku')),
                ('shipment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inbound.shipment')),
            ],
        ),
        migrations.AddField(
            model_name='carton',
            name='shipment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inbound.shipment'),
        ),
        migrations.CreateModel(
            name='ShipmentCost',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('kind', models.CharField(choices=[('freight', 'Freight'), ('terminal_handling', 'Terminal Handling'), ('drayage', 'Drayage'), ('insurance', 'Insurance'), ('customs_duty', 'Customs Duty'), ('entry_fees', 'Entry Fees'), ('brokerage', 'Brokerage'), ('unloading', 'Unloading'), ('other', 'Other')], max_length=20)),
                ('currency', models.CharField(max_length=3)),
                ('amount_minor', models.BigIntegerField()),
                ('share_by', models.CharField(choices=[('value', 'Value'), ('weight', 'Weight'), ('volume', 'Volume'), ('quantity', 'Quantity')], max_length=8)),
                ('paid_by', models.CharField(choices=[('platform', 'Platform'), ('seller', 'Seller')], max_length=8)),
                ('issuer', models.CharField(max_length=60)),
                ('document_number', models.CharField(max_length=60)),
                ('incurred_on', models.DateField()),
                ('note', models.CharField(blank=True, max_length=200)),
                ('entered_by', models.CharField(max_length=200)),
                ('seller_minor', models.BigIntegerField(default=0)),
                ('seller_rate', models.DecimalField(decimal_places=10, max_digits=20, null=True)),
                ('shipment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inbound.shipment')),
            ],
        ),
        migrations.CreateModel(
            name='LandedBill',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('amount_minor', models.BigIntegerField()),
                ('rate', models.DecimalField(decimal_places=10, max_digits=24)),
                ('landed_cost', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inbound.landedcost')),
                ('cost', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inbound.shipmentcost')),
            ],
        ),
        migrations.CreateModel(
            name='ShipmentLeg',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('position', models.PositiveSmallIntegerField()),
                ('lane', models.CharField(max_length=60)),
                ('leg', models.CharField(max_length=60)),
                ('task', models.CharField(max_length=30)),
                ('mode', models.CharField(max_length=12)),
                ('start', models.CharField(max_length=80)),
                ('end', models.CharField(max_length=80)),
                ('distance_km', models.PositiveIntegerField(default=0)),
                ('performer', models.CharField(max_length=12)),
                ('begins_on', models.DateField()),
                ('promised_on', models.DateField()),
                ('done_on', models.DateField(null=True)),
                ('done_by', models.CharField(blank=True, max_length=200)),
                ('shipment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inbound.shipment')),
            ],
        ),
        migrations.CreateModel(
            name='StockOrder',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('number', models.CharField(max_length=24, unique=True)),
                ('state', models.CharField(choices=[('asked', 'Asked'), ('countered', 'Countered'), ('accepted', 'Accepted'), ('packed', 'Packed'), ('shipped', 'Shipped'), ('arrived', 'Arrived'), ('receiving', 'Receiving'), ('received', 'Received'), ('declined', 'Declined'), ('returned', 'Returned'), ('void', 'Void'), ('cancelled', 'Cancelled')], default='asked', max_length=10)),
                ('currency', models.CharField(max_length=3)),
                ('asked_minor', models.BigIntegerField()),
                ('agreed_minor', models.BigIntegerField(null=True)),
                ('title_passes_on', models.CharField(blank=True, help_text="when the terms end the seller's ownership", max_length=12)),
                ('answer_by', models.DateTimeField()),
                ('ship_by', models.DateTimeField()),
                ('deliver_by', models.DateTimeField()),
                ('offered_deliver_by', models.DateTimeField(null=True)),
                ('void_at', models.DateTimeField()),
                ('answer_late_at', models.DateTimeField(null=True)),
                ('delivery_late_at', models.DateTimeField(null=True)),
                ('closed_at', models.DateTimeField(null=True)),
                ('note', models.CharField(blank=True, max_length=400)),
                ('enrolment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sellers.enrolment')),
                ('node', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='logistics.node')),
                ('seller', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sellers.seller')),
            ],
        ),
        migrations.AddField(
            model_name='shipment',
            name='stock_order',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inbound.stockorder'),
        ),
        migrations.CreateModel(
            name='Lateness',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('clock', models.CharField(choices=[('answer', 'Answer'), ('ship', 'Ship'), ('arrive', 'Arrive'), ('slot', 'Slot')], max_length=8)),
                ('due_at', models.DateTimeField()),
                ('party', models.CharField(max_length=12)),
                ('liable', models.CharField(max_length=12)),
                ('shipment', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inbound.shipment')),
                ('stock_order', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inbound.stockorder')),
            ],
        ),
        migrations.CreateModel(
            name='InboundEvent',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('kind', models.CharField(max_length=24)),
                ('party', models.CharField(max_length=12)),
                ('actor_label', models.CharField(max_length=200)),
                ('note', models.CharField(blank=True, max_length=400)),
                ('data', models.JSONField(default=dict)),
                ('shipment', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inbound.shipment')),
                ('stock_order', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inbound.stockorder')),
            ],
        ),
        migrations.CreateModel(
            name='StockOrderLine',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('position', models.PositiveSmallIntegerField()),
                ('asked_qty', models.PositiveIntegerField()),
                ('offered_qty', models.PositiveIntegerField(null=True)),
                ('agreed_qty', models.PositiveIntegerField(null=True)),
                ('unit_minor', models.BigIntegerField()),
                ('quote_id', models.UUIDField()),
                ('quote_version', models.PositiveIntegerField()),
                ('offer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.offer')),
                ('seller', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sellers.seller')),
                ('sku', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.sku')),
                ('stock_order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inbound.stockorder')),
            ],
        ),
        migrations.CreateModel(
            name='CartonLine',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('quantity', models.PositiveIntegerField()),
                ('carton', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='inbound.carton')),
                ('sku', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.sku')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('carton', 'sku'), name='carton_line_once'), models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='carton_line_positive')],
            },
        ),
        migrations.CreateModel(
            name='DockHours',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('opens_at', models.TimeField()),
                ('closes_at', models.TimeField()),
                ('slot_minutes', models.PositiveSmallIntegerField()),
                ('at_once', models.PositiveSmallIntegerField(help_text='vehicles in one slot')),
                ('day_max', models.PositiveSmallIntegerField(help_text='vehicles a day; blank: as many as slots hold', null=True)),
                ('grace_minutes', models.PositiveSmallIntegerField(help_text='after which a vehicle is late, and its slot is missed')),
                ('is_required', models.BooleanField(help_text='who has no slot is not let in')),
                ('valid_from', models.DateField()),
                ('valid_until', models.DateField(null=True)),
                ('node', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='logistics.node')),
            ],
            options={
                'constraints': [django.contrib.postgres.constraints.ExclusionConstraint(expressions=[(models.F('node'), '='), (models.Func(models.F('valid_from'), models.F('valid_until'), function='daterange'), '&&')], name='dock_hours_one_at_a_time'), models.CheckConstraint(condition=models.Q(('at_once__gt', 0), ('closes_at__gt', models.F('opens_at')), ('slot_minutes__gt', 0), models.Q(('day_max__isnull', True), ('day_max__gt', 0), _connector='OR')), name='dock_hours_hold_something')],
            },
        ),
        migrations.CreateModel(
            name='LandedShare',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('quantity', models.PositiveIntegerField()),
                ('amount_minor', models.BigIntegerField()),
                ('bill', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inbound.landedbill')),
                ('sku', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.sku')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('bill', 'sku'), name='landed_share_once'), models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='landed_share_has_units')],
            },
        ),
        migrations.CreateModel(
            name='PutAway',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('condition', models.CharField(choices=[('new', 'New'), ('damaged', 'Damaged')], max_length=10)),
                ('quantity', models.PositiveIntegerField()),
                ('movement_id', models.UUIDField(unique=True)),
                ('is_bought', models.BooleanField()),
                ('sku', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.sku')),
                ('shipment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inbound.shipment')),
            ],
            options={
                'indexes': [models.Index(fields=['shipment'], name='put_away_shipment')],
                'constraints': [models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='put_away_positive')],
            },
        ),
        migrations.AddConstraint(
            model_name='landedcost',
            constraint=models.UniqueConstraint(fields=('shipment', 'version'), name='landed_cost_version_once'),
        ),
        migrations.AddConstraint(
            model_name='landedcost',
            constraint=models.CheckConstraint(condition=models.Q(('version__gt', 0)), name='landed_cost_counts'),
        ),
        migrations.AddConstraint(
            model_name='landedcost',
            constraint=models.CheckConstraint(condition=models.Q(('version', 1), models.Q(('reason', ''), _negated=True), _connector='OR'), name='landed_cost_says_why'),
        ),
        migrations.AddIndex(
            model_name='inspection',
            index=models.Index(fields=['shipment', 'sku'], name='inspection_shipment'),
        ),
        migrations.AddConstraint(
            model_name='inspection',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('defects__lte', models.F('accept_max')), ('passed', True)), models.Q(('defects__gt', models.F('accept_max')), ('passed', False)), _connector='OR'), name='inspection_follows_its_plan'),
        ),
        migrations.AddConstraint(
            model_name='inspection',
            constraint=models.CheckConstraint(condition=models.Q(('defects__lte', models.F('sample_size')), ('sample_size__gt', 0), ('sample_size__lte', models.F('lot_size'))), name='inspection_sample_within_lot'),
        ),
        migrations.AddIndex(
            model_name='dockslot',
            index=models.Index(fields=['node', 'starts_at'], name='dock_slot_day'),
        ),
        migrations.AddConstraint(
            model_name='dockslot',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'booked')), fields=('shipment',), name='dock_slot_one_live'),
        ),
        migrations.AddConstraint(
            model_name='dockslot',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['booked', 'kept', 'late'])), fields=('node', 'starts_at', 'place'), name='dock_slot_one_a_place'),
        ),
        migrations.AddConstraint(
            model_name='dockslot',
            constraint=models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at')), ('place__gt', 0)), name='dock_slot_lasts'),
        ),
        migrations.AddConstraint(
            model_name='dockslot',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('state', 'booked')), models.Q(models.Q(('state', 'booked'), _negated=True), ('ended_at__isnull', False)), _connector='OR'), name='dock_slot_ended_has_time'),
        ),
        migrations.AddConstraint(
            model_name='discrepancy',
            constraint=models.UniqueConstraint(fields=('shipment', 'sku', 'kind', 'outcome'), name='discrepancy_once'),
        ),
        migrations.AddConstraint(
            model_name='discrepancy',
            constraint=models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='discrepancy_positive'),
        ),
        migrations.AddConstraint(
            model_name='count',
            constraint=models.UniqueConstraint(fields=('shipment', 'scan_key', 'sku', 'condition'), name='count_once'),
        ),
        migrations.AddConstraint(
            model_name='count',
            constraint=models.CheckConstraint(condition=models.Q(('quantity', 0), _negated=True), name='count_counts'),
        ),
        migrations.AddIndex(
            model_name='carton',
            index=models.Index(fields=['shipment'], name='carton_shipment'),
        ),
        migrations.AddConstraint(
            model_name='carton',
            constraint=models.CheckConstraint(condition=models.Q(('height_mm__gt', 0), ('length_mm__gt', 0), ('weight_g__gt', 0), ('width_mm__gt', 0)), name='carton_measures_positive'),
        ),
        migrations.AddConstraint(
            model_name='shipmentcost',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor', 0), _negated=True), name='shipment_cost_not_zero'),
        ),
        migrations.AddConstraint(
            model_name='shipmentcost',
            constraint=models.CheckConstraint(condition=models.Q(('seller_minor', 0), models.Q(('amount_minor__gte', models.F('seller_minor')), ('paid_by', 'platform'), ('seller_minor__gt', 0)), models.Q(('amount_minor__lte', models.F('seller_minor')), ('paid_by', 'platform'), ('seller_minor__lt', 0)), _connector='OR'), name='shipment_cost_seller_within'),
        ),
        migrations.AddConstraint(
            model_name='shipmentcost',
            constraint=models.UniqueConstraint(fields=('shipment', 'kind', 'issuer', 'document_number'), name='shipment_cost_once_a_document'),
        ),
        migrations.AddConstraint(
            model_name='landedbill',
            constraint=models.UniqueConstraint(fields=('landed_cost', 'cost'), name='landed_bill_once'),
        ),
        migrations.AddConstraint(
            model_name='shipmentleg',
            constraint=models.UniqueConstraint(fields=('shipment', 'position'), name='shipment_leg_once'),
        ),
        migrations.AddConstraint(
            model_name='shipmentleg',
            constraint=models.CheckConstraint(condition=models.Q(('done_on__isnull', True), models.Q(('done_by', ''), _negated=True), _connector='OR'), name='shipment_leg_done_by_somebody'),
        ),
        migrations.AddIndex(
            model_name='stockorder',
            index=models.Index(fields=['seller', 'state'], name='stock_order_seller'),
        ),
        migrations.AddIndex(
            model_name='stockorder',
            index=models.Index(condition=models.Q(('closed_at__isnull', True)), fields=['answer_by'], name='stock_order_open'),
        ),
        migrations.AddConstraint(
            model_name='stockorder',
            constraint=models.CheckConstraint(condition=models.Q(('asked_minor__gt', 0), models.Q(('agreed_minor__isnull', True), ('agreed_minor__gt', 0), _connector='OR')), name='stock_order_positive'),
        ),
        migrations.AddConstraint(
            model_name='stockorder',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['asked', 'countered', 'declined', 'void', 'cancelled']), ('agreed_minor__isnull', False), _connector='OR'), name='stock_order_agreed_first'),
        ),
        migrations.AddConstraint(
            model_name='stockorder',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', False), ('state__in', ['received', 'declined', 'returned', 'void', 'cancelled'])), models.Q(('closed_at__isnull', True), models.Q(('state__in', ['received', 'declined', 'returned', 'void', 'cancelled']), _negated=True)), _connector='OR'), name='stock_order_closed_has_time'),
        ),
        migrations.AddIndex(
            model_name='shipment',
            index=models.Index(fields=['seller', 'state'], name='shipment_seller'),
        ),
        migrations.AddIndex(
            model_name='shipment',
            index=models.Index(fields=['node', 'state'], name='shipment_node'),
        ),
        migrations.AddIndex(
            model_name='shipment',
            index=models.Index(condition=models.Q(('closed_at__isnull', True)), fields=['due_at'], name='shipment_open'),
        ),
        migrations.AddConstraint(
            model_name='shipment',
            constraint=models.UniqueConstraint(condition=models.Q(('stock_order__isnull', False), models.Q(('state__in', ['cancelled', 'refused']), _negated=True)), fields=('stock_order',), name='shipment_one_a_stock_order'),
        ),
        migrations.AddConstraint(
            model_name='shipment',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'cancelled']), models.Q(('announced_at__isnull', False), ('due_at__isnull', False), ('expected_on__isnull', False)), _connector='OR'), name='shipment_announced_says_when'),
        ),
        migrations.AddConstraint(
            model_name='shipment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['arrived', 'receiving', 'closed']), _negated=True), ('arrived_at__isnull', False), _connector='OR'), name='shipment_received_has_arrived'),
        ),
        migrations.AddConstraint(
            model_name='shipment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', False), ('state__in', ['closed', 'refused', 'cancelled'])), models.Q(models.Q(('state__in', ['closed', 'refused', 'cancelled']), _negated=True), ('closed_at__isnull', True)), _connector='OR'), name='shipment_closed_has_time'),
        ),
        migrations.AddConstraint(
            model_name='lateness',
            constraint=models.UniqueConstraint(fields=('stock_order', 'clock', 'due_at'), name='lateness_once_an_order'),
        ),
        migrations.AddConstraint(
            model_name='lateness',
            constraint=models.UniqueConstraint(fields=('shipment', 'clock', 'due_at'), name='lateness_once_a_shipment'),
        ),
        migrations.AddConstraint(
            model_name='lateness',
            constraint=models.CheckConstraint(condition=models.Q(('stock_order__isnull', False), ('shipment__isnull', False), _connector='OR'), name='lateness_about_something'),
        ),
        migrations.AddIndex(
            model_name='inboundevent',
            index=models.Index(fields=['stock_order', 'id'], name='inbound_event_stock_order'),
        ),
        migrations.AddIndex(
            model_name='inboundevent',
            index=models.Index(fields=['shipment', 'id'], name='inbound_event_shipment'),
        ),
        migrations.AddConstraint(
            model_name='inboundevent',
            constraint=models.CheckConstraint(condition=models.Q(('stock_order__isnull', False), ('shipment__isnull', False), _connector='OR'), name='inbound_event_about_something'),
        ),
        migrations.AddIndex(
            model_name='stockorderline',
            index=models.Index(fields=['sku', 'seller'], name='stock_order_line_sku'),
        ),
        migrations.AddConstraint(
            model_name='stockorderline',
            constraint=models.UniqueConstraint(fields=('stock_order', 'sku'), name='stock_order_line_once'),
        ),
        migrations.AddConstraint(
            model_name='stockorderline',
            constraint=models.CheckConstraint(condition=models.Q(('asked_qty__gt', 0), ('unit_minor__gt', 0)), name='stock_order_line_positive'),
        ),
        migrations.AddConstraint(
            model_name='stockorderline',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('offered_qty__isnull', True), ('offered_qty__lte', models.F('asked_qty')), _connector='OR'), models.Q(('agreed_qty__isnull', True), ('agreed_qty__lte', models.F('asked_qty')), _connector='OR')), name='stock_order_line_within_asked'),
        ),
    ]
