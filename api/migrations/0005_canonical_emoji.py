"""One spelling per emoji: reactions of one person that differ in a variation selector only become one."""

from django.db import migrations, models

from api.models.emoji import canonical_emoji


def respell(apps, schema_editor):
    reactions = apps.get_model("api", "Reaction").objects.using(schema_editor.connection.alias)
    for reaction in reactions.order_by("created_at", "id").iterator():
        emoji = canonical_emoji(reaction.emoji)
        if emoji == reaction.emoji:
            continue
        same = reactions.filter(message=reaction.message_id, user=reaction.user_id, emoji=emoji)
        if same.exists():
            reactions.filter(pk=reaction.pk).delete()
        else:
            reactions.filter(pk=reaction.pk).update(emoji=emoji)


class Migration(migrations.Migration):
    dependencies = [("api", "0004_dashboards")]

    operations = [
        migrations.AlterField("reaction", "emoji", models.CharField(max_length=20)),
        migrations.RunPython(respell, migrations.RunPython.noop),
    ]
