"""Taking back a whole import: what it added goes, what it changed is given back, what others built on it stays.

First it is decided, by sets, and written down beside the run (`revert/`): which customers and orders only this import
knows, which it changed, and what has to stay because somebody edited it or something else hangs on it. Then the rows
go, table by table, a piece in a transaction; whoever was changed is derived anew from what the other sources say. Each
step may be done again, so a killed taking back goes on.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from django.db import DatabaseError
from django.utils.translation import gettext as _

from guanxi.foundation import bulk
from guanxi.foundation.actions import Refused
from guanxi.foundation.bulk.wire import BulkError
from guanxi.foundation.tasks import progress
from guanxi.foundation.visibility import SYSTEM, Viewer
from guanxi.intake import actions, deciding, desk_reverting, rederiving, running, taking_away
from guanxi.intake.models import ImportRun
from guanxi.intake.revert_job import Revert


def revert(run_id: int, *, by: Viewer = SYSTEM) -> ImportRun:
    """Take back an import that `actions.begin_revert` decided on. Raises Refused with what stands in the way; it can be
    started again then."""
    run = ImportRun.objects.get(pk=run_id)
    if run.state == ImportRun.State.REVERTED:
        return run
    if run.state != ImportRun.State.REVERTING:
        raise Refused(_("Nobody has decided to take this import back."))
    try:
        with running.held(run):
            return _revert(run, by)
    except running.AlreadyRunning:
        raise
    except (OSError, duckdb.Error, psycopg.Error, DatabaseError, BulkError, pa.ArrowException) as error:
        message = _("Taking the import back stopped: %(reason)s. It can be started again and goes on where it stood.")
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        actions.note_state(run, by=by, error=message % {"reason": reason})
        raise Refused(message % {"reason": reason}) from error


def kept(run: ImportRun, after: int = 0, limit: int = 50) -> tuple[list[dict[str, Any]], int | None]:
    """What the taking back left alone, from the `after`-th on, and where to ask on, or None. Each has object_type,
    object_id, party_id, label, field, reason (in words)."""
    path = run.folder / "kept.parquet"
    if not path.exists():
        return [], None
    rows = pq.read_table(path).slice(after, limit + 1).to_pylist()
    for row in rows:
        row["reason"] = str(deciding.REASONS.get(row["reason"], row["reason"]))
    return rows[:limit], after + limit if len(rows) > limit else None


def _revert(run: ImportRun, by: Viewer) -> ImportRun:
    with bulk.session() as db:
        job = Revert(run, db)
        of_type = desk_reverting.is_of_type(run)
        if not (job.folder / "decided").exists():
            shutil.rmtree(job.folder, ignore_errors=True)
            job.folder.mkdir(parents=True)
            if not of_type:
                deciding.decide(job)
            (job.folder / "decided").touch()
        steps: list[tuple[str, Callable[[Revert], None]]] = [
            (_("Orders"), taking_away.orders),
            (_("Records"), taking_away.records),
            (_("Customers"), taking_away.parties),
            (_("Sources"), rederiving.parties),
            (_("Products"), taking_away.products),
            (_("Summaries"), taking_away.summaries),
        ]
        steps = [(_("Records"), desk_reverting.take_back)] if of_type else steps
        for number, (what, step) in enumerate(steps):
            progress(number, len(steps), _("Taking back: %(what)s") % {"what": what})
            step(job)
    count = pq.ParquetFile(job.folder / "kept.parquet").metadata.num_rows
    (job.folder / "kept.parquet").replace(run.folder / "kept.parquet")
    shutil.rmtree(job.folder, ignore_errors=True)
    shutil.rmtree(job.before, ignore_errors=True)
    return actions.finish_revert(run, job.counts, count, by=by)
