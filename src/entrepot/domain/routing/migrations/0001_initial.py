import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('logistics', '0001_initial'),
        ('markets', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='RuleEdition',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('number', models.PositiveIntegerField(unique=True)),
                ('rules', models.JSONField(default=list)),
                ('reason', models.TextField()),
                ('published_by', models.CharField(max_length=200)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='RoutingRule',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('kind', models.CharField(max_length=20)),
                ('amount_minor', models.BigIntegerField(null=True)),
                ('position', models.PositiveIntegerField()),
                ('is_on', models.BooleanField(default=True)),
                ('valid_from', models.DateField()),
                ('valid_until', models.DateField(null=True)),
                ('market', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='markets.market')),
                ('node', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='logistics.node')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('valid_until__isnull', True), ('valid_until__gte', models.F('valid_from')), _connector='OR'), name='routing_rule_period'), models.CheckConstraint(condition=models.Q(('amount_minor__isnull', True), models.Q(('amount_minor__gt', 0), ('market__isnull', False)), _connector='OR'), name='routing_rule_amount_of_a_market'), models.CheckConstraint(condition=models.Q(models.Q(('kind__in', ['prefer_node', 'exclude_node']), ('node__isnull', False)), models.Q(('kind__in', ['prefer_local', 'one_parcel', 'no_split_below', 'prefer_ready', 'only_ready']), ('node__isnull', True)), _connector='OR'), name='routing_rule_node'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 'no_split_below'), _negated=True), ('amount_minor__isnull', False), _connector='OR'), name='routing_rule_split_amount')],
            },
        ),
    ]
