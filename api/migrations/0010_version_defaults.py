"""The version has its default in the database too. The options say nothing to a database: the base manager is Django's.

On PostgreSQL the columns are changed in place; on SQLite the tables are copied.
"""

import tidewire.models
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('api', '0009_erased_at'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='dashboard',
            options={},
        ),
        migrations.AlterModelOptions(
            name='dashboardmember',
            options={},
        ),
        migrations.AlterModelOptions(
            name='key',
            options={},
        ),
        migrations.AlterModelOptions(
            name='member',
            options={},
        ),
        migrations.AlterModelOptions(
            name='mention',
            options={},
        ),
        migrations.AlterModelOptions(
            name='message',
            options={},
        ),
        migrations.AlterModelOptions(
            name='metric',
            options={},
        ),
        migrations.AlterModelOptions(
            name='reaction',
            options={},
        ),
        migrations.AlterModelOptions(
            name='readmarker',
            options={},
        ),
        migrations.AlterModelOptions(
            name='room',
            options={},
        ),
        migrations.AlterModelOptions(
            name='user',
            options={},
        ),
        migrations.AlterField(
            model_name='dashboard',
            name='version',
            field=tidewire.models.VersionField(db_default=1, default=1, editable=False),
        ),
        migrations.AlterField(
            model_name='dashboardmember',
            name='version',
            field=tidewire.models.VersionField(db_default=1, default=1, editable=False),
        ),
        migrations.AlterField(
            model_name='key',
            name='version',
            field=tidewire.models.VersionField(db_default=1, default=1, editable=False),
        ),
        migrations.AlterField(
            model_name='member',
            name='version',
            field=tidewire.models.VersionField(db_default=1, default=1, editable=False),
        ),
        migrations.AlterField(
            model_name='mention',
            name='version',
            field=tidewire.models.VersionField(db_default=1, default=1, editable=False),
        ),
        migrations.AlterField(
            model_name='message',
            name='version',
            field=tidewire.models.VersionField(db_default=1, default=1, editable=False),
        ),
        migrations.AlterField(
            model_name='metric',
            name='version',
            field=tidewire.models.VersionField(db_default=1, default=1, editable=False),
        ),
        migrations.AlterField(
            model_name='reaction',
            name='version',
            field=tidewire.models.VersionField(db_default=1, default=1, editable=False),
        ),
        migrations.AlterField(
            model_name='readmarker',
            name='version',
            field=tidewire.models.VersionField(db_default=1, default=1, editable=False),
        ),
        migrations.AlterField(
            model_name='room',
            name='version',
            field=tidewire.models.VersionField(db_default=1, default=1, editable=False),
        ),
        migrations.AlterField(
            model_name='user',
            name='version',
            field=tidewire.models.VersionField(db_default=1, default=1, editable=False),
        ),
    ]
