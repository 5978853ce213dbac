import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Account',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('kind', models.CharField(max_length=40)),
                ('owner_id', models.UUIDField()),
                ('currency', models.CharField(max_length=3)),
                ('label', models.CharField(blank=True, max_length=60)),
            ],
        ),
        migrations.CreateModel(
            name='Anchor',
            fields=[
                ('number', models.BigIntegerField(primary_key=True, serialize=False)),
                ('published_at', models.DateTimeField()),
                ('hash', models.CharField(max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name='Journal',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('kind', models.CharField(max_length=40)),
                ('source_type', models.CharField(max_length=40)),
                ('source_id', models.UUIDField()),
                ('occurred_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Level',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('postings', models.BigIntegerField()),
                ('sequence', models.BigIntegerField()),
                ('balance_minor', models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='Posting',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('amount_minor', models.BigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('part', models.CharField(max_length=60)),
                ('subject_id', models.UUIDField(null=True)),
                ('rate', models.DecimalField(decimal_places=10, max_digits=20, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Seal',
            fields=[
                ('number', models.BigIntegerField(primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('until_sequence', models.BigIntegerField(unique=True)),
                ('postings', models.PositiveIntegerField()),
                ('previous_hash', models.CharField(blank=True, max_length=64)),
                ('hash', models.CharField(max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name='Balance',
            fields=[
                ('account', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='+', serialize=False, to='ledger.account')),
                ('balance_minor', models.BigIntegerField()),
                ('floor_minor', models.BigIntegerField(default=0)),
            ],
        ),
        migrations.AddIndex(
            model_name='account',
            index=models.Index(fields=['owner_id', 'kind'], name='account_owner'),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.UniqueConstraint(fields=('kind', 'owner_id', 'currency', 'label'), name='account_once'),
        ),
        migrations.AddField(
            model_name='journal',
            name='reverses',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.journal'),
        ),
        migrations.AddField(
            model_name='level',
            name='account',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.account'),
        ),
        migrations.AddField(
            model_name='posting',
            name='destination',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.account'),
        ),
        migrations.AddField(
            model_name='posting',
            name='journal',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.journal'),
        ),
        migrations.AddField(
            model_name='posting',
            name='source',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.account'),
        ),
        migrations.AddConstraint(
            model_name='seal',
            constraint=models.CheckConstraint(condition=models.Q(('number__gt', 0), ('postings__gt', 0)), name='seal_of_something'),
        ),
        migrations.AddConstraint(
            model_name='balance',
            constraint=models.CheckConstraint(condition=models.Q(('balance_minor__gte', models.F('floor_minor'))), name='balance_above_floor'),
        ),
        migrations.AddConstraint(
            model_name='journal',
            constraint=models.UniqueConstraint(fields=('source_type', 'source_id', 'kind'), name='journal_once_per_event'),
        ),
        migrations.AddConstraint(
            model_name='level',
            constraint=models.UniqueConstraint(fields=('account', 'sequence'), name='level_once'),
        ),
        migrations.AddConstraint(
            model_name='level',
            constraint=models.CheckConstraint(condition=models.Q(('postings__gt', 0)), name='level_of_something'),
        ),
        migrations.AddIndex(
            model_name='posting',
            index=models.Index(condition=models.Q(('subject_id__isnull', False)), fields=['subject_id'], name='posting_subject'),
        ),
        migrations.AddConstraint(
            model_name='posting',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0)), name='posting_amount_positive'),
        ),
        migrations.AddConstraint(
            model_name='posting',
            constraint=models.CheckConstraint(condition=models.Q(('source', models.F('destination')), _negated=True), name='posting_moves_between_two'),
        ),
    ]
