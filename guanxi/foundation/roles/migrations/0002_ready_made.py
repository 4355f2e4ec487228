"""The ready-made roles; whoever worked here before could do everything, and still can."""

from typing import Any

from django.db import migrations

from guanxi.foundation.roles import ready_made


def make_roles(apps: Any, _schema_editor: Any) -> None:
    roles = ready_made.install(apps.get_model("roles", "Role"))
    holding = apps.get_model("roles", "Holding")
    colleagues = apps.get_model("foundation", "User").objects.filter(is_staff=True)
    administrator = roles[ready_made.ADMINISTRATOR]
    holding.objects.bulk_create(holding(user=user, role=administrator) for user in colleagues)


class Migration(migrations.Migration):
    dependencies = [("roles", "0001_initial")]
    operations = [migrations.RunPython(make_roles, migrations.RunPython.noop)]
