import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('catalogue', '0001_initial'),
        ('markets', '0001_initial'),
        ('sellers', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Voucher',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('code', models.CharField(max_length=40, unique=True)),
                ('label', models.CharField(max_length=120)),
                ('kind', models.CharField(choices=[('rate', 'Rate'), ('amount', 'Amount')], max_length=6)),
                ('rate', models.DecimalField(decimal_places=6, max_digits=7, null=True)),
                ('amount_minor', models.BigIntegerField(null=True)),
                ('minimum_minor', models.BigIntegerField(default=0)),
                ('platform_share', models.DecimalField(decimal_places=6, max_digits=7)),
                ('limit_total', models.PositiveIntegerField(null=True)),
                ('limit_per_shopper', models.PositiveIntegerField(null=True)),
                ('redeemed', models.PositiveIntegerField(default=0)),
                ('valid_from', models.DateTimeField()),
                ('valid_until', models.DateTimeField()),
                ('category', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.category')),
                ('market', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='markets.market')),
                ('seller', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sellers.seller')),
            ],
        ),
        migrations.CreateModel(
            name='Redemption',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('order_id', models.UUIDField(unique=True)),
                ('shopper_key', models.CharField(max_length=100)),
                ('amount_minor', models.BigIntegerField()),
                ('released_at', models.DateTimeField(null=True)),
                ('voucher', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='promotions.voucher')),
            ],
        ),
        migrations.AddConstraint(
            model_name='voucher',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('amount_minor__isnull', True), ('kind', 'rate'), ('rate__gt', 0), ('rate__lte', 1)), models.Q(('amount_minor__gt', 0), ('kind', 'amount'), ('rate__isnull', True)), _connector='OR'), name='voucher_rate_or_amount'),
        ),
        migrations.AddConstraint(
            model_name='voucher',
            constraint=models.CheckConstraint(condition=models.Q(('platform_share__gte', 0), ('platform_share__lte', 1)), name='voucher_share_is_a_share'),
        ),
        migrations.AddConstraint(
            model_name='voucher',
            constraint=models.CheckConstraint(condition=models.Q(('limit_total__isnull', True), ('redeemed__lte', models.F('limit_total')), _connector='OR'), name='voucher_within_limit'),
        ),
        migrations.AddConstraint(
            model_name='voucher',
            constraint=models.CheckConstraint(condition=models.Q(('valid_until__gt', models.F('valid_from'))), name='voucher_period'),
        ),
        migrations.AddIndex(
            model_name='redemption',
            index=models.Index(condition=models.Q(('released_at__isnull', True)), fields=['voucher', 'shopper_key'], name='redemption_shopper'),
        ),
    ]
