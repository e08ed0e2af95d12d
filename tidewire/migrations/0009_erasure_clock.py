from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tidewire', '0008_event_trace'),
    ]

    operations = [
        migrations.CreateModel(
            name='ErasureClock',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('time', models.BigIntegerField(default=0)),
            ],
        ),
    ]
