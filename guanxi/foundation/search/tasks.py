"""The search's background work."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from guanxi.foundation.search import upkeep
from guanxi.foundation.search.sources import all_sources
from guanxi.foundation.tasks import task


@task(label=_("Take new records into the search"))
def catch_up() -> int:
    """Put what imports wrote into the index; the number of documents."""
    return upkeep.catch_up()


@task(label=_("Build the search anew"), queue_name="long")
def rebuild(object_type: str = "") -> int:
    """Write the index of one type anew from its rows, or of all types; the number of rows. Goes on where it was
    stopped.
    """
    types = [object_type] if object_type else [source.object_type for source in all_sources()]
    return sum(upkeep.rebuild(name) for name in types)
