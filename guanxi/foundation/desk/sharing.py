"""With whom something can be shared beside single people: groups such as teams, which others hang in.

Two doors: `groups_of` is a function (viewer) -> keys of the groups that the viewer belongs to; `groups_offered` one
(viewer) -> list of (key, label) of those that he may share with. A key is any short text, such as “team:7”.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from guanxi.foundation import hooks
from guanxi.foundation.visibility import Viewer


def groups_of(viewer: Viewer) -> list[str]:
    """The keys of the groups that `viewer` belongs to; asked once for each user object, that is for each request."""
    kept: list[str] | None = getattr(viewer, "_groups", None)
    if kept is None:
        kept = [key for door in hooks.get("groups_of") for key in door(viewer)]
        if viewer.pk is not None:
            viewer._groups = kept
    return kept


def groups_offered(viewer: Viewer) -> list[tuple[str, Any]]:
    """The groups that `viewer` may share with: key and label."""
    return [one for door in hooks.get("groups_offered") for one in door(viewer)]


def labels(keys: Iterable[str], viewer: Viewer) -> list[str]:
    """The groups by name; those that are not offered any more by their key."""
    known = dict(groups_offered(viewer))
    return [str(known.get(key, key)) for key in keys]
