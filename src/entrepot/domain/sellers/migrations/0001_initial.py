import django.contrib.postgres.constraints
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        ('markets', '0001_initial'),
        ('terms', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Seller',
            fields=[
                ('organisation', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='+', serialize=False, to='accounts.organisation')),
                ('status', models.CharField(choices=[('applicant', 'Applicant'), ('active', 'Active'), ('suspended', 'Suspended'), ('closed', 'Closed')], default='applicant', max_length=10)),
                ('tier', models.CharField(default='standard', max_length=20)),
                ('settlement_currency', models.CharField(max_length=3)),
                ('applied_at', models.DateTimeField()),
                ('admitted_at', models.DateTimeField(null=True)),
                ('profile', models.JSONField(default=dict)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('status', 'applicant'), ('admitted_at__isnull', False), ('status', 'closed'), _connector='OR'), name='seller_active_was_admitted')],
            },
        ),
        migrations.CreateModel(
            name='ReadinessAnswers',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('version', models.PositiveIntegerField()),
                ('answers', models.JSONField()),
                ('answered_by', models.UUIDField(null=True)),
                ('seller', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sellers.seller')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('seller', 'version'), name='readiness_version_once')],
            },
        ),
        migrations.CreateModel(
            name='Enrolment',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('programme_code', models.CharField(max_length=60)),
                ('valid_from', models.DateTimeField()),
                ('valid_until', models.DateTimeField(null=True)),
                ('accepted_by', models.UUIDField()),
                ('accepted_at', models.DateTimeField()),
                ('accepted_hash', models.CharField(max_length=64)),
                ('market', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='markets.market')),
                ('programme_version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='terms.programmeversion')),
                ('seller', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sellers.seller')),
            ],
            options={
                'constraints': [django.contrib.postgres.constraints.ExclusionConstraint(expressions=[(models.F('seller'), '='), (models.F('market'), '='), (models.F('programme_code'), '='), (models.Func(models.F('valid_from'), models.F('valid_until'), function='tstzrange'), '&&')], name='enrolment_one_version_at_a_time'), models.CheckConstraint(condition=models.Q(('valid_until__isnull', True), ('valid_until__gte', models.F('valid_from')), _connector='OR'), name='enrolment_period')],
            },
        ),
        migrations.CreateModel(
            name='DocumentRequest',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('kind', models.CharField(max_length=60)),
                ('note', models.CharField(max_length=200)),
                ('answered_at', models.DateTimeField(null=True)),
                ('seller', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sellers.seller')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('answered_at__isnull', True)), fields=('seller', 'kind'), name='document_request_open_once')],
            },
        ),
        migrations.CreateModel(
            name='SellerDocument',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('kind', models.CharField(max_length=60)),
                ('media', models.CharField(blank=True, max_length=100)),
                ('reference', models.CharField(blank=True, max_length=120)),
                ('status', models.CharField(choices=[('submitted', 'Submitted'), ('accepted', 'Accepted'), ('refused', 'Refused')], default='submitted', max_length=10)),
                ('decided_at', models.DateTimeField(null=True)),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('valid_until', models.DateField(null=True)),
                ('seller', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sellers.seller')),
            ],
            options={
                'indexes': [models.Index(fields=['seller', 'kind'], name='seller_document_kind')],
            },
        ),
    ]
