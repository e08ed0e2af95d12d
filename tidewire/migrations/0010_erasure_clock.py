from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tidewire', '0009_mqtt'),
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
