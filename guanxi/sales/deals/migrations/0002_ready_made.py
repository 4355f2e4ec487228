"""A pipeline, reasons of loss and playbooks; and what the ready-made roles may do with deals."""

from functools import partial
from typing import Any

from django.db import migrations

from guanxi.foundation.roles import ready_made as roles
from guanxi.sales.deals import ready_made

SUBJECTS = ("deals", "market")


def install(apps: Any, _schema_editor: Any) -> None:
    ready_made.install(partial(apps.get_model, "deals"))


def grant(apps: Any, _schema_editor: Any) -> None:
    """Roles that were made before there were deals get what a new installation gives them."""
    for role in apps.get_model("roles", "Role").objects.filter(key__in=roles.GRANTS):
        fresh = {name: roles.GRANTS[role.key][name] for name in SUBJECTS if name in roles.GRANTS[role.key]}
        if fresh.keys() - role.grants.keys():
            role.grants = {**fresh, **role.grants}
            role.save(update_fields=["grants"])


class Migration(migrations.Migration):
    dependencies = [("deals", "0001_initial"), ("roles", "0002_ready_made")]
    operations = [
        migrations.RunPython(install, migrations.RunPython.noop),
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]
