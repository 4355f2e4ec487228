"""Scoring in the background: every night, and when somebody asks."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from guanxi.foundation import tasks
from guanxi.foundation.tasks.models import BackgroundTask
from guanxi.foundation.visibility import Viewer, require
from guanxi.sales.winning.models import WinRun

SCORING = "winning.score"  # of several wishes, one waits and one runs


@tasks.task(label=_("Scoring deals"), queue_name="long")
def score_deals() -> dict[str, Any]:
    """Score all open deals by what is known now, with a model fitted anew where there is reason to."""
    from guanxi.sales.winning import learning  # here, not above: scikit-learn takes a second, which only this may cost

    outcome = learning.learn()
    return {"run": outcome.run.pk, "written": outcome.written, "fresh": outcome.fresh}


def score_now(*, by: Viewer) -> BackgroundTask:
    """Queue a scoring, or join the one that waits. Raises NotAllowed where `by` may not let models learn."""
    require(by, "run", WinRun)
    return tasks.enqueue(score_deals, by=by, key=SCORING)
