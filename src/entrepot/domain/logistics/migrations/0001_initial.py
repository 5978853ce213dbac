import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='CarrierAccount',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('code', models.CharField(max_length=40, unique=True)),
                ('kind', models.CharField(max_length=12)),
                ('options', models.JSONField(default=dict)),
                ('secret', models.TextField(blank=True)),
                ('is_active', models.BooleanField(default=True)),
                ('failures', models.PositiveSmallIntegerField(default=0)),
                ('resting_until', models.DateTimeField(null=True)),
                ('last_error', models.CharField(blank=True, max_length=300)),
                ('last_error_at', models.DateTimeField(null=True)),
                ('last_answer_at', models.DateTimeField(null=True)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='TrackingStandard',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('first_scan_hours', models.PositiveSmallIntegerField()),
                ('silent_hours', models.PositiveSmallIntegerField()),
                ('fraud_score', models.PositiveSmallIntegerField()),
                ('valid_from', models.DateField(unique=True)),
                ('source', models.TextField()),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='BillTolerance',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('carrier', models.CharField(blank=True, max_length=40)),
                ('currency', models.CharField(max_length=3)),
                ('amount_minor', models.PositiveIntegerField()),
                ('rate', models.DecimalField(decimal_places=6, max_digits=8)),
                ('weight_g', models.PositiveIntegerField()),
                ('weight_rate', models.DecimalField(decimal_places=6, max_digits=8)),
                ('valid_from', models.DateField()),
                ('source', models.TextField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('carrier', 'currency', 'valid_from'), name='bill_tolerance_one_start'), models.CheckConstraint(condition=models.Q(('rate__gte', 0), ('rate__lt', 1), ('weight_rate__gte', 0), ('weight_rate__lt', 1)), name='bill_tolerance_share')],
            },
        ),
        migrations.CreateModel(
            name='Booking',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('carrier', models.CharField(max_length=40)),
                ('service', models.CharField(blank=True, max_length=40)),
                ('state', models.CharField(choices=[('about_to', 'About To'), ('unknown', 'Unknown'), ('booked', 'Booked'), ('declined', 'Declined'), ('cancelling', 'Cancelling'), ('cancelled', 'Cancelled')], default='about_to', max_length=10)),
                ('reference', models.CharField(blank=True, max_length=80)),
                ('tracking_number', models.CharField(blank=True, max_length=60)),
                ('cost_minor', models.BigIntegerField(null=True)),
                ('cost_currency', models.CharField(blank=True, max_length=3)),
                ('label_media', models.CharField(blank=True, max_length=100)),
                ('reason', models.CharField(blank=True, max_length=300)),
                ('answered_at', models.DateTimeField(null=True)),
                ('destination', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.contact')),
            ],
        ),
        migrations.CreateModel(
            name='CarrierBill',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('carrier', models.CharField(max_length=40)),
                ('number', models.CharField(max_length=60)),
                ('issued_on', models.DateField()),
                ('period_from', models.DateField()),
                ('period_until', models.DateField()),
                ('currency', models.CharField(max_length=3)),
                ('stated_minor', models.BigIntegerField(null=True)),
                ('entered_by', models.CharField(max_length=200)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('carrier', 'number'), name='carrier_bill_once'), models.CheckConstraint(condition=models.Q(('period_until__gt', models.F('period_from'))), name='carrier_bill_period')],
            },
        ),
        migrations.CreateModel(
            name='CarrierPayment',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('number', models.CharField(max_length=24, unique=True)),
                ('carrier', models.CharField(max_length=40)),
                ('currency', models.CharField(max_length=3)),
                ('amount_minor', models.BigIntegerField()),
                ('reference', models.CharField(max_length=80)),
                ('paid_by', models.CharField(max_length=200)),
            ],
            options={
                'indexes': [models.Index(fields=['carrier', '-id'], name='carrier_payment_carrier')],
                'constraints': [models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0)), name='carrier_payment_positive')],
            },
        ),
        migrations.CreateModel(
            name='Holiday',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('country', models.CharField(max_length=2)),
                ('day', models.DateField()),
                ('name', models.CharField(max_length=120)),
                ('source', models.TextField()),
            ],
            options={
                'indexes': [models.Index(fields=['day'], name='holiday_day')],
                'constraints': [models.UniqueConstraint(fields=('country', 'day'), name='holiday_once')],
            },
        ),
        migrations.CreateModel(
            name='Lane',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('code', models.SlugField(max_length=60)),
                ('title', models.CharField(max_length=120)),
                ('valid_from', models.DateField()),
                ('valid_until', models.DateField(null=True)),
                ('source', models.TextField()),
                ('sheet', models.TextField()),
                ('digest', models.CharField(max_length=64)),
            ],
            options={
                'abstract': False,
                'constraints': [django.contrib.postgres.constraints.ExclusionConstraint(expressions=[(models.F('code'), '='), (models.Func(models.F('valid_from'), models.F('valid_until'), function='daterange'), '&&')], name='lane_one_a_day'), models.CheckConstraint(condition=models.Q(('valid_until__isnull', True), ('valid_until__gte', models.F('valid_from')), _connector='OR'), name='lane_period')],
            },
        ),
        migrations.CreateModel(
            name='Node',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('code', models.SlugField(max_length=60, unique=True)),
                ('name', models.CharField(max_length=120)),
                ('kind', models.CharField(choices=[('seller_premises', 'Seller Premises'), ('platform_consolidation', 'Platform Consolidation'), ('third_party_overseas', 'Third Party Overseas'), ('platform_overseas', 'Platform Overseas'), ('bonded', 'Bonded')], max_length=24)),
                ('country', models.CharField(max_length=2)),
                ('time_zone', models.CharField(max_length=60)),
                ('working_days', django.contrib.postgres.fields.ArrayField(base_field=models.PositiveSmallIntegerField(), help_text='ISO weekdays, Monday is 1', size=None)),
                ('cut_off', models.TimeField(help_text="local time after which an order counts as the next working day's")),
                ('keeps_holidays', models.BooleanField(default=True, help_text='public holidays of its country are days off')),
                ('archived_at', models.DateTimeField(null=True)),
                ('address', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.contact')),
                ('operator', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
            ],
        ),
        migrations.CreateModel(
            name='Manifest',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('number', models.CharField(max_length=24, unique=True)),
                ('carrier', models.CharField(max_length=40)),
                ('state', models.CharField(choices=[('about_to', 'About To'), ('closed', 'Closed'), ('declined', 'Declined'), ('unknown', 'Unknown')], default='about_to', max_length=10)),
                ('reference', models.CharField(blank=True, max_length=80)),
                ('media', models.CharField(blank=True, max_length=100)),
                ('reason', models.CharField(blank=True, max_length=300)),
                ('answered_at', models.DateTimeField(null=True)),
                ('node', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='logistics.node')),
            ],
        ),
        migrations.CreateModel(
            name='NodeClosure',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('closed_on', models.DateField()),
                ('label', models.CharField(max_length=120)),
                ('node', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='logistics.node')),
            ],
        ),
        migrations.CreateModel(
            name='Parcel',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('number', models.CharField(max_length=24, unique=True)),
                ('direction', models.CharField(choices=[('outbound', 'Outbound'), ('return', 'Return')], max_length=8)),
                ('reference_id', models.UUIDField()),
                ('state', models.CharField(choices=[('packed', 'Packed'), ('handed_over', 'Handed Over'), ('delivered', 'Delivered'), ('lost', 'Lost'), ('cancelled', 'Cancelled')], default='packed', max_length=12)),
                ('weight_g', models.PositiveIntegerField()),
                ('carrier', models.CharField(blank=True, max_length=40)),
                ('service', models.CharField(blank=True, max_length=40)),
                ('tracking_number', models.CharField(blank=True, max_length=60)),
                ('cost_minor', models.BigIntegerField(default=0)),
                ('cost_currency', models.CharField(max_length=3)),
                ('label_media', models.CharField(blank=True, max_length=100)),
                ('handed_over_at', models.DateTimeField(null=True)),
                ('delivered_at', models.DateTimeField(null=True)),
                ('destination', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.contact')),
                ('manifest', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='logistics.manifest')),
                ('node', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='logistics.node')),
            ],
        ),
        migrations.CreateModel(
            name='CarrierBillLine',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('number', models.PositiveIntegerField()),
                ('tracking_number', models.CharField(blank=True, max_length=60)),
                ('service', models.CharField(blank=True, max_length=40)),
                ('weight_g', models.PositiveIntegerField(null=True)),
                ('amount_minor', models.BigIntegerField()),
                ('is_carriage', models.BooleanField()),
                ('planned_minor', models.BigIntegerField(default=0)),
                ('planned_label', models.CharField(blank=True, max_length=60)),
                ('planned_weight_g', models.PositiveIntegerField(null=True)),
                ('own_currency', models.CharField(blank=True, help_text="in which it was planned, where not the bill's", max_length=3)),
                ('own_minor', models.BigIntegerField(default=0, help_text='what was planned, in that currency')),
                ('fx_rate', models.DecimalField(decimal_places=10, help_text="of one unit of the bill's", max_digits=20, null=True)),
                ('fx_on', models.DateField(null=True)),
                ('fx_source', models.CharField(blank=True, max_length=200)),
                ('card_minor', models.BigIntegerField(help_text='what the card asks for the weight that is billed', null=True)),
                ('rate_minor', models.BigIntegerField(default=0)),
                ('weight_minor', models.BigIntegerField(default=0)),
                ('surcharge_minor', models.BigIntegerField(default=0)),
                ('verdict', models.CharField(choices=[('equal', 'equal'), ('within', 'within'), ('differs', 'differs'), ('unknown', 'unknown'), ('twice', 'twice'), ('cancelled', 'cancelled'), ('waiting', 'waiting'), ('currency', 'currency'), ('credit', 'credit')], default='unknown', max_length=10)),
                ('state', models.CharField(choices=[('open', 'Open'), ('accepted', 'Accepted'), ('disputed', 'Disputed'), ('credited', 'Credited')], default='open', max_length=8)),
                ('reason', models.CharField(blank=True, max_length=500)),
                ('decided_at', models.DateTimeField(null=True)),
                ('decided_by', models.CharField(blank=True, max_length=200)),
                ('bill', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='logistics.carrierbill')),
                ('booking', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='logistics.booking')),
                ('credits', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='logistics.carrierbillline')),
                ('payment', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='logistics.carrierpayment')),
                ('parcel', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='logistics.parcel')),
            ],
        ),
        migrations.AddField(
            model_name='booking',
            name='parcel',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='logistics.parcel'),
        ),
        migrations.CreateModel(
            name='ParcelLine',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('line_id', models.UUIDField()),
                ('quantity', models.PositiveIntegerField()),
                ('first_unit', models.PositiveIntegerField(null=True)),
                ('parcel', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='logistics.parcel')),
            ],
        ),
        migrations.CreateModel(
            name='RateCard',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('code', models.SlugField(max_length=60)),
                ('title', models.CharField(max_length=120)),
                ('valid_from', models.DateField()),
                ('valid_until', models.DateField(null=True)),
                ('source', models.TextField()),
                ('sheet', models.TextField()),
                ('digest', models.CharField(max_length=64)),
            ],
            options={
                'abstract': False,
                'constraints': [django.contrib.postgres.constraints.ExclusionConstraint(expressions=[(models.F('code'), '='), (models.Func(models.F('valid_from'), models.F('valid_until'), function='daterange'), '&&')], name='ratecard_one_a_day'), models.CheckConstraint(condition=models.Q(('valid_until__isnull', True), ('valid_until__gte', models.F('valid_from')), _connector='OR'), name='ratecard_period')],
            },
        ),
        migrations.CreateModel(
            name='SandboxConsignment',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('key', models.CharField(max_length=120, unique=True)),
                ('account', models.CharField(max_length=40)),
                ('reference', models.CharField(max_length=40, unique=True)),
                ('tracking_number', models.CharField(max_length=40)),
                ('cost_minor', models.BigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('facts', models.JSONField()),
                ('cancelled_at', models.DateTimeField(null=True)),
                ('closed_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['account', 'tracking_number'], name='sandbox_consignment_number')],
            },
        ),
        migrations.CreateModel(
            name='ShippingCharge',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('market_code', models.CharField(max_length=8)),
                ('origin_country', models.CharField(blank=True, max_length=2)),
                ('weight_from_g', models.PositiveIntegerField()),
                ('weight_until_g', models.PositiveIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('flat_minor', models.BigIntegerField()),
                ('cost_rate', models.DecimalField(decimal_places=6, default=0, max_digits=8)),
                ('free_from_minor', models.BigIntegerField(null=True)),
                ('free_by', models.CharField(choices=[('parcel', 'Parcel'), ('order', 'Order')], default='parcel', max_length=6)),
                ('valid_from', models.DateField()),
                ('valid_until', models.DateField(null=True)),
                ('source', models.TextField()),
            ],
            options={
                'constraints': [django.contrib.postgres.constraints.ExclusionConstraint(expressions=[(models.F('market_code'), '='), (models.F('origin_country'), '='), (models.Func(models.F('weight_from_g'), models.F('weight_until_g'), function='int4range'), '&&'), (models.Func(models.F('valid_from'), models.F('valid_until'), function='daterange'), '&&')], name='shipping_charge_one_a_weight_and_day'), models.CheckConstraint(condition=models.Q(('valid_until__isnull', True), ('valid_until__gte', models.F('valid_from')), _connector='OR'), name='shipping_charge_period'), models.CheckConstraint(condition=models.Q(('weight_until_g__gt', models.F('weight_from_g'))), name='shipping_charge_band'), models.CheckConstraint(condition=models.Q(('cost_rate__gte', 0), ('flat_minor__gte', 0), models.Q(('free_from_minor__isnull', True), ('free_from_minor__gte', 0), _connector='OR')), name='shipping_charge_positive')],
            },
        ),
        migrations.CreateModel(
            name='TrackingDoubt',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('kind', models.CharField(max_length=20)),
                ('points', models.PositiveSmallIntegerField()),
                ('facts', models.JSONField(default=dict)),
                ('state', models.CharField(choices=[('open', 'Open'), ('cleared', 'Cleared'), ('upheld', 'Upheld')], default='open', max_length=8)),
                ('decided_at', models.DateTimeField(null=True)),
                ('decided_by', models.CharField(blank=True, max_length=200)),
                ('reason', models.TextField(blank=True)),
                ('parcel', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='logistics.parcel')),
            ],
        ),
        migrations.CreateModel(
            name='TrackingEvent',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('kind', models.CharField(choices=[('label_made', 'Label Made'), ('handed_over', 'Handed Over'), ('in_transit', 'In Transit'), ('customs', 'Customs'), ('out_for_delivery', 'Out For Delivery'), ('delivered', 'Delivered'), ('exception', 'Exception'), ('lost', 'Lost')], max_length=20)),
                ('origin', models.CharField(choices=[('carrier', 'Carrier'), ('claim', 'Claim')], max_length=8)),
                ('occurred_at', models.DateTimeField()),
                ('place', models.CharField(blank=True, max_length=120)),
                ('note', models.CharField(blank=True, max_length=200)),
                ('event_key', models.CharField(max_length=100)),
                ('parcel', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='logistics.parcel')),
            ],
        ),
        migrations.CreateModel(
            name='CarrierBillCharge',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('kind', models.CharField(choices=[('carriage', 'carriage'), ('fuel', 'fuel'), ('weight', 'weight'), ('remote_area', 'remote_area'), ('oversize', 'oversize'), ('redelivery', 'redelivery'), ('customs', 'customs'), ('other', 'other')], max_length=12)),
                ('amount_minor', models.BigIntegerField()),
                ('line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='logistics.carrierbillline')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('line', 'kind'), name='carrier_bill_charge_once')],
            },
        ),
        migrations.AddIndex(
            model_name='node',
            index=models.Index(fields=['operator', 'code'], name='node_operator'),
        ),
        migrations.AddConstraint(
            model_name='node',
            constraint=models.CheckConstraint(condition=models.Q(('working_days__contained_by', [1, 2, 3, 4, 5, 6, 7]), ('working_days__len__gt', 0)), name='node_works_some_day'),
        ),
        migrations.AddIndex(
            model_name='manifest',
            index=models.Index(fields=['node', '-id'], name='manifest_node'),
        ),
        migrations.AddConstraint(
            model_name='nodeclosure',
            constraint=models.UniqueConstraint(fields=('node', 'closed_on'), name='node_closure_once'),
        ),
        migrations.AddIndex(
            model_name='parcel',
            index=models.Index(fields=['reference_id'], name='parcel_reference'),
        ),
        migrations.AddIndex(
            model_name='parcel',
            index=models.Index(models.Func(django.db.models.functions.text.Upper('tracking_number'), models.Value('[^A-Z0-9]'), models.Value(''), models.Value('g'), function='regexp_replace', output_field=models.CharField()), condition=models.Q(('tracking_number', ''), _negated=True), name='parcel_bare_number'),
        ),
        migrations.AddConstraint(
            model_name='parcel',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['packed', 'cancelled']), ('handed_over_at__isnull', False), _connector='OR'), name='parcel_moving_was_handed_over'),
        ),
        migrations.AddConstraint(
            model_name='parcel',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'delivered'), _negated=True), ('delivered_at__isnull', False), _connector='OR'), name='parcel_delivered_has_time'),
        ),
        migrations.AddConstraint(
            model_name='parcel',
            constraint=models.UniqueConstraint(condition=models.Q(('tracking_number', ''), _negated=True), fields=('carrier', 'tracking_number'), name='parcel_tracking_once'),
        ),
        migrations.AddIndex(
            model_name='carrierbillline',
            index=models.Index(fields=['tracking_number'], name='carrier_bill_line_number'),
        ),
        migrations.AddIndex(
            model_name='carrierbillline',
            index=models.Index(fields=['parcel'], name='carrier_bill_line_parcel'),
        ),
        migrations.AddConstraint(
            model_name='carrierbillline',
            constraint=models.UniqueConstraint(fields=('bill', 'number'), name='carrier_bill_line_once'),
        ),
        migrations.AddConstraint(
            model_name='carrierbillline',
            constraint=models.UniqueConstraint(condition=models.Q(('amount_minor__gt', 0), ('is_carriage', True), ('state', 'accepted')), fields=('parcel',), name='carrier_bill_parcel_accepted_once'),
        ),
        migrations.AddConstraint(
            model_name='carrierbillline',
            constraint=models.CheckConstraint(condition=models.Q(('state', 'open'), ('decided_at__isnull', False), _connector='OR'), name='carrier_bill_line_decided'),
        ),
        migrations.AddConstraint(
            model_name='carrierbillline',
            constraint=models.CheckConstraint(condition=models.Q(('payment__isnull', True), ('state', 'accepted'), _connector='OR'), name='carrier_bill_line_paid_is_accepted'),
        ),
        migrations.AddConstraint(
            model_name='carrierbillline',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('fx_rate__isnull', True), ('own_currency', ''), ('own_minor', 0)), models.Q(models.Q(('own_currency', ''), _negated=True), ('fx_on__isnull', False), ('fx_rate__gt', 0)), _connector='OR'), name='carrier_bill_line_exchanged'),
        ),
        migrations.AddConstraint(
            model_name='carrierbillline',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'accepted'), _negated=True), ('amount_minor', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('planned_minor'), '+', models.F('rate_minor')), '+', models.F('weight_minor')), '+', models.F('surcharge_minor'))), _connector='OR'), name='carrier_bill_line_adds_up'),
        ),
        migrations.AddIndex(
            model_name='booking',
            index=models.Index(condition=models.Q(('state__in', ['about_to', 'unknown', 'cancelling'])), fields=['created_at'], name='booking_open'),
        ),
        migrations.AddIndex(
            model_name='booking',
            index=models.Index(models.Func(django.db.models.functions.text.Upper('tracking_number'), models.Value('[^A-Z0-9]'), models.Value(''), models.Value('g'), function='regexp_replace', output_field=models.CharField()), condition=models.Q(('tracking_number', ''), _negated=True), name='booking_bare_number'),
        ),
        migrations.AddConstraint(
            model_name='booking',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['declined', 'cancelled']), _negated=True), fields=('parcel',), name='booking_one_a_parcel'),
        ),
        migrations.AddIndex(
            model_name='parcelline',
            index=models.Index(fields=['line_id'], name='parcel_line_line'),
        ),
        migrations.AddConstraint(
            model_name='parcelline',
            constraint=models.UniqueConstraint(fields=('parcel', 'line_id'), name='parcel_line_once'),
        ),
        migrations.AddConstraint(
            model_name='parcelline',
            constraint=models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='parcel_line_positive'),
        ),
        migrations.AddIndex(
            model_name='trackingdoubt',
            index=models.Index(condition=models.Q(('state', 'open')), fields=['-id'], name='tracking_doubt_open'),
        ),
        migrations.AddConstraint(
            model_name='trackingdoubt',
            constraint=models.UniqueConstraint(fields=('parcel', 'kind'), name='tracking_doubt_once'),
        ),
        migrations.AddConstraint(
            model_name='trackingevent',
            constraint=models.UniqueConstraint(fields=('parcel', 'event_key'), name='tracking_event_once'),
        ),
    ]
