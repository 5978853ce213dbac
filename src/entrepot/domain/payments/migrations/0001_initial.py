import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Payment',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('reference_id', models.UUIDField(unique=True)),
                ('provider', models.CharField(max_length=30)),
                ('currency', models.CharField(max_length=3)),
                ('amount_minor', models.BigIntegerField()),
                ('captured_minor', models.BigIntegerField(default=0)),
                ('voided_minor', models.BigIntegerField(default=0)),
                ('refunded_minor', models.BigIntegerField(default=0)),
                ('state', models.CharField(choices=[('about_to', 'About To'), ('pending', 'Pending'), ('authorised', 'Authorised'), ('declined', 'Declined'), ('unknown', 'Unknown')], max_length=12)),
                ('instrument', models.CharField(blank=True, max_length=60)),
                ('provider_reference', models.CharField(blank=True, max_length=120)),
                ('decline_reason', models.CharField(blank=True, max_length=120)),
                ('authorised_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state__in', ['about_to', 'pending', 'unknown'])), fields=['id'], name='payment_waiting')],
                'constraints': [models.CheckConstraint(condition=models.Q(('amount_minor__gte', 0)), name='payment_not_negative'), models.CheckConstraint(condition=models.Q(('captured_minor__gte', 0), ('refunded_minor__gte', 0), ('voided_minor__gte', 0), ('captured_minor__lte', django.db.models.expressions.CombinedExpression(models.F('amount_minor'), '-', models.F('voided_minor')))), name='payment_captured_within_authorised'), models.CheckConstraint(condition=models.Q(('refunded_minor__lte', models.F('captured_minor'))), name='payment_refunded_within_captured'), models.UniqueConstraint(condition=models.Q(('provider_reference', ''), _negated=True), fields=('provider', 'provider_reference'), name='payment_provider_reference_once')],
            },
        ),
        migrations.CreateModel(
            name='Capture',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('source_id', models.UUIDField(unique=True)),
                ('amount_minor', models.BigIntegerField()),
                ('state', models.CharField(choices=[('about_to', 'About To'), ('done', 'Done'), ('failed', 'Failed'), ('unknown', 'Unknown')], default='about_to', max_length=10)),
                ('provider_reference', models.CharField(blank=True, max_length=120)),
                ('attempt', models.PositiveSmallIntegerField(default=1)),
                ('done_at', models.DateTimeField(null=True)),
                ('payment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.payment')),
            ],
        ),
        migrations.CreateModel(
            name='ProviderEvent',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('provider', models.CharField(max_length=30)),
                ('event_id', models.CharField(max_length=120)),
                ('kind', models.CharField(max_length=30)),
                ('payload', models.JSONField()),
                ('processed_at', models.DateTimeField(null=True)),
                ('outcome', models.CharField(blank=True, max_length=60)),
                ('payment', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.payment')),
            ],
        ),
        migrations.CreateModel(
            name='Refund',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('source_id', models.UUIDField(unique=True)),
                ('amount_minor', models.BigIntegerField()),
                ('reason', models.CharField(max_length=40)),
                ('state', models.CharField(choices=[('about_to', 'About To'), ('done', 'Done'), ('failed', 'Failed'), ('unknown', 'Unknown')], default='about_to', max_length=10)),
                ('provider_reference', models.CharField(blank=True, max_length=120)),
                ('attempt', models.PositiveSmallIntegerField(default=1)),
                ('done_at', models.DateTimeField(null=True)),
                ('payment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.payment')),
            ],
        ),
        migrations.CreateModel(
            name='RefundLine',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('line_id', models.UUIDField()),
                ('quantity', models.PositiveIntegerField()),
                ('amount_minor', models.BigIntegerField()),
                ('refund', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.refund')),
            ],
        ),
        migrations.CreateModel(
            name='SandboxCharge',
            fields=[
                ('key', models.CharField(max_length=120, primary_key=True, serialize=False)),
                ('act', models.CharField(max_length=10)),
                ('reference', models.CharField(max_length=40)),
                ('authorisation', models.CharField(blank=True, max_length=40)),
                ('instrument', models.CharField(blank=True, max_length=60)),
                ('amount_minor', models.BigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('state', models.CharField(max_length=10)),
                ('reason', models.CharField(blank=True, max_length=60)),
                ('created_at', models.DateTimeField()),
                ('settles_at', models.DateTimeField()),
                ('is_told', models.BooleanField(default=False)),
            ],
            options={
                'indexes': [models.Index(fields=['authorisation', 'act'], name='sandbox_authorisation'), models.Index(condition=models.Q(('act', 'authorise'), ('is_told', False)), fields=['settles_at'], name='sandbox_untold')],
                'constraints': [models.UniqueConstraint(fields=('reference',), name='sandbox_reference_once')],
            },
        ),
        migrations.CreateModel(
            name='Void',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('source_id', models.UUIDField(unique=True)),
                ('amount_minor', models.BigIntegerField()),
                ('state', models.CharField(choices=[('about_to', 'About To'), ('done', 'Done'), ('failed', 'Failed'), ('unknown', 'Unknown')], default='about_to', max_length=10)),
                ('provider_reference', models.CharField(blank=True, max_length=120)),
                ('attempt', models.PositiveSmallIntegerField(default=1)),
                ('done_at', models.DateTimeField(null=True)),
                ('payment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.payment')),
            ],
        ),
        migrations.CreateModel(
            name='CaptureLine',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('line_id', models.UUIDField()),
                ('quantity', models.PositiveIntegerField()),
                ('amount_minor', models.BigIntegerField()),
                ('capture', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.capture')),
            ],
            options={
                'indexes': [models.Index(fields=['line_id'], name='capture_line_line')],
                'constraints': [models.UniqueConstraint(fields=('capture', 'line_id'), name='capture_line_once')],
            },
        ),
        migrations.AddIndex(
            model_name='capture',
            index=models.Index(fields=['payment'], name='capture_payment'),
        ),
        migrations.AddIndex(
            model_name='capture',
            index=models.Index(condition=models.Q(('state__in', ['about_to', 'unknown'])), fields=['id'], name='capture_open'),
        ),
        migrations.AddConstraint(
            model_name='capture',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gte', 0)), name='capture_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='providerevent',
            constraint=models.UniqueConstraint(fields=('provider', 'event_id'), name='provider_event_once'),
        ),
        migrations.AddIndex(
            model_name='refund',
            index=models.Index(fields=['payment'], name='refund_payment'),
        ),
        migrations.AddIndex(
            model_name='refund',
            index=models.Index(condition=models.Q(('state__in', ['about_to', 'unknown'])), fields=['id'], name='refund_open'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0)), name='refund_positive'),
        ),
        migrations.AddIndex(
            model_name='refundline',
            index=models.Index(fields=['line_id'], name='refund_line_line'),
        ),
        migrations.AddConstraint(
            model_name='refundline',
            constraint=models.UniqueConstraint(fields=('refund', 'line_id'), name='refund_line_once'),
        ),
        migrations.AddIndex(
            model_name='void',
            index=models.Index(fields=['payment'], name='void_payment'),
        ),
        migrations.AddIndex(
            model_name='void',
            index=models.Index(condition=models.Q(('state__in', ['about_to', 'unknown'])), fields=['id'], name='void_open'),
        ),
        migrations.AddConstraint(
            model_name='void',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0)), name='void_positive'),
        ),
    ]
