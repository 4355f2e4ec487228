"""The indexes of the audit log by kind of entry and by transaction, made while people work."""

from django.db import migrations, models

from guanxi.foundation import gently

DROP = "DROP INDEX CONCURRENTLY IF EXISTS audit_transaction"
MAKE = (
    "CREATE INDEX CONCURRENTLY audit_transaction ON foundation_auditentry USING brin (transaction)"
    " WITH (autosummarize = on, pages_per_range = 32)"
)


def make(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(DROP)  # what an attempt that was broken off left
        schema_editor.execute(MAKE)


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(DROP)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("foundation", "0004_token_scopes")]

    operations = [
        migrations.RunPython(make, drop),
        gently.AddIndex("auditentry", models.Index(fields=["action", "-id"], name="audit_action")),
    ]
