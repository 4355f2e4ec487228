"""The address and the transaction of entries of the audit log.

The columns are added by hand: a default that the database works out (the transaction) would otherwise be worked out
for every row there is, under a lock. Rows from before have none, which means that they are settled.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import guanxi.foundation.settled

TABLE = "foundation_auditentry"
ADD = {
    "postgresql": [
        f"ALTER TABLE {TABLE} ADD COLUMN address varchar(45) NOT NULL DEFAULT ''",
        f"ALTER TABLE {TABLE} ADD COLUMN transaction bigint NULL",
        f"ALTER TABLE {TABLE} ALTER COLUMN transaction SET DEFAULT (pg_current_xact_id()::text::bigint)",
    ],
    "sqlite": [
        f"""ALTER TABLE {TABLE} ADD COLUMN "address" varchar(45) NOT NULL DEFAULT ''""",
        f"""ALTER TABLE {TABLE} ADD COLUMN "transaction" bigint NULL DEFAULT 0""",
    ],
}
REMOVE = [
    f'ALTER TABLE {TABLE} DROP COLUMN "transaction"',
    f'ALTER TABLE {TABLE} DROP COLUMN "address"',
]


def add(apps, schema_editor):
    for statement in ADD[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def remove(apps, schema_editor):
    for statement in REMOVE:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("foundation", "0001_initial")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(add, remove)],
            state_operations=[
                migrations.AddField(
                    "auditentry",
                    "address",
                    models.CharField(blank=True, db_default="", max_length=45, verbose_name="address"),
                ),
                migrations.AddField(
                    "auditentry",
                    "transaction",
                    models.BigIntegerField(
                        db_default=guanxi.foundation.settled.CurrentTransaction(), editable=False, null=True
                    ),
                ),
                migrations.AlterField(
                    "auditentry",
                    "actor",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="who",
                    ),
                ),
            ],
        ),
    ]
