"""Imports as background work, for the browser and the API."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from guanxi.foundation.tasks import task
from guanxi.intake import running


@task(label=_("Import"), queue_name="long")
def run_import(run_id: int) -> dict[str, int]:
    """Take a run to its end; a worker that is killed leaves it where another goes on."""
    done = running.run(run_id)
    return {name: getattr(done, name) for name in ("read", "accepted", "rejected", "created", "updated", "unchanged")}
