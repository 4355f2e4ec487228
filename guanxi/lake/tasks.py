"""What the lake does in the background: follow the database, and keep its files few."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from guanxi.foundation import tasks
from guanxi.lake import refresh as refreshing


@tasks.task(label=_("Refresh of the lake"))
def refresh() -> dict[str, Any]:
    """Bring the lake up to date; costs next to nothing where nothing happened."""
    outcome = refreshing.refresh(patience=1)
    return {"rows": outcome.rows, "whole": outcome.whole, "busy": outcome.busy}


@tasks.task(label=_("Tidying the lake"))
def tidy() -> dict[str, Any]:
    """Make few files of many, and delete those that are no longer read."""
    return {"deleted": refreshing.keep_tidy()}
