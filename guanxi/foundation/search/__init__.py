"""One index over everything that people look for: customers, orders, products, whatever a package registers.

A package says in its `hooks.py` what is found of its objects::

    hooks.register("search", search.Source(
        object_type="customers.party",          # model._meta.label_lower
        letter="p",                             # one of its own, a to z or 0 to 9
        model=Party,
        title=lambda party: party.name,
        subtitle=lambda party: party.city,
        text=lambda party: " ".join([party.latin_name, *(point.key for point in party.contact_points.all())]),
        url=lambda pk: reverse("desk:record", args=["customers", pk]),
        icon="user",
        prefetch_related=("contact_points",),   # for `rebuild`
    ), order=10)                                # the order of the groups on the results page

and keeps the index current:

- `touch(row, ...)` in every action that changes what is found of a row: same transaction, found at once;
- `remove(Model, ids)` where rows are deleted;
- `index_arrow(session, object_type, table)` in a bulk session: `table` has the columns id, title, subtitle, text,
  weight (all but id and title may be left out). Up to 5,000 rows are found as soon as the session commits; more wait in
  the backlog, so that imports run at full speed, and `catch_up()` takes them in: the scheduler calls it every minute,
  an importer may call it when it is done (`catch_up` reports `tasks.progress`);
- `rebuild(object_type)`, a task, writes everything anew from the rows.

Text is a string of words separated by spaces: names, numbers, mail addresses, telephone numbers in E.164. How it is cut
into tokens is the matter of `foundation.language`; the database (FTS5, or GIN over a tsvector) only ever sees tokens.

To find::

    search.find("王美", viewer, types=["customers.party"], limit=20)   # [Hit(...)], best first
    search.matching_ids(Party, "0912 345", viewer, limit=1000)         # [id], best first
    search.filter_queryset(Party.objects.visible_to(viewer), "wml", viewer)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from guanxi.foundation.search.finding import Hit, filter_queryset, find, matching_ids
    from guanxi.foundation.search.indexing import index_arrow, remove, touch
    from guanxi.foundation.search.sources import Source
    from guanxi.foundation.search.tasks import rebuild
    from guanxi.foundation.search.upkeep import backlog_size, catch_up, reindex

# Imported when first asked for: Django imports this package before its models may be.
_HOMES = {
    "finding": ("Hit", "filter_queryset", "find", "matching_ids"),
    "indexing": ("index_arrow", "remove", "touch"),
    "sources": ("Source",),
    "tasks": ("rebuild",),
    "upkeep": ("backlog_size", "catch_up", "reindex"),
}

__all__ = [
    "Hit",
    "Source",
    "backlog_size",
    "catch_up",
    "filter_queryset",
    "find",
    "index_arrow",
    "matching_ids",
    "rebuild",
    "reindex",
    "remove",
    "touch",
]


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
