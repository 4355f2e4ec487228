"""Files and runs for the tests of imports."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from guanxi.foundation.visibility import SYSTEM
from guanxi.intake import actions, running
from guanxi.intake.models import ImportRun
from guanxi.intake.plan import prepare


@pytest.fixture
def take_in(transactional_db: None, home: Path, tmp_path: Path) -> Callable[..., ImportRun]:
    """`take_in("sales", text or bytes or path, **options of prepare)` imports it and gives the run;
    `by=` in whose name."""

    def run(kind: str, content: str | bytes | Path, name: str = "file.csv", **options: Any) -> ImportRun:
        path = content if isinstance(content, Path) else tmp_path / name
        if isinstance(content, str):
            path.write_text(content, encoding="utf-8", newline="")
        elif isinstance(content, bytes):
            path.write_bytes(content)
        dry_run, by = options.pop("dry_run", False), options.pop("by", SYSTEM)
        plan = prepare(kind, path, **options)
        done = running.run(actions.begin_import(plan, by=by, dry_run=dry_run).pk)
        assert done.read == done.accepted + done.rejected
        if not dry_run:
            assert done.accepted == done.created + done.updated + done.unchanged + done.skipped
        assert len(rejected(done)) == done.rejected
        return done

    return run


def rejected(run: ImportRun) -> list[dict[str, str]]:
    """The rows of a run's file of rejects."""
    if not run.rejects_path.exists():
        return []
    csv.field_size_limit(1 << 28)
    with run.rejects_path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
