import django.contrib.postgres.constraints
import django.db.models.deletion
import django.db.models.functions.comparison
import uuid
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
                'constraints': [models.CheckConstraint(condition=models.Q(('floor_minor__gte', 0), ('markup_rate__gte', 0)), name='price_rule_positive'), django.contrib.postgres.constraints.ExclusionConstraint(expressions=[(models.F('market'), '='), (django.db.models.functions.comparison.Coalesce(models.F('category'), models.Value(uuid.UUID('00000000-0000-0000-0000-000000000000'), output_field=models.UUIDField())), '='), (models.Func(models.F('valid_from'), models.F('valid_until'), function='tstzrange'), '&&')], name='price_rule_one_at_a_time')],
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
                ('batch_id', models.UUIDField(help_text='the act that set it, as the audit trail names it')),
                ('offer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.offer')),
            ],
            options={
                'indexes': [models.Index(fields=['offer', 'valid_from'], name='retail_price_history')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('valid_until__isnull', True)), fields=('offer',), name='retail_price_one_open'), django.contrib.postgres.constraints.ExclusionConstraint(expressions=[(models.F('offer'), '='), (models.Func(models.F('valid_from'), models.F('valid_until'), function='tstzrange'), '&&')], name='retail_price_one_at_a_time'), models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0)), name='retail_price_positive'), models.CheckConstraint(condition=models.Q(('valid_until__isnull', True), ('valid_until__gte', models.F('valid_from')), _connector='OR'), name='retail_price_period')],
            },
        ),
        migrations.CreateModel(
            name='RetailProposal',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('amount_minor', models.BigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('status', models.CharField(choices=[('open', 'Open'), ('approved', 'Approved'), ('refused', 'Refused'), ('superseded', 'Superseded')], default='open', max_length=10)),
                ('proposed_by_party', models.CharField(max_length=12)),
                ('waits_for_party', models.CharField(max_length=12)),
                ('note', models.CharField(blank=True, max_length=400)),
                ('decided_at', models.DateTimeField(null=True)),
                ('offer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.offer')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('status', 'open')), fields=('offer',), name='retail_proposal_one_open'), models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0)), name='retail_proposal_positive'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('status', 'open')), models.Q(models.Q(('status', 'open'), _negated=True), ('decided_at__isnull', False)), _connector='OR'), name='retail_proposal_decided_has_time')],
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
                'indexes': [models.Index(condition=models.Q(('status__in', ['quoted', 'countered'])), fields=['valid_until'], name='supply_quote_open')],
                'constraints': [models.UniqueConstraint(fields=('offer', 'version'), name='supply_quote_version_once'), models.UniqueConstraint(condition=models.Q(('status', 'accepted')), fields=('offer',), name='supply_quote_one_in_force'), models.UniqueConstraint(condition=models.Q(('status__in', ['quoted', 'countered'])), fields=('offer',), name='supply_quote_one_open'), models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0)), name='supply_quote_positive'), models.CheckConstraint(condition=models.Q(models.Q(('status__in', ['accepted', 'refused', 'expired']), _negated=True), ('decided_at__isnull', False), _connector='OR'), name='supply_quote_decided_has_time')],
            },
        ),
    ]
