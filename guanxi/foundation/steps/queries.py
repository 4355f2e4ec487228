"""What is still to be done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from guanxi.foundation.steps import declaration
from guanxi.foundation.steps.declaration import Step
from guanxi.foundation.steps.models import SettledStep
from guanxi.foundation.visibility import Viewer


@dataclass(frozen=True)
class Line:
    """A step as the list shows it."""

    step: Step
    done: bool


def lines(viewer: Viewer) -> list[Line]:
    """The steps for `viewer` that nobody dismissed, in order; empty once all are done."""
    rows = SettledStep.objects.filter(Q(user=None) | Q(user=viewer.pk)).values_list("slug", "user", "dismissed")
    settled = {slug: dismissed for slug, _user, dismissed in rows}
    steps = [step for step in declaration.all() if not settled.get(step.slug) and step.when(viewer)]
    found = [Line(step, step.slug in settled or bool(step.done and step.done(viewer))) for step in steps]
    return [] if all(line.done for line in found) else found


def section(viewer: Viewer) -> dict[str, Any] | None:
    """The list on Today; None once there is nothing left to do."""
    found = lines(viewer)
    if not found:
        return None
    return {"template": "steps/today.html", "lines": found, "done": sum(line.done for line in found)}
