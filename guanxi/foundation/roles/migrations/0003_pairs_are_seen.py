"""Who works with all customers sees what may be duplicates, and who may merge decides; roles that somebody changed stay."""

from typing import Any

from django.db import migrations

DECIDING = {"view": "all", "edit": "all", "merge": "all"}  # without the right to merge customers it opened nothing
BEFORE_AND_NOW: dict[str, tuple[Any, Any]] = {
    "marketing": (DECIDING, {"view": "all"}),
    "service": (DECIDING, {"view": "all"}),
}


def _change(apps: Any, forward: bool) -> None:
    for role in apps.get_model("roles", "Role").objects.filter(key__in=BEFORE_AND_NOW):
        was, now = BEFORE_AND_NOW[role.key] if forward else reversed(BEFORE_AND_NOW[role.key])
        if role.grants.get("merging") == was and "merge" not in role.grants.get("customers", {}):
            role.grants = {**role.grants, "merging": now}
            role.save(update_fields=["grants"])


def forward(apps: Any, _schema_editor: Any) -> None:
    _change(apps, True)


def backward(apps: Any, _schema_editor: Any) -> None:
    _change(apps, False)


class Migration(migrations.Migration):
    dependencies = [("roles", "0002_ready_made")]
    operations = [migrations.RunPython(forward, backward)]
