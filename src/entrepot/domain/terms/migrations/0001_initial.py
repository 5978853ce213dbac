import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Programme',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('code', models.SlugField(max_length=60, unique=True)),
                ('label', models.CharField(max_length=120)),
                ('modelled_on', models.CharField(blank=True, help_text="the market's model that a preset follows", max_length=120)),
                ('is_preset', models.BooleanField(default=False)),
                ('archived_at', models.DateTimeField(null=True)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='TermsSnapshot',
            fields=[
                ('digest', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('body', models.JSONField()),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('digest__regex', '^[0-9a-f]{64}$')), name='terms_digest_shape')],
            },
        ),
        migrations.CreateModel(
            name='ProgrammeVersion',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('version', models.PositiveIntegerField()),
                ('status', models.CharField(choices=[('draft', 'Draft'), ('published', 'Published'), ('archived', 'Archived')], default='draft', max_length=10)),
                ('document', models.JSONField(help_text='the canonical document, see docs/rules/programmes.md')),
                ('content_hash', models.CharField(max_length=64)),
                ('valid_from', models.DateField()),
                ('valid_until', models.DateField(null=True)),
                ('published_at', models.DateTimeField(null=True)),
                ('published_by', models.UUIDField(null=True)),
                ('programme', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='terms.programme')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('programme', 'version'), name='programme_version_once'), models.UniqueConstraint(condition=models.Q(('status', 'draft')), fields=('programme',), name='programme_version_one_draft'), models.CheckConstraint(condition=models.Q(('version__gt', 0)), name='programme_version_positive'), models.CheckConstraint(condition=models.Q(('status', 'draft'), ('published_at__isnull', False), _connector='OR'), name='programme_version_published_has_time'), models.CheckConstraint(condition=models.Q(('valid_until__isnull', True), ('valid_until__gt', models.F('valid_from')), _connector='OR'), name='programme_version_period')],
            },
        ),
    ]
