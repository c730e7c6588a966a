from django.db import migrations

from lyceum.accounts.models import name_key


def renew(apps, schema_editor):
    """Compute every name's key anew: letters with a stroke count as plain ones now."""
    User = apps.get_model("accounts", "User")
    for user in User.objects.only("first_name", "last_name").iterator():
        key = name_key(f"{user.first_name} {user.last_name}".strip())
        User.objects.filter(pk=user.pk).exclude(name_key=key).update(name_key=key)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_group_limits")]
    operations = [migrations.RunPython(renew, migrations.RunPython.noop)]
