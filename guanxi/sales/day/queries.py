"""The day of a viewer: all that hangs on the door `day_section`, as far as he may see it."""

from __future__ import annotations

from guanxi.foundation import hooks
from guanxi.foundation.visibility import Viewer
from guanxi.sales.day.lines import Section
from guanxi.sales.day.sections.work import next_actions

ON_TODAY = 5


def sections(viewer: Viewer) -> list[Section]:
    """What stands on the day, in order; what a viewer may see nothing of is left out."""
    found = [section(viewer) for section in hooks.get("day_section")]
    return [one for one in found if one is not None]


def brief(viewer: Viewer) -> dict[str, object] | None:
    """What stands of it on Today: the first next actions, for whoever has any."""
    section = next_actions(viewer)
    if not section.lines:
        return None
    return {"template": "day/today.html", "lines": section.lines[:ON_TODAY]}
