"""What the search hangs into the desk and the scheduler."""

from __future__ import annotations

from guanxi.foundation import hooks
from guanxi.foundation.search import finding, tasks
from guanxi.foundation.search.sources import source_of_type
from guanxi.foundation.tasks import Every
from guanxi.foundation.visibility import Viewer


@hooks.register("desk_search")
def matching(search_type: str, text: str, viewer: Viewer, limit: int) -> list[int]:
    """What a list's own search box finds."""
    return finding.matching_ids(source_of_type(search_type).model, text, viewer, limit)


hooks.register("schedule", Every(tasks.catch_up, minutes=1))
