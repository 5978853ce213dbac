import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        ('logistics', '0001_initial'),
        ('orders', '0001_initial'),
        ('sellers', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='ReturnCase',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('number', models.CharField(max_length=24, unique=True)),
                ('reason', models.CharField(choices=[('changed_mind', 'Changed Mind'), ('damaged', 'Damaged'), ('defective', 'Defective'), ('not_as_described', 'Not As Described'), ('wrong_item', 'Wrong Item'), ('arrived_late', 'Arrived Late')], max_length=20)),
                ('cause', models.CharField(max_length=20)),
                ('liable_party', models.CharField(max_length=12)),
                ('note', models.CharField(blank=True, max_length=1000)),
                ('photos', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=80), default=list, help_text='private media names, by the shopper', size=None)),
                ('state', models.CharField(choices=[('requested', 'Requested'), ('in_transit', 'In Transit'), ('received', 'Received'), ('refunded', 'Refunded'), ('cancelled', 'Cancelled')], default='requested', max_length=12)),
                ('handler_party', models.CharField(max_length=12)),
                ('freight_party', models.CharField(help_text="who bears the way back by the line's terms", max_length=12)),
                ('freight_cost_minor', models.BigIntegerField(default=0)),
                ('received_at', models.DateTimeField(null=True)),
                ('refunded_at', models.DateTimeField(null=True)),
                ('node', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='logistics.node')),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.order')),
                ('return_to', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.contact')),
                ('seller', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sellers.seller')),
                ('suborder', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.suborder')),
            ],
        ),
        migrations.CreateModel(
            name='ReturnLine',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('first_unit', models.PositiveIntegerField()),
                ('quantity', models.PositiveIntegerField()),
                ('received_qty', models.PositiveIntegerField(default=0)),
                ('disposition', models.CharField(blank=True, choices=[('restock', 'Restock'), ('discard', 'Discard'), ('to_owner', 'To Owner'), ('kept', 'Kept')], max_length=10)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='aftersales.returncase')),
                ('line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.orderline')),
            ],
        ),
        migrations.AddIndex(
            model_name='returncase',
            index=models.Index(fields=['seller', '-id'], name='return_case_seller'),
        ),
        migrations.AddIndex(
            model_name='returncase',
            index=models.Index(fields=['order'], name='return_case_order'),
        ),
        migrations.AddIndex(
            model_name='returnline',
            index=models.Index(fields=['line'], name='return_line_line'),
        ),
        migrations.AddConstraint(
            model_name='returnline',
            constraint=models.UniqueConstraint(fields=('case', 'line', 'first_unit'), name='return_line_once'),
        ),
        migrations.AddConstraint(
            model_name='returnline',
            constraint=models.CheckConstraint(condition=models.Q(('quantity__gt', 0), ('received_qty__lte', models.F('quantity'))), name='return_line_quantity'),
        ),
    ]
