"""Loading and taking away the demonstration data in the background."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from guanxi.foundation import tasks
from guanxi.foundation.tasks import task
from guanxi.foundation.visibility import SYSTEM
from guanxi.intake.demo import loading, removing


def _by() -> object:
    row = tasks.current()
    return row.requested_by if row is not None and row.requested_by is not None else SYSTEM


@task(label=_("Loading the sample data"), queue_name="long")
def load_sample(what: list[str] | None = None) -> None:
    """Load all, or one of the two; a worker that is killed leaves it where another goes on."""
    loading.load(by=_by(), what=what or loading.ALL)


@task(label=_("Taking the sample data away"), queue_name="long")
def remove_sample(what: list[str] | None = None) -> dict[str, int]:
    """Take all away, or one of the two; a worker that is killed leaves it where another goes on."""
    return removing.remove(by=_by(), what=what or loading.ALL)
