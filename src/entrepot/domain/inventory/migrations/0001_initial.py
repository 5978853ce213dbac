import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        ('catalogue', '0001_initial'),
        ('logistics', '0001_initial'),
        ('sellers', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Place',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('code', models.CharField(max_length=40)),
                ('zone', models.CharField(blank=True, max_length=9)),
                ('aisle', models.CharField(blank=True, max_length=9)),
                ('bay', models.CharField(blank=True, max_length=9)),
                ('bin', models.CharField(blank=True, max_length=9)),
                ('walk', models.CharField(max_length=60)),
                ('kind', models.CharField(choices=[('dock', 'Dock'), ('storage', 'Storage'), ('quarantine', 'Quarantine')], max_length=10)),
                ('is_withheld', models.BooleanField(default=False)),
                ('archived_at', models.DateTimeField(null=True)),
                ('node', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='logistics.node')),
            ],
        ),
        migrations.CreateModel(
            name='Stock',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('lot', models.CharField(blank=True, max_length=40)),
                ('condition', models.CharField(choices=[('new', 'New'), ('opened', 'Opened'), ('damaged', 'Damaged'), ('coming', 'Coming')], default='new', max_length=10)),
                ('on_hand', models.BigIntegerField(default=0)),
                ('reserved', models.BigIntegerField(default=0, help_text='sum of the active holds')),
                ('allotted', models.BigIntegerField(default=0, help_text='sum of the allotments that are neither sold nor held')),
                ('is_placed', models.BooleanField(default=False, help_text='its node has places, and its units stand at them')),
                ('comes_with', models.UUIDField(help_text='the shipment that brings them, while they are on their way', null=True)),
                ('comes_by', models.CharField(blank=True, db_default='', default='', help_text='how they cross the border, if they do', max_length=12)),
                ('ready_on', models.DateField(help_text='the day on which they are expected to stand ready', null=True)),
                ('node', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='logistics.node')),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
                ('seller', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sellers.seller')),
                ('sku', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.sku')),
            ],
        ),
        migrations.CreateModel(
            name='PlaceUnits',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('quantity', models.BigIntegerField(default=0)),
                ('place', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.place')),
                ('stock', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.stock')),
            ],
        ),
        migrations.CreateModel(
            name='PlaceMove',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('quantity', models.PositiveBigIntegerField()),
                ('kind', models.CharField(choices=[('begun', 'Begun'), ('came', 'Came'), ('left', 'Left'), ('moved', 'Moved')], max_length=6)),
                ('moved_by', models.CharField(blank=True, help_text='who moved them; blank where stock came or left', max_length=200)),
                ('from_place', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.place')),
                ('to_place', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.place')),
                ('stock', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.stock')),
            ],
        ),
        migrations.CreateModel(
            name='Movement',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('kind', models.CharField(choices=[('opening', 'Opening'), ('received', 'Received'), ('shipped', 'Shipped'), ('returned', 'Returned'), ('discarded', 'Discarded'), ('sent_back', 'Sent Back'), ('adjusted', 'Adjusted'), ('title_out', 'Title Out'), ('title_in', 'Title In'), ('expected', 'Expected')], max_length=10)),
                ('quantity', models.BigIntegerField()),
                ('occurred_at', models.DateTimeField()),
                ('source_type', models.CharField(max_length=40)),
                ('source_id', models.UUIDField()),
                ('subject_id', models.UUIDField(help_text='the order line that it serves', null=True)),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('stock', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.stock')),
            ],
        ),
        migrations.CreateModel(
            name='Hold',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('owner_id', models.UUIDField()),
                ('quantity', models.PositiveBigIntegerField()),
                ('per_unit', models.PositiveIntegerField(default=1)),
                ('state', models.CharField(choices=[('active', 'Active'), ('consumed', 'Consumed'), ('released', 'Released'), ('expired', 'Expired')], default='active', max_length=10)),
                ('expires_at', models.DateTimeField(help_text='while a payment provider takes its time', null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('offer', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.offer')),
                ('stock', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.stock')),
            ],
        ),
        migrations.CreateModel(
            name='Allotment',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('quantity', models.PositiveBigIntegerField()),
                ('offer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.offer')),
                ('stock', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.stock')),
            ],
        ),
        migrations.AddIndex(
            model_name='place',
            index=models.Index(fields=['node', 'walk'], name='place_walk'),
        ),
        migrations.AddConstraint(
            model_name='place',
            constraint=models.UniqueConstraint(fields=('node', 'code'), name='place_code_once'),
        ),
        migrations.AddConstraint(
            model_name='place',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'dock')), fields=('node',), name='place_one_dock'),
        ),
        migrations.AddConstraint(
            model_name='place',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'quarantine'), _negated=True), ('is_withheld', True), _connector='OR'), name='place_quarantine_keeps'),
        ),
        migrations.AddConstraint(
            model_name='place',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'storage'), _negated=True), ('is_withheld', False), _connector='OR'), name='place_storage_sells'),
        ),
        migrations.AddIndex(
            model_name='stock',
            index=models.Index(fields=['sku', 'seller'], name='stock_sku'),
        ),
        migrations.AddIndex(
            model_name='stock',
            index=models.Index(condition=models.Q(('comes_with__isnull', False)), fields=['comes_with'], name='stock_coming'),
        ),
        migrations.AddConstraint(
            model_name='stock',
            constraint=models.UniqueConstraint(fields=('seller', 'owner', 'node', 'sku', 'lot', 'condition'), name='stock_row_once'),
        ),
        migrations.AddConstraint(
            model_name='stock',
            constraint=models.CheckConstraint(condition=models.Q(('allotted__gte', 0), ('reserved__gte', 0), ('on_hand__gte', django.db.models.expressions.CombinedExpression(models.F('reserved'), '+', models.F('allotted')))), name='stock_promised_within_on_hand'),
        ),
        migrations.AddConstraint(
            model_name='stock',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('allotted', 0), ('comes_with__isnull', False), ('condition', 'coming'), ('ready_on__isnull', False)), models.Q(models.Q(('condition', 'coming'), _negated=True), ('comes_with__isnull', True), ('ready_on__isnull', True)), _connector='OR'), name='stock_coming_says_when'),
        ),
        migrations.AddIndex(
            model_name='placeunits',
            index=models.Index(fields=['place'], name='place_units_place'),
        ),
        migrations.AddConstraint(
            model_name='placeunits',
            constraint=models.UniqueConstraint(fields=('stock', 'place'), name='place_units_once'),
        ),
        migrations.AddConstraint(
            model_name='placeunits',
            constraint=models.CheckConstraint(condition=models.Q(('quantity__gte', 0)), name='place_units_not_negative'),
        ),
        migrations.AddIndex(
            model_name='placemove',
            index=models.Index(fields=['stock', 'id'], name='place_move_stock'),
        ),
        migrations.AddConstraint(
            model_name='placemove',
            constraint=models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='place_move_positive'),
        ),
        migrations.AddConstraint(
            model_name='placemove',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('from_place__isnull', True), ('kind__in', ['begun', 'came']), ('to_place__isnull', False)), models.Q(('from_place__isnull', False), ('kind', 'left'), ('to_place__isnull', True)), models.Q(('from_place__isnull', False), ('kind', 'moved'), ('to_place__isnull', False)), _connector='OR'), name='place_move_has_its_ends'),
        ),
        migrations.AddIndex(
            model_name='movement',
            index=models.Index(fields=['stock', 'id'], name='movement_stock'),
        ),
        migrations.AddIndex(
            model_name='movement',
            index=models.Index(condition=models.Q(('subject_id__isnull', False)), fields=['subject_id'], name='movement_subject'),
        ),
        migrations.AddConstraint(
            model_name='movement',
            constraint=models.CheckConstraint(condition=models.Q(('quantity', 0), _negated=True), name='movement_moves'),
        ),
        migrations.AddIndex(
            model_name='hold',
            index=models.Index(fields=['owner_id'], name='hold_owner'),
        ),
        migrations.AddIndex(
            model_name='hold',
            index=models.Index(condition=models.Q(('offer__isnull', False)), fields=['offer'], name='hold_offer'),
        ),
        migrations.AddIndex(
            model_name='hold',
            index=models.Index(condition=models.Q(('state', 'active')), fields=['stock'], name='hold_active'),
        ),
        migrations.AddIndex(
            model_name='hold',
            index=models.Index(condition=models.Q(('expires_at__isnull', False), ('state', 'active')), fields=['expires_at'], name='hold_expiring'),
        ),
        migrations.AddConstraint(
            model_name='hold',
            constraint=models.CheckConstraint(condition=models.Q(('per_unit__gt', 0), ('quantity__gt', 0)), name='hold_positive'),
        ),
        migrations.AddConstraint(
            model_name='hold',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('state', 'active')), models.Q(models.Q(('state', 'active'), _negated=True), ('ended_at__isnull', False)), _connector='OR'), name='hold_one_end'),
        ),
        migrations.AddConstraint(
            model_name='allotment',
            constraint=models.UniqueConstraint(fields=('offer', 'stock'), name='allotment_once'),
        ),
    ]
