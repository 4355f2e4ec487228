"""The engine: takes a planned run from where it stands to its end. Command line, browser and API all call `run`.

First half: the file is checked into a stage in the run's folder (intake.checking). Second half: the stage is written
chunk by chunk, each one transaction that also advances the run's checkpoint. So a run that was killed goes on where it
was, and the same file twice changes nothing.
"""

from __future__ import annotations

import fcntl
import importlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.customers.models import Source
from guanxi.foundation import bulk, clock, hooks
from guanxi.foundation.actions import Refused
from guanxi.foundation.bulk import BulkSession
from guanxi.foundation.bulk.wire import BulkError
from guanxi.foundation.tasks import progress
from guanxi.foundation.visibility import SYSTEM, NotAllowed, Viewer, require
from guanxi.intake import actions, checking, comparing, desk_kinds, uploads
from guanxi.intake.allowed import require_kind
from guanxi.intake.dry import DrySession
from guanxi.intake.importing import Job, Phase, run_ahead
from guanxi.intake.models import ImportRun
from guanxi.intake.origins import keep_origins
from guanxi.intake.owners import leave_out_owners
from guanxi.intake.plan import Plan
from guanxi.intake.rejects import RejectFile
from guanxi.intake.suppressing import leave_out_erased
from guanxi.intake.suppressing import newest as newest_erased

State = ImportRun.State
BEGUN = "begun"
CHECKED = (State.CHECKING, State.COMPARED, State.WRITING, State.PAUSED)
OVER = (State.DONE, State.CANCELLED, State.PAUSED, State.REVERTING, State.REVERTED)
# The tables that imports write.
WRITTEN = (
    "customers_party",
    "customers_partyrole",
    "customers_contactpoint",
    "customers_relationship",
    "customers_consent",
    "customers_sourcerecord",
    "orders_order",
    "orders_orderline",
    "orders_place",
    "orders_salesperson",
    "catalog_product",
    "catalog_category",
    "catalog_brand",
    "catalog_unit",
    "catalog_pricelist",
    "catalog_price",
    "ledger_event",
    "foundation_auditentry",
)


def run(run_id: int, *, by: Viewer = SYSTEM) -> ImportRun:
    """Take a run to its end. Raises Refused with what stands in the way; the run can then be started again."""
    return _taken(run_id, by, _run)


def compare(run_id: int, *, by: Viewer = SYSTEM) -> ImportRun:
    """Check a run's file and find out what it will do (intake.difference), without doing it. Raises Refused."""
    return _taken(run_id, by, _compare)


def _taken(run_id: int, by: Viewer, work: Callable[[ImportRun, Viewer], ImportRun]) -> ImportRun:
    current = ImportRun.objects.get(pk=run_id)
    if current.state in OVER:
        return current
    try:
        _refuse_who_may_no_more(current)
        uploads.room_for(current.file_size, uploading=False)
        with held(current):
            current.refresh_from_db()
            return current if current.state in OVER else work(current, by)
    except AlreadyRunning:
        raise
    except Asked as asked:
        return actions.note_state(current, by=by, wanted="", state=asked.state)
    except (Refused, OSError, duckdb.Error, psycopg.Error, DatabaseError, BulkError, pa.ArrowException) as error:
        message = _explained(error, current)
        if isinstance(error, duckdb.Error):
            _marks(current).unlink(missing_ok=True)  # the stage may be spoilt: next time begin with the file
        with suppress(DatabaseError):  # where the disk is full even this may fail
            actions.note_state(current, by=by, state=State.FAILED, error=message)
        raise Refused(message) from error


def _refuse_who_may_no_more(current: ImportRun) -> None:
    """What runs in somebody's name needs his right when it runs, not only when he asked for it."""
    if current.by is None:
        return
    try:
        require(current.by, "create", ImportRun)
        require_kind(current.by, current.kind, current.rule)
    except NotAllowed as error:
        words = _("%(name)s may not import this any more; let somebody who may do so start it again.")
        raise Refused(words % {"name": current.by}) from error
    Plan.from_json(current.plan).refuse_unwritable(current.by)


def _run(current: ImportRun, by: Viewer) -> ImportRun:
    if current.dry_run:
        return _compare(current, by)
    plan = Plan.from_json(current.plan)
    # The session is opened now: on SQLite its process starts while the file is checked.
    with bulk.session(behind=True) as db, _checked(current, plan, by) as (current, work):
        current = _note_bounds(current, db, by)
        _write(current, plan, by, db, work)
    _reject_refused(current, plan)
    current = actions.finish_import(current, by=by)
    _clear(current.folder)
    for door in hooks.get("imported"):
        door()
    return current


def _compare(current: ImportRun, by: Viewer) -> ImportRun:
    plan = Plan.from_json(current.plan)
    with bulk.session() as db, _checked(current, plan, by) as (current, work):
        if current.state == State.WRITING and current.phase != BEGUN:
            raise Refused(_("This import has begun to write; it cannot be compared any longer."))
        current = actions.note_state(current, by=by, state=State.CHECKING)
        found = Source.objects.filter(code=plan.source).values_list("pk", flat=True).first()
        place, moments = (current.folder, found or 0), (timezone.now(), clock.now())
        job = Job(current.pk, plan, work, *place, *moments, DrySession(db), dry=True, by=_whose(current))
        module = _module(plan)
        module.prepare(job)
        told = comparing.compare(job, module.phases(job), current)
    late = _reject_refused(current, plan)
    told = comparing.count_rejected(current, told)
    values = {"difference": told, "conflicts": told["conflict"], "duplicates": told["possible_duplicate"]}
    values |= {"accepted": current.accepted - late, "rejected": current.rejected + late}
    for path in current.folder.glob("refused-*.parquet"):  # the run itself finds them again
        path.unlink()
    if not current.dry_run:
        _set_rejects_back(current)
        values |= {"accepted": current.accepted, "rejected": current.rejected, "state": State.COMPARED}
        return actions.note_state(current, by=by, **values)
    actions.note_state(current, by=by, **values)
    current = actions.finish_import(current, by=by)
    _clear(current.folder)
    return current


def _is_checked(current: ImportRun) -> bool:
    """Whether the first half is done, its stage is there, and nobody was erased since."""
    if current.phase == "" or current.state not in (*CHECKED, State.FAILED) or not _marks(current).exists():
        return False
    return bool(json.loads(_marks(current).read_text()).get("erased", 0) == newest_erased())


def _note_bounds(current: ImportRun, db: BulkSession, by: Viewer) -> ImportRun:
    """Remember the last id of each table before the first row is written: what the run makes lies above."""
    if current.bounds:
        return current
    bounds = {table: bulk.last_id(db, table) for table in WRITTEN}
    db.rollback()
    return actions.note_state(current, by=by, bounds=bounds)


def _heed(current: ImportRun) -> None:
    """Stop here where somebody has asked for it."""
    wanted = ImportRun.objects.filter(pk=current.pk).values_list("wanted", flat=True).first()
    if wanted:
        raise Asked(State.PAUSED if wanted == ImportRun.Wanted.PAUSE else State.CANCELLED)


class Asked(Exception):
    """Somebody asked the run to pause or to end."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


@contextmanager
def held(current: ImportRun) -> Iterator[None]:
    """Make the run's folder and hold it, so that no two processes work on one run."""
    current.folder.mkdir(parents=True, exist_ok=True)
    with (current.folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunning from error
        yield


class AlreadyRunning(Refused):
    """Another process works on this run."""

    def __init__(self) -> None:
        super().__init__(_("This file is being imported already."))


# First half -------------------------------------------------------------------------------------------------------


@contextmanager
def _checked(current: ImportRun, plan: Plan, by: Viewer) -> Iterator[tuple[ImportRun, duckdb.DuckDBPyConnection]]:
    """The run with its stage, which holds the checked rows."""
    checked = _is_checked(current)
    if not checked:
        current = _begin_check(current, by)
    with checking.stage(current.folder) as work:
        yield current if checked else _check(current, plan, by, work), work


def _begin_check(current: ImportRun, by: Viewer) -> ImportRun:
    current = actions.note_state(
        current, by=by, state=State.CHECKING, phase="", checkpoint=0, created=0, updated=0, unchanged=0, skipped=0
    )
    _clear(current.folder, but="touched-")  # what an attempt before has written still wants its summaries
    for number, path in enumerate(sorted(current.folder.glob("touched-*.parquet"))):
        path.rename(current.folder / f"touched-before-{timezone.now():%H%M%S%f}-{number}.parquet")
    current.rejects_path.unlink(missing_ok=True)
    return current


def _check(current: ImportRun, plan: Plan, by: Viewer, work: duckdb.DuckDBPyConnection) -> ImportRun:
    erased = newest_erased()
    rejects = RejectFile(current.rejects_path, plan.form.columns, plan.form.separator)
    counts = checking.check(plan, work, rejects, _size(current), heed=lambda: _heed(current))
    left_out = [leave_out_erased(work, plan), leave_out_owners(work, plan, _whose(current))]
    late = pa.concat_tables([*left_out, _module(plan).arrange(work, plan)])
    checking.reject_later(plan, rejects, late)
    counts.accepted -= late.num_rows
    counts.rejected += late.num_rows
    counts.balance()
    rejects.close()
    assert rejects.count == counts.rejected, f"{counts}: {rejects.count} rows stand in the rejects"
    size = current.rejects_path.stat().st_size if rejects.count else 0
    _marks(current).write_text(json.dumps({"rejects_size": size, "erased": erased}))
    return actions.note_state(
        current, by=by, state=State.CHECKING, phase=BEGUN, checkpoint=0,
        read=counts.read, accepted=counts.accepted, rejected=counts.rejected,
    )  # fmt: skip


def _whose(current: ImportRun) -> Viewer:
    """In whose name the run works, however it was started."""
    return current.by or SYSTEM


def _size(current: ImportRun) -> int:
    if current.plan["form"]["kind"] == "parquet":
        return int(pq.ParquetFile(current.path).metadata.num_rows)
    return current.file_size


def _module(plan: Plan) -> Any:
    name = "desk_rows" if desk_kinds.desk_of(plan.kind) else plan.kind
    return importlib.import_module(f"guanxi.intake.{name}")


def _marks(current: ImportRun) -> Path:
    """There once the first half is done; holds what the second must know."""
    return current.folder / "checked.json"


# Second half ------------------------------------------------------------------------------------------------------


def _write(current: ImportRun, plan: Plan, by: Viewer, db: BulkSession, work: duckdb.DuckDBPyConnection) -> None:
    _heed(current)
    actions.note_state(current, by=by, state=State.WRITING)
    source = actions.source_called(plan.source, by=by)
    module = _module(plan)
    moments = timezone.now(), clock.now()
    job = Job(current.pk, plan, work, current.folder, source.pk, *moments, db, by=_whose(current))
    module.prepare(job)
    phases: list[Phase] = module.phases(job)
    names = [phase.name for phase in phases]
    done = names.index(current.phase) if current.phase in names else -1
    for place, phase in enumerate(phases):
        if place >= done:
            first = current.checkpoint if place == done and not phase.repeatable else 0
            _write_phase(job, phase, first, current)
    keep_origins(job)


def _write_phase(job: Job, phase: Phase, first: int, current: ImportRun) -> None:
    total = phase.count(job)
    numbers = range(first, total)
    # Closed before the stage is: what is being prepared comes to its end, whatever stops the writing.
    with closing(run_ahead((phase.ahead(job, number),) for number in numbers)) as made:
        for number, (piece,) in zip(numbers, made, strict=True):
            _heed(current)
            _write_chunk(job, phase, number, piece)
            progress(number + 1, total, _("Writing"))


def _write_chunk(job: Job, phase: Phase, number: int, piece: Any) -> None:
    """One chunk and the checkpoint behind it in one transaction."""
    with transaction.atomic() if phase.by_actions else job.transaction():
        outcome = phase.write(job, job.db, number, piece)
        count = outcome.refused.num_rows
        if count:
            pq.write_table(outcome.refused, job.folder / f"refused-{phase.name}-{number}.parquet")
        advance = (
            f"UPDATE intake_importrun SET phase = '{phase.name}', checkpoint = {number + 1}, "
            f"created = created + {outcome.created}, updated = updated + {outcome.updated}, "
            f"unchanged = unchanged + {outcome.unchanged}, skipped = skipped + {outcome.skipped}, accepted = "
            f"accepted - {count}, rejected = rejected + "
            f"{count} "
            f"WHERE id = {job.run_id}"
        )
        if phase.by_actions:
            with connection.cursor() as cursor:
                cursor.execute(advance)
        else:
            job.db.execute(advance)


def _reject_refused(current: ImportRun, plan: Plan) -> int:
    """Add what the chunks refused to the rejects; how many. May be done again after a kill."""
    files = sorted(current.folder.glob("refused-*.parquet"))
    if not files:
        return 0
    rejects = RejectFile(current.rejects_path, plan.form.columns, plan.form.separator)
    rejects.go_on(_rejects_size(current))
    checking.reject_later(plan, rejects, pa.concat_tables(pq.read_table(path) for path in files))
    rejects.close()
    return rejects.count


def _rejects_size(current: ImportRun) -> int:
    return int(json.loads(_marks(current).read_text())["rejects_size"])


def _set_rejects_back(current: ImportRun) -> None:
    """The rejects as the check left them: the run itself adds what it refuses beside the database."""
    size = _rejects_size(current)
    if size:
        with current.rejects_path.open("r+b") as file:
            file.truncate(size)
    else:
        current.rejects_path.unlink(missing_ok=True)


KEPT = ("rejected.csv", "lock", comparing.FILE, "before")  # what stays when a run is done


def _clear(folder: Path, but: str = "rejected.csv") -> None:
    """Take away all but what stays and what begins with `but`."""
    for path in folder.iterdir():
        if path.name in KEPT or path.name.startswith(but):
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _explained(error: Exception, current: ImportRun) -> str:
    if isinstance(error, Refused):
        return error.message
    text = str(error)
    if (isinstance(error, OSError) and error.errno in (28, 122)) or "No space left" in text or "disk is full" in text:
        message = _("The disk is full. Make room in %(folder)s and import the file again: it goes on where it stopped.")
        return message % {"folder": current.folder}
    if isinstance(error, PermissionError) or (isinstance(error, OSError) and error.errno == 30):
        message = _("Cannot write to %(folder)s: %(reason)s. Mend its rights or set GUANXI_HOME to another folder.")
        return message % {"folder": current.folder, "reason": error.strerror}
    message = _("The import stopped: %(reason)s. Nothing is half written; import the file again and it goes on.")
    return message % {"reason": text.strip().splitlines()[0] if text.strip() else type(error).__name__}
