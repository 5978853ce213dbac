import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('ledger', '0001_initial'),
        ('orders', '0001_initial'),
        ('sellers', '0001_initial'),
        ('terms', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Accrual',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('currency', models.CharField(max_length=3)),
                ('amount_minor', models.BigIntegerField()),
                ('market_currency', models.CharField(max_length=3)),
                ('market_minor', models.BigIntegerField()),
                ('part', models.CharField(max_length=60)),
                ('quantity', models.PositiveIntegerField(default=0)),
                ('event_kind', models.CharField(max_length=30)),
                ('event_id', models.UUIDField()),
                ('rule', models.CharField(max_length=120)),
                ('inputs', models.JSONField(default=dict)),
                ('accrued_at', models.DateTimeField()),
                ('eligible_at', models.DateTimeField()),
                ('journal', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.journal')),
                ('line', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.orderline')),
                ('posting', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.posting')),
                ('seller', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sellers.seller')),
                ('terms', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='terms.termssnapshot')),
            ],
        ),
        migrations.CreateModel(
            name='PayoutBatch',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('number', models.CharField(max_length=24, unique=True)),
                ('provider', models.CharField(max_length=30)),
                ('currency', models.CharField(max_length=3)),
                ('media', models.CharField(blank=True, max_length=100)),
                ('sent_at', models.DateTimeField(null=True)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='CostRate',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('kind', models.CharField(choices=[('payment', 'Payment'), ('handling', 'Handling'), ('storage', 'Storage')], max_length=10)),
                ('code', models.CharField(blank=True, max_length=60)),
                ('currency', models.CharField(max_length=3)),
                ('rate', models.DecimalField(decimal_places=6, default=0, max_digits=8)),
                ('amount_minor', models.BigIntegerField(default=0)),
                ('valid_from', models.DateField()),
                ('valid_until', models.DateField(null=True)),
                ('source', models.TextField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('kind', 'code', 'currency', 'valid_from'), name='cost_rate_one_start'), models.CheckConstraint(condition=models.Q(('amount_minor__gte', 0), ('rate__gte', 0), ('rate__lt', 1)), name='cost_rate_range'), models.CheckConstraint(condition=models.Q(('kind', 'payment'), ('rate', 0), _connector='OR'), name='cost_rate_share_of_payments_only'), models.CheckConstraint(condition=models.Q(('valid_until__isnull', True), ('valid_until__gt', models.F('valid_from')), _connector='OR'), name='cost_rate_period')],
            },
        ),
        migrations.CreateModel(
            name='Statement',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('number', models.CharField(max_length=28, unique=True)),
                ('currency', models.CharField(max_length=3)),
                ('period_from', models.DateTimeField()),
                ('period_until', models.DateTimeField()),
                ('opening_minor', models.BigIntegerField()),
                ('lines_minor', models.BigIntegerField()),
                ('reserved_minor', models.BigIntegerField(default=0)),
                ('released_minor', models.BigIntegerField(default=0)),
                ('payable_minor', models.BigIntegerField()),
                ('carried_minor', models.BigIntegerField()),
                ('state', models.CharField(choices=[('issued', 'Issued'), ('paid', 'Paid')], default='issued', max_length=8)),
                ('seller', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sellers.seller')),
            ],
        ),
        migrations.CreateModel(
            name='ReserveHold',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('currency', models.CharField(max_length=3)),
                ('amount_minor', models.BigIntegerField()),
                ('release_at', models.DateTimeField()),
                ('seller', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sellers.seller')),
                ('released_on', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='settlement.statement')),
                ('statement', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='settlement.statement')),
            ],
        ),
        migrations.CreateModel(
            name='Payout',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('currency', models.CharField(max_length=3)),
                ('amount_minor', models.BigIntegerField()),
                ('state', models.CharField(choices=[('about_to', 'About To'), ('in_transit', 'In Transit'), ('done', 'Done'), ('failed', 'Failed')], default='about_to', max_length=10)),
                ('provider_reference', models.CharField(blank=True, max_length=120)),
                ('failure', models.CharField(blank=True, max_length=200)),
                ('done_at', models.DateTimeField(null=True)),
                ('seller', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sellers.seller')),
                ('batch', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='settlement.payoutbatch')),
                ('statement', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='settlement.statement')),
            ],
        ),
        migrations.CreateModel(
            name='StatementLine',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('accrual', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='settlement.accrual')),
                ('statement', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='settlement.statement')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Unstated',
            fields=[
                ('accrual', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='+', serialize=False, to='settlement.accrual')),
                ('created_at', models.DateTimeField()),
                ('currency', models.CharField(max_length=3)),
                ('amount_minor', models.BigIntegerField()),
                ('eligible_at', models.DateTimeField()),
                ('seller', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sellers.seller')),
            ],
        ),
        migrations.AddIndex(
            model_name='accrual',
            index=models.Index(fields=['seller', 'eligible_at'], name='accrual_eligible'),
        ),
        migrations.AddIndex(
            model_name='accrual',
            index=models.Index(fields=['line'], name='accrual_line'),
        ),
        migrations.AddConstraint(
            model_name='accrual',
            constraint=models.UniqueConstraint(fields=('event_kind', 'event_id', 'line', 'part'), name='accrual_once'),
        ),
        migrations.AddConstraint(
            model_name='accrual',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor', 0), _negated=True), name='accrual_not_zero'),
        ),
        migrations.AddConstraint(
            model_name='statement',
            constraint=models.UniqueConstraint(fields=('seller', 'currency', 'period_until'), name='statement_once_a_period'),
        ),
        migrations.AddConstraint(
            model_name='statement',
            constraint=models.CheckConstraint(condition=models.Q(('payable_minor', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('opening_minor'), '+', models.F('lines_minor')), '-', models.F('reserved_minor')), '+', models.F('released_minor')), '-', models.F('carried_minor')))), name='statement_adds_up'),
        ),
        migrations.AddConstraint(
            model_name='statement',
            constraint=models.CheckConstraint(condition=models.Q(('payable_minor__gte', 0), ('released_minor__gte', 0), ('reserved_minor__gte', 0)), name='statement_pays_nothing_negative'),
        ),
        migrations.AddConstraint(
            model_name='statement',
            constraint=models.CheckConstraint(condition=models.Q(('period_until__gt', models.F('period_from'))), name='statement_period'),
        ),
        migrations.AddIndex(
            model_name='reservehold',
            index=models.Index(condition=models.Q(('released_on__isnull', True)), fields=['seller', 'release_at'], name='reserve_hold_held'),
        ),
        migrations.AddConstraint(
            model_name='reservehold',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0)), name='reserve_hold_positive'),
        ),
        migrations.AddConstraint(
            model_name='reservehold',
            constraint=models.UniqueConstraint(fields=('statement', 'release_at'), name='reserve_hold_once'),
        ),
        migrations.AddIndex(
            model_name='payout',
            index=models.Index(fields=['state', 'id'], name='payout_state'),
        ),
        migrations.AddConstraint(
            model_name='payout',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0)), name='payout_positive'),
        ),
        migrations.AddConstraint(
            model_name='payout',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'failed'), _negated=True), fields=('statement',), name='payout_one_live_a_statement'),
        ),
        migrations.AddConstraint(
            model_name='payout',
            constraint=models.UniqueConstraint(condition=models.Q(('provider_reference', ''), _negated=True), fields=('provider_reference',), name='payout_reference_once'),
        ),
        migrations.AddIndex(
            model_name='unstated',
            index=models.Index(fields=['seller', 'eligible_at', 'accrual'], name='unstated_next'),
        ),
    ]
