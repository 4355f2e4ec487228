"""All that an installation holds, row for row and file for file, so that two can be compared."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from tests.installation import Installation

APART = {"django_session", "cache", "tasks_worker", "operations_backup"}  # of the moment
# Numbers of transactions, which another cluster counts anew; when a reader last looked.
BLIND = {
    "ledger_event": {"transaction"},
    "ledger_readercursor": {"mark", "moved_at"},
    "foundation_auditentry": {"transaction"},
    "sealing_head": {"mark", "proof"},
}


def whole(place: Installation) -> dict[str, Any]:
    """What `place` holds, read by a process of it."""
    process = place.fork("from guanxi.operations.tests.whole import print_all; print_all()")
    assert process.wait() == 0, process.erred.read_text()[-4000:]
    told: dict[str, Any] = json.loads(process.said.read_text(encoding="utf-8"))
    return told


def differences(left: dict[str, Any], right: dict[str, Any]) -> list[str]:
    """Each thing that is not the same on both sides."""
    return [
        f"{part} {name}: {left[part].get(name)} != {right[part].get(name)}"
        for part in left
        for name in sorted(left[part].keys() | right[part].keys())
        if left[part].get(name) != right[part].get(name)
    ]


def print_all() -> None:
    """Print it, in a process of the installation."""
    from guanxi.project.cli import boot

    boot()
    print(json.dumps({"rows": _rows(), "files": _files(), "lake": _lake(), "shape": _shape()}))


def _rows() -> dict[str, list[Any]]:
    from django.db import connection

    found: dict[str, list[Any]] = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table in APART or table.startswith("search_index"):
                continue
            cursor.execute(f'SELECT * FROM "{table}"')
            names = [column[0] for column in cursor.description]
            kept = [place for place, name in enumerate(names) if name not in BLIND.get(table, set())]
            rows = sorted(repr([row[place] for place in kept]) for row in cursor.fetchall())
            rows = [row for row in rows if "'operations.backup'" not in row]  # told of by the audit log
            found[table] = [len(rows), hashlib.sha256("\n".join(rows).encode()).hexdigest()]
    return found


def _shape() -> dict[str, Any]:
    """Indexes and constraints of all tables."""
    from django.db import connection

    with connection.cursor() as cursor:
        return {
            table: sorted(str(sorted(facts.items())) for facts in _constraints(cursor, table))
            for table in connection.introspection.table_names(cursor)
            if not table.startswith("search_index_")
        }


def _constraints(cursor: Any, table: str) -> Any:
    from django.db import connection

    found = connection.introspection.get_constraints(cursor, table)
    return [{"name": name, **{key: str(value) for key, value in facts.items()}} for name, facts in found.items()]


def _files() -> dict[str, str]:
    from django.conf import settings

    root = Path(settings.MEDIA_ROOT)
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file()
    }


def _lake() -> dict[str, list[Any]]:
    from guanxi.lake import schema, tables

    found = {}
    for table in schema.all():
        rows = sorted(map(str, tables.table(table.name).to_pyarrow().to_pylist()))
        found[table.name] = [len(rows), hashlib.sha256("\n".join(rows).encode()).hexdigest()]
    return found
