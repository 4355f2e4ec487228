"""What the ready-made roles may do with leads."""

from typing import Any

from django.db import migrations

from guanxi.foundation.roles import ready_made as roles


def grant(apps: Any, _schema_editor: Any) -> None:
    """Roles that were made before there were leads get what a new installation gives them."""
    for role in apps.get_model("roles", "Role").objects.filter(key__in=roles.GRANTS):
        fresh = roles.GRANTS[role.key].get("leads")
        if fresh and "leads" not in role.grants:
            role.grants = {**role.grants, "leads": fresh}
            role.save(update_fields=["grants"])


class Migration(migrations.Migration):
    dependencies = [("leads", "0001_initial"), ("roles", "0002_ready_made")]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
