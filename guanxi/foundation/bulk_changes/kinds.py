"""What may be done with many records, and undone: the values of the door "bulk_kind".

::

    hooks.register("bulk_kind", BulkKind("tag", _("Tagged"), work=tag_chunk, undo=untag_chunk))

`work(change, desk, numbers, by)` and `undo(…)` take the next records of a change, by number, within the running action;
they return an `engine.Outcome`, which says of each what became of it. A chunk may be done twice only where nothing of
its first time was committed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from guanxi.foundation import hooks
from guanxi.foundation.actions import Refused


@dataclass(frozen=True)
class BulkKind:
    """One kind of bulk change."""

    key: str
    label: Any  # what was done: “Edited”
    work: Callable[..., Any]
    undo: Callable[..., Any]
    verb: str = "edit"  # the right it needs, and its undoing
    one_by_one: bool = False  # its records are written one after another: chunks are small
    words: Callable[..., str] | None = None  # of the change: what was done, in words


def kind_called(key: str) -> BulkKind:
    """The kind of this name. Raises Refused where nobody knows it (any more)."""
    found = next((one for one in hooks.get("bulk_kind") if one.key == key), None)
    if found is None:
        raise Refused(_("Nobody knows the bulk change “%(name)s” any more.") % {"name": key})
    return found  # type: ignore[no-any-return]
