"""Learning in the background: every night, and soon after much that is new has come in."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from guanxi.customers.models import Party
from guanxi.foundation import tasks
from guanxi.foundation.tasks.models import BackgroundTask
from guanxi.foundation.visibility import SYSTEM, Viewer, require
from guanxi.insight import queries
from guanxi.insight.models import Learning
from guanxi.lake import lock, store

LEARNING = "insight.learn"  # of several wishes to learn, one waits and one runs
MUCH = 0.10  # share by which the sales lines must have grown since the last learning


@tasks.task(label=_("Learning"), queue_name="long")
def learn() -> dict[str, Any]:
    """Learn from the lake as it is now; costs little where nothing has changed."""
    from guanxi.insight import learning  # here, not above: SciPy takes half a second, which only learning should cost

    outcome = learning.learn()
    return {"learning": outcome.learning.pk, "written": outcome.written, "fresh": outcome.fresh}


def learn_now(*, by: Viewer) -> BackgroundTask:
    """Queue a learning, or join the one that waits. Raises NotAllowed where `by` may not run tasks."""
    require(by, "run", Learning)
    return tasks.enqueue(learn, by=by, key=LEARNING)


@tasks.task(label=_("Look whether there is much to learn"))
def learn_when_much_is_new() -> dict[str, Any]:
    """Queue a learning where the sales lines have grown by a tenth since the last one, or customers were merged."""
    known, now = queries.lines_learned_from(), queries.lines()
    much = now > 0 and (now >= known * (1 + MUCH) or queries.merged_since_learning())
    if much and not queries.under_way(SYSTEM):
        learn_now(by=SYSTEM)
    return {"lines": now, "learned_from": known, "queued": much}


def forget_sample() -> None:
    """After the sample data went: where nobody is left, forget what was learnt of them (door “sample_removed”)."""
    from guanxi.insight import actions, bulk

    if Party.objects.exists():
        return
    actions.forget_all(by=SYSTEM)
    with lock.held(wait=60):
        for table in (bulk.STANDING, bulk.HISTORY):
            if store.open_table(table) is not None:
                store.overwrite(table, [], {})
