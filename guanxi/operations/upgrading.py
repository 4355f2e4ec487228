"""Bringing a database up to this program's version, so that nothing is lost whatever happens meanwhile.

Before the first migration of an upgrade the database is backed up. What was begun stands in `upgrade.json` in the home:
an upgrade that was broken off goes on where it stood, and keeps the backup of before. Two at once wait for each other,
on whatever machines they are.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from guanxi.foundation.actions import Refused
from guanxi.foundation.tasks.running import progress
from guanxi.lake import lock
from guanxi.operations.backup import making, restoring

JOURNAL = "upgrade.json"
WAIT = 3600.0  # seconds for another upgrade to end
KEPT = 3  # backups of before upgrades
PATTERN = "before-upgrade-*.tar.zst*"
Say = Callable[[str], None]


def pending() -> list[str]:
    """The migrations that the database still lacks."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [str(migration) for migration, _ in plan]


def upgrade(say: Say, backup: bool = True) -> int:
    """Apply what the database lacks, after a backup of it; how many migrations. Goes on with what was broken off.

    Raises Refused where another upgrade does not end, or where the backup cannot be made.
    """
    if restoring.begun():
        say("going on with a restore that was broken off")
        restoring.go_on(say)
    if not pending():
        return 0
    with lock.held(WAIT, name="upgrade") as taken:
        if not taken:
            raise Refused("Another upgrade of this database has been running for an hour; see what it does.")
        todo = pending()  # another may have applied them meanwhile
        if not todo:
            return 0
        journal = _begin(say, todo, backup)
        _apply(journal, todo)
        journal_path().unlink(missing_ok=True)
    return len(todo)


def journal_path() -> Path:
    """Where it stands how far an upgrade has come."""
    return Path(settings.GUANXI_HOME) / JOURNAL


def _begin(say: Say, todo: list[str], backup: bool) -> dict[str, Any]:
    """The journal of this upgrade, or of the one that was broken off; with a backup unless there is nothing to lose."""
    if journal_path().exists():
        journal: dict[str, Any] = json.loads(journal_path().read_text(encoding="utf-8"))
        say(f"Database: going on with the upgrade begun at {journal['begun_at'][:16]}, {len(todo)} migrations are left")
        return journal
    journal = {"begun_at": timezone.now().isoformat(), "backup": "", "applied": []}
    if backup and holds_data():
        journal["backup"] = str(_back_up())
        say(f"Database: backed up to {journal['backup']} before it is changed")
    _keep(journal)
    return journal


def holds_data() -> bool:
    """Whether there is anything that could be lost."""
    if "foundation_user" not in connection.introspection.table_names():
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM foundation_user)")
        return bool(cursor.fetchone()[0])


def _back_up() -> Path:
    folder = Path(settings.GUANXI_HOME) / "backups"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = settings.GUANXI_BACKUP_KEY
    end = ".tar.zst.age" if key else ".tar.zst"
    made = making.make(folder / f"before-upgrade-{timezone.now():%Y%m%d-%H%M%S}{end}", key, database_only=True)
    for path in sorted(folder.glob(PATTERN))[:-KEPT]:
        path.unlink(missing_ok=True)
    return made.path


def _apply(journal: dict[str, Any], todo: list[str]) -> None:
    """One migration after another, so that it is known how far one is."""

    def told(happens: str, migration: Migration | None = None, _fake: bool | None = None) -> None:
        if happens == "apply_start":
            progress(len(journal["applied"]) - before, len(todo), f"Migration {migration}")
        elif happens == "apply_success":
            journal["applied"].append(str(migration))
            _keep(journal)

    before = len(journal["applied"])  # of an upgrade that was broken off
    executor = MigrationExecutor(connection, told)
    executor.migrate(executor.loader.graph.leaf_nodes())
    call_command("migrate", verbosity=0, interactive=False)  # whatever follows migrations, such as permissions


def _keep(journal: dict[str, Any]) -> None:
    draft = journal_path().with_suffix(".draft")
    draft.write_text(json.dumps(journal), encoding="utf-8")
    draft.replace(journal_path())
