"""Imports as background work, for the browser and the API."""

from __future__ import annotations

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.foundation.tasks import enqueue, task
from guanxi.foundation.tasks.models import BackgroundTask
from guanxi.foundation.visibility import Viewer
from guanxi.intake import difference, reverting, running, uploads
from guanxi.intake.models import ImportRun

COUNTS = ("read", "accepted", "rejected", "created", "updated", "unchanged", "skipped")


@task(label=_("Import"), queue_name="long")
def take_in(run_id: int) -> dict[str, int]:
    """Take a run to its end; a worker that is killed leaves it where another goes on."""
    done = running.run(run_id)
    return {name: getattr(done, name) for name in COUNTS}


run_import = take_in


@task(label=_("Comparing a file"), queue_name="long")
def find_difference(run_id: int) -> dict[str, int]:
    """Say what an import will do; may be begun anew at any time."""
    return difference.counts(difference.find(ImportRun.objects.get(pk=run_id)))


@task(label=_("Taking an import back"), queue_name="long")
def revert_import(run_id: int) -> dict[str, int]:
    """Take back what an import has done; a worker that is killed leaves it where another goes on."""
    done = reverting.revert(run_id)
    return {"kept": done.kept}


def begin(run: ImportRun, *, by: Viewer) -> BackgroundTask:
    """Have a worker take a run to its end, or compare it where it is a dry run; of one run one works at a time."""
    words = _now("Comparing %(file)s") if run.dry_run else _now("Import of %(file)s")
    work = find_difference if run.dry_run else take_in
    return enqueue(work, run.pk, by=by, label=words % {"file": run.file_name}, key=f"import:{run.pk}")


@task(label=_("Tidying uploaded files"))
def clean_uploads() -> int:
    """Delete uploaded files that nobody needs any longer."""
    return uploads.clean()
