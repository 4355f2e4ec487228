"""Imports as background work, for the browser and the API."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from guanxi.foundation.tasks import task
from guanxi.intake import difference, reverting, running, uploads
from guanxi.intake.models import ImportRun

COUNTS = ("read", "accepted", "rejected", "created", "updated", "unchanged", "skipped")


@task(label=_("Import"), queue_name="long")
def take_in(run_id: int) -> dict[str, int]:
    """Take a run to its end; a worker that is killed leaves it where another goes on."""
    done = running.run(run_id)
    return {name: getattr(done, name) for name in COUNTS}


@task(label=_("Comparing a file"), queue_name="long")
def find_difference(run_id: int) -> dict[str, int]:
    """Say what an import will do; may be begun anew at any time."""
    return difference.counts(difference.find(ImportRun.objects.get(pk=run_id)))


@task(label=_("Taking an import back"), queue_name="long")
def revert_import(run_id: int) -> dict[str, int]:
    """Take back what an import has done; a worker that is killed leaves it where another goes on."""
    done = reverting.revert(run_id)
    return {"kept": done.kept}


@task(label=_("Tidying uploaded files"))
def clean_uploads() -> int:
    """Delete uploaded files that nobody needs any longer."""
    return uploads.clean()
