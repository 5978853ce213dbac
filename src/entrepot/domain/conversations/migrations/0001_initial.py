import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        ('orders', '0001_initial'),
        ('sellers', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Thread',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('number', models.CharField(max_length=24, unique=True)),
                ('subject', models.CharField(choices=[('where_is_it', 'Where Is It'), ('wrong_item', 'Wrong Item'), ('damaged', 'Damaged'), ('change', 'Change'), ('invoice', 'Invoice'), ('other', 'Other')], max_length=12)),
                ('service_party', models.CharField(max_length=12)),
                ('party', models.CharField(max_length=12)),
                ('is_shared', models.BooleanField(default=False)),
                ('answer_hours', models.PositiveIntegerField()),
                ('state', models.CharField(choices=[('open', 'Open'), ('closed', 'Closed')], default='open', max_length=6)),
                ('due_at', models.DateTimeField(null=True)),
                ('said_at', models.DateTimeField(help_text='when the last message was written')),
                ('unread_shopper', models.PositiveIntegerField(default=0)),
                ('unread_service', models.PositiveIntegerField(default=0)),
                ('has_answer', models.BooleanField(default=False)),
                ('line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.orderline')),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.order')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
                ('seller', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sellers.seller')),
                ('suborder', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.suborder')),
            ],
        ),
        migrations.CreateModel(
            name='Message',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('kind', models.CharField(choices=[('said', 'Said'), ('handed_on', 'Handed On'), ('closed', 'Closed'), ('reopened', 'Reopened')], max_length=10)),
                ('side', models.CharField(max_length=12)),
                ('user_id', models.UUIDField(null=True)),
                ('party', models.CharField(blank=True, max_length=12)),
                ('text', models.TextField(blank=True)),
                ('organisation', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
                ('seller', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sellers.seller')),
                ('thread', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='conversations.thread')),
            ],
        ),
        migrations.CreateModel(
            name='Attachment',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('media', models.CharField(max_length=80)),
                ('is_picture', models.BooleanField()),
                ('size', models.PositiveIntegerField()),
                ('seller', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sellers.seller')),
                ('message', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='conversations.message')),
                ('thread', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='conversations.thread')),
            ],
        ),
        migrations.AddIndex(
            model_name='thread',
            index=models.Index(fields=['order', 'id'], name='thread_order'),
        ),
        migrations.AddIndex(
            model_name='thread',
            index=models.Index(fields=['seller', '-id'], name='thread_seller'),
        ),
        migrations.AddIndex(
            model_name='thread',
            index=models.Index(fields=['organisation', '-id'], name='thread_organisation'),
        ),
        migrations.AddIndex(
            model_name='thread',
            index=models.Index(condition=models.Q(('due_at__isnull', False)), fields=['organisation', 'due_at'], name='thread_due'),
        ),
        migrations.AddConstraint(
            model_name='thread',
            constraint=models.CheckConstraint(condition=models.Q(('state', 'open'), ('due_at__isnull', True), _connector='OR'), name='thread_closed_owes_none'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(fields=['thread', 'id'], name='message_thread'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.search.SearchVector('text', config='simple'), name='message_words'),
        ),
        migrations.AddIndex(
            model_name='attachment',
            index=models.Index(fields=['thread', 'id'], name='attachment_thread'),
        ),
    ]
