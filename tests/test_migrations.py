"""Migrations of tables that grow do not lock them for long on PostgreSQL, and can be undone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation

from guanxi.foundation import gently

# Tables that have rows by the million where there is much business; an index on any other is made in a moment.
BIG = {
    "foundation.auditentry", "tasks.backgroundtask", "search.document", "notes.note",
    "attachments.attachment", "attachments.content", "tags.tagging", "sealing.seal",
    "customers.party", "customers.partyrole", "customers.contactpoint", "customers.sourcerecord",
    "customers.relationship", "customers.consent", "ledger.event", "webhooks.delivery",
    "webhooks.attempt", "orders.order",
    "deals.deal", "deals.stagechange", "leads.lead", "forecast.dealstate", "mail.message",
    "orders.orderline", "orders.purchasesummary", "insight.standing", "customers.matchkey",
    "customers.matchpair", "customers.merge", "foundation.idempotencyrecord",
}  # fmt: skip
GENTLE = (gently.AddIndex, gently.AddConstraint)
# Single operations that were looked at: (package, migration, what it describes itself as) and why it locks nothing for
# long.
LOOKED_AT: dict[tuple[str, str, str], str] = {
    ("customers", "0002_owner", "Add field owner to party"): "a reference whose every value is empty: one short look",
}


MIGRATIONS = MigrationLoader(None).disk_migrations


def ours() -> list[tuple[str, str]]:
    return sorted(key for key, one in MIGRATIONS.items() if type(one).__module__.startswith("guanxi."))


def flat(operations: list[Operation]) -> Iterator[Operation]:
    for operation in operations:
        if isinstance(operation, migrations.SeparateDatabaseAndState):
            yield from flat(operation.database_operations)
        else:
            yield operation


def fault(app: str, operation: Any, made: set[str]) -> str:
    """What locks a big table for long, and what to do instead; empty where nothing does."""
    model = getattr(operation, "model_name", "") or ""
    name = f"{app}.{model.lower()}"
    if isinstance(operation, migrations.RunSQL):
        return "say in LOOKED_AT of tests/test_migrations.py why this SQL locks nothing for long"
    if name not in BIG or name in made or isinstance(operation, GENTLE):
        return ""
    if isinstance(operation, migrations.AddIndex | migrations.AlterUniqueTogether | migrations.AlterIndexTogether):
        return "use guanxi.foundation.gently.AddIndex in a migration with atomic = False"
    if isinstance(operation, migrations.AddConstraint):
        return "use guanxi.foundation.gently.AddConstraint in a migration with atomic = False"
    if isinstance(operation, migrations.AddField):
        return fault_of_field(operation.field)
    if isinstance(operation, migrations.AlterField):
        return (
            "add another column, fill it in the background and let the old one go; if no type, length or null is "
            "changed, say so in LOOKED_AT of tests/test_migrations.py"
        )
    return ""


def fault_of_field(field: Any) -> str:
    """A new column is free where it is empty or has one fixed default, and no index."""
    if field.unique or field.db_index:
        return "add the column with db_index=False, then its index with guanxi.foundation.gently.AddIndex"
    if getattr(field, "db_constraint", True) and field.is_relation:
        return "add the column with db_constraint=False (the reference is checked by “guanxi check”), or in steps"
    if field.has_db_default() and not isinstance(field.db_default, models.Value | str | int | bool | float):
        return "a default that is worked out for each row rewrites the table; add it empty and set the default then"
    return ""


@pytest.mark.parametrize("key", ours(), ids=".".join)
def test_no_migration_locks_a_big_table_for_long(key: tuple[str, str]) -> None:
    migration = MIGRATIONS[key]
    made = {
        f"{key[0]}.{operation.name.lower()}"
        for operation in migration.operations
        if isinstance(operation, migrations.CreateModel)
    }
    faults = [
        f"{operation.describe()}: {words}"
        for operation in flat(migration.operations)
        if (words := fault(key[0], operation, made)) and (*key, operation.describe()) not in LOOKED_AT
    ]
    if any(isinstance(operation, GENTLE) for operation in flat(migration.operations)) and migration.atomic:
        faults.append("it makes indexes beside running work: set atomic = False")
    assert not faults, f"{'.'.join(key)} locks a big table on PostgreSQL:\n  " + "\n  ".join(faults)


@pytest.mark.parametrize("key", ours(), ids=".".join)
def test_every_migration_can_be_undone(key: tuple[str, str]) -> None:
    migration = MIGRATIONS[key]
    firm = [operation.describe() for operation in flat(migration.operations) if not operation.reversible]
    assert not firm, f"{'.'.join(key)} cannot be undone: {firm}"


def test_the_check_finds_what_locks() -> None:
    text = models.TextField()
    locking = [
        migrations.AddIndex("party", models.Index(fields=["name"], name="x")),
        migrations.AddConstraint("party", models.UniqueConstraint(fields=["name"], name="y")),
        migrations.AddField("party", "z", models.CharField(max_length=3, db_index=True)),
        migrations.AddField("party", "z", models.ForeignKey("foundation.User", models.CASCADE)),
        migrations.AlterField("party", "z", text),
        migrations.RunSQL("CREATE INDEX a ON customers_party (name)", ""),
    ]
    assert all(fault("customers", operation, set()) for operation in locking)
    free = [
        migrations.AddField("party", "z", models.CharField(max_length=3, db_default="")),
        gently.AddIndex("party", models.Index(fields=["name"], name="x")),
        migrations.AddIndex("purpose", models.Index(fields=["name"], name="x")),
    ]
    assert not any(fault("customers", operation, set()) for operation in free)
