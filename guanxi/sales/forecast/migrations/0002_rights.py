"""What the ready-made roles may do with forecasts and quotas."""

from typing import Any

from django.db import migrations

from guanxi.foundation.roles import ready_made


def grant(apps: Any, _schema_editor: Any) -> None:
    """Roles that were made before there were forecasts get what a new installation gives them."""
    for subject in ("forecasts", "quotas"):
        ready_made.grant(apps.get_model("roles", "Role"), subject)


class Migration(migrations.Migration):
    dependencies = [("forecast", "0001_initial"), ("roles", "0002_ready_made")]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
