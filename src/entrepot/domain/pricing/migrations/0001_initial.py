import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('catalogue', '0001_initial'),
        ('markets', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='PriceRule',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('markup_rate', models.DecimalField(decimal_places=6, max_digits=8)),
                ('floor_minor', models.BigIntegerField(default=0)),
                ('ending_minor', models.PositiveSmallIntegerField(help_text='e.g. 99: the last digits of the price', null=True)),
                ('valid_from', models.DateTimeField()),
                ('valid_until', models.DateTimeField(null=True)),
                ('category', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.category')),
                ('market', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='markets.market')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('floor_minor__gte', 0), ('markup_rate__gte', 0)), name='price_rule_positive')],
            },
        ),
        migrations.CreateModel(
            name='RetailPrice',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('amount_minor', models.BigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('includes_tax', models.BooleanField()),
                ('valid_from', models.DateTimeField()),
                ('valid_until', models.DateTimeField(null=True)),
                ('set_by_party', models.CharField(max_length=12)),
                ('rule_id', models.UUIDField(null=True)),
                ('offer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.offer')),
            ],
            options={
                'indexes': [models.Index(fields=['offer', 'valid_from'], name='retail_price_history')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('valid_until__isnull', True)), fields=('offer',), name='retail_price_one_open'), models.CheckConstraint(condition=models.Q(('amount_minor__gte', 0)), name='retail_price_not_negative'), models.CheckConstraint(condition=models.Q(('valid_until__isnull', True), ('valid_until__gte', models.F('valid_from')), _connector='OR'), name='retail_price_period')],
            },
        ),
        migrations.CreateModel(
            name='SupplyQuote',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('version', models.PositiveIntegerField()),
                ('amount_minor', models.BigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('status', models.CharField(choices=[('quoted', 'Quoted'), ('countered', 'Countered'), ('accepted', 'Accepted'), ('refused', 'Refused'), ('expired', 'Expired'), ('superseded', 'Superseded')], max_length=12)),
                ('made_by_party', models.CharField(max_length=12)),
                ('note', models.CharField(blank=True, max_length=400)),
                ('valid_until', models.DateTimeField()),
                ('decided_at', models.DateTimeField(null=True)),
                ('offer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.offer')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('offer', 'version'), name='supply_quote_version_once'), models.UniqueConstraint(condition=models.Q(('status', 'accepted')), fields=('offer',), name='supply_quote_one_in_force'), models.UniqueConstraint(condition=models.Q(('status__in', ['quoted', 'countered'])), fields=('offer',), name='supply_quote_one_open'), models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0)), name='supply_quote_positive')],
            },
        ),
    ]
