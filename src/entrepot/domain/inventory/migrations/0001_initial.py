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
            name='Stock',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('lot', models.CharField(blank=True, max_length=40)),
                ('condition', models.CharField(choices=[('new', 'New'), ('opened', 'Opened'), ('damaged', 'Damaged')], default='new', max_length=10)),
                ('on_hand', models.BigIntegerField(default=0)),
                ('reserved', models.BigIntegerField(default=0, help_text='sum of the active holds')),
                ('allotted', models.BigIntegerField(default=0, help_text='sum of the allotments that are neither sold nor held')),
                ('node', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='logistics.node')),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
                ('seller', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sellers.seller')),
                ('sku', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.sku')),
            ],
        ),
        migrations.CreateModel(
            name='Movement',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('kind', models.CharField(choices=[('opening', 'Opening'), ('received', 'Received'), ('shipped', 'Shipped'), ('returned', 'Returned'), ('discarded', 'Discarded'), ('adjusted', 'Adjusted'), ('title_out', 'Title Out'), ('title_in', 'Title In')], max_length=10)),
                ('quantity', models.BigIntegerField()),
                ('occurred_at', models.DateTimeField()),
                ('source_type', models.CharField(max_length=40)),
                ('source_id', models.UUIDField()),
                ('subject_id', models.UUIDField(help_text='the order line that it serves', null=True)),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('stock', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.stock')),
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
                ('expires_at', models.DateTimeField(help_text='empty once the order is placed', null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('offer', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.offer')),
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
            model_name='stock',
            index=models.Index(fields=['sku', 'seller'], name='stock_sku'),
        ),
        migrations.AddConstraint(
            model_name='stock',
            constraint=models.UniqueConstraint(fields=('seller', 'owner', 'node', 'sku', 'lot', 'condition'), name='stock_row_once'),
        ),
        migrations.AddConstraint(
            model_name='stock',
            constraint=models.CheckConstraint(condition=models.Q(('allotted__gte', 0), ('reserved__gte', 0), ('on_hand__gte', django.db.models.expressions.CombinedExpression(models.F('reserved'), '+', models.F('allotted')))), name='stock_promised_within_on_hand'),
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
