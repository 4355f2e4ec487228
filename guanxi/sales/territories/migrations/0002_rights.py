"""The ready-made roles get their rights over territories."""

from typing import Any

from django.db import migrations

from guanxi.foundation.roles import ready_made


def grant(apps: Any, _schema_editor: Any) -> None:
    ready_made.grant(apps.get_model("roles", "Role"), "territories")


class Migration(migrations.Migration):
    dependencies = [("territories", "0001_initial"), ("roles", "0002_ready_made")]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
