"""What makes the database itself refuse to change or delete entries of the audit log, and their seals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, connections, transaction

from guanxi.foundation.models import AuditEntry
from guanxi.foundation.sealing.models import Door, Seal

SAYS = "The audit log is append-only"
FUNCTION = "guanxi_audit_is_kept"


def _tables() -> list[str]:
    return [AuditEntry._meta.db_table, Seal._meta.db_table]


def names() -> set[str]:
    """The names of all triggers that must be there."""
    kinds = ("update", "delete", "truncate") if connection.vendor == "postgresql" else ("update", "delete")
    return {f"{table}_no_{kind}" for table in _tables() for kind in kinds}


def ensure(using: str = "default") -> None:
    """Make the triggers that are not there."""
    here = connections[using]
    if not set(_tables()) <= set(here.introspection.table_names()):
        return
    with here.cursor() as cursor:
        for statement in _on_postgresql() if here.vendor == "postgresql" else _on_sqlite():
            cursor.execute(statement)


def missing() -> set[str]:
    """The triggers that are not there, or are switched off."""
    query = (
        "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')"
        if connection.vendor == "postgresql"
        else "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return names() - {name for (name,) in cursor.fetchall()}


@contextmanager
def opened(why: str) -> Iterator[None]:
    """Let the block change entries of the audit log; whoever does so enters that into the log (see redacting)."""
    with transaction.atomic():
        row = Door.objects.create(why=why)
        yield
        row.delete()


def _on_sqlite() -> Iterator[str]:
    for table in _tables():
        for kind in ("update", "delete"):
            yield (
                f"CREATE TRIGGER IF NOT EXISTS {table}_no_{kind} BEFORE {kind.upper()} ON {table} "
                f"WHEN NOT EXISTS (SELECT 1 FROM {Door._meta.db_table}) "
                f"BEGIN SELECT RAISE(ABORT, '{SAYS}'); END"
            )


def _on_postgresql() -> Iterator[str]:
    yield (
        f"CREATE OR REPLACE FUNCTION {FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF NOT EXISTS (SELECT 1 FROM {Door._meta.db_table}) THEN "
        f"RAISE EXCEPTION '{SAYS}' USING ERRCODE = 'integrity_constraint_violation'; END IF; "
        "IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$"
    )
    for table in _tables():
        for kind, each in (("update", "ROW"), ("delete", "ROW"), ("truncate", "STATEMENT")):
            yield (
                f"CREATE OR REPLACE TRIGGER {table}_no_{kind} BEFORE {kind.upper()} ON {table} "
                f"FOR EACH {each} EXECUTE FUNCTION {FUNCTION}()"
            )
