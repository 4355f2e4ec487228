"""With whom something can be shared beside single people: groups such as teams, which others hang in.

Two doors: `groups_of` is a function (viewer) -> queryset of the keys of the groups that the viewer belongs to;
`groups_offered` one (viewer) -> list of (key, label) of those that he may share with. A key is any short text, such as
“team:7”.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Q

from guanxi.foundation import hooks
from guanxi.foundation.visibility import Viewer


def with_groups_of(viewer: Viewer) -> Q:
    """The condition on shares with a group (its key in `group`) that `viewer` belongs to: part of the question in which
    it stands, so that nothing is asked before."""
    condition = Q(pk__in=[])
    for door in hooks.get("groups_of"):
        condition |= Q(group__in=door(viewer))
    return condition


def groups_offered(viewer: Viewer) -> list[tuple[str, Any]]:
    """The groups that `viewer` may share with: key and label."""
    return [one for door in hooks.get("groups_offered") for one in door(viewer)]


def labels(keys: Iterable[str], viewer: Viewer) -> list[str]:
    """The groups by name; those that are not offered any more by their key."""
    known = dict(groups_offered(viewer))
    return [str(known.get(key, key)) for key in keys]
