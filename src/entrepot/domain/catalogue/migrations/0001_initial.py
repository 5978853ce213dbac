import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.constraints
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        ('markets', '0001_initial'),
        ('sellers', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Category',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('code', models.SlugField(max_length=60, unique=True)),
                ('path', models.CharField(max_length=400, unique=True)),
                ('names', models.JSONField(default=dict, help_text='language -> name')),
                ('tax_class', models.CharField(default='standard', max_length=40)),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('parent', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.category')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Product',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('code', models.CharField(max_length=80)),
                ('brand', models.CharField(blank=True, max_length=100)),
                ('status', models.CharField(choices=[('draft', 'Draft'), ('active', 'Active'), ('archived', 'Archived')], default='draft', max_length=10)),
                ('missing', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, default=list, size=None)),
                ('axes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), blank=True, default=list, size=None)),
                ('source', models.CharField(blank=True, max_length=120)),
                ('category', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.category')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
            ],
        ),
        migrations.CreateModel(
            name='Picture',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('media', models.CharField(max_length=100)),
                ('position', models.PositiveSmallIntegerField()),
                ('alt', models.JSONField(default=dict, help_text='language -> text')),
                ('options', models.JSONField(default=dict, help_text='axis -> value of the SKUs that it shows; empty is all')),
                ('product', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='catalogue.product')),
            ],
        ),
        migrations.CreateModel(
            name='ProductText',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('language', models.CharField(max_length=10)),
                ('title', models.CharField(max_length=300)),
                ('description', models.TextField(blank=True)),
                ('search', django.contrib.postgres.search.SearchVectorField(null=True)),
                ('product', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='catalogue.product')),
            ],
        ),
        migrations.CreateModel(
            name='Sku',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('code', models.CharField(max_length=80)),
                ('options', models.JSONField(default=dict, help_text='axis -> value')),
                ('weight_g', models.PositiveIntegerField(null=True)),
                ('length_mm', models.PositiveIntegerField(null=True)),
                ('width_mm', models.PositiveIntegerField(null=True)),
                ('height_mm', models.PositiveIntegerField(null=True)),
                ('hs_code', models.CharField(blank=True, max_length=10)),
                ('origin_country', models.CharField(blank=True, max_length=2)),
                ('has_battery', models.BooleanField(default=False)),
                ('is_bulky', models.BooleanField(default=False)),
                ('base_unit', models.CharField(default='piece', max_length=20)),
                ('pack_quantity', models.PositiveIntegerField(default=1)),
                ('barcode', models.CharField(blank=True, max_length=40)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
                ('product', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.product')),
            ],
        ),
        migrations.CreateModel(
            name='Offer',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('programme_code', models.CharField(max_length=60)),
                ('status', models.CharField(choices=[('draft', 'Draft'), ('live', 'Live'), ('paused', 'Paused'), ('archived', 'Archived')], default='draft', max_length=10)),
                ('stock_policy', models.CharField(choices=[('shared', 'Shared'), ('allotted', 'Allotted')], default='shared', max_length=10)),
                ('enrolment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sellers.enrolment')),
                ('market', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='markets.market')),
                ('seller', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sellers.seller')),
                ('sku', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.sku')),
            ],
        ),
        migrations.CreateModel(
            name='SkuComponent',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('quantity', models.PositiveIntegerField()),
                ('component', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.sku')),
                ('sku', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.sku')),
            ],
        ),
        migrations.AddIndex(
            model_name='product',
            index=models.Index(fields=['category', 'status'], name='product_category'),
        ),
        migrations.AddConstraint(
            model_name='product',
            constraint=models.UniqueConstraint(fields=('organisation', 'code'), name='product_code_once'),
        ),
        migrations.AddConstraint(
            model_name='product',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'active'), _negated=True), models.Q(('category__isnull', False), ('missing__len', 0)), _connector='OR'), name='product_active_is_complete'),
        ),
        migrations.AddConstraint(
            model_name='picture',
            constraint=models.UniqueConstraint(deferrable=django.db.models.constraints.Deferrable['DEFERRED'], fields=('product', 'position'), name='picture_position_once'),
        ),
        migrations.AddIndex(
            model_name='producttext',
            index=django.contrib.postgres.indexes.GinIndex(fields=['search'], name='product_text_search'),
        ),
        migrations.AddIndex(
            model_name='producttext',
            index=django.contrib.postgres.indexes.GinIndex(fields=['title'], name='product_text_trigram', opclasses=['gin_trgm_ops']),
        ),
        migrations.AddConstraint(
            model_name='producttext',
            constraint=models.UniqueConstraint(fields=('product', 'language'), name='product_text_once'),
        ),
        migrations.AddIndex(
            model_name='sku',
            index=models.Index(fields=['product'], name='sku_product'),
        ),
        migrations.AddConstraint(
            model_name='sku',
            constraint=models.UniqueConstraint(fields=('organisation', 'code'), name='sku_code_once'),
        ),
        migrations.AddConstraint(
            model_name='sku',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('weight_g__isnull', True), ('weight_g__gt', 0), _connector='OR'), models.Q(('length_mm__isnull', True), ('length_mm__gt', 0), _connector='OR'), models.Q(('width_mm__isnull', True), ('width_mm__gt', 0), _connector='OR'), models.Q(('height_mm__isnull', True), ('height_mm__gt', 0), _connector='OR')), name='sku_measures_positive'),
        ),
        migrations.AddConstraint(
            model_name='sku',
            constraint=models.CheckConstraint(condition=models.Q(('pack_quantity__gt', 0)), name='sku_pack_positive'),
        ),
        migrations.AddIndex(
            model_name='offer',
            index=models.Index(condition=models.Q(('status', 'live')), fields=['market', 'sku'], name='offer_live'),
        ),
        migrations.AddIndex(
            model_name='offer',
            index=models.Index(fields=['seller', 'status'], name='offer_seller'),
        ),
        migrations.AddConstraint(
            model_name='offer',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'archived'), _negated=True), fields=('seller', 'sku', 'market', 'programme_code'), name='offer_once'),
        ),
        migrations.AddConstraint(
            model_name='skucomponent',
            constraint=models.UniqueConstraint(fields=('sku', 'component'), name='sku_component_once'),
        ),
        migrations.AddConstraint(
            model_name='skucomponent',
            constraint=models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='sku_component_positive'),
        ),
    ]
