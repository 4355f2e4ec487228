"""Roles and invitations: who is asked in by mail comes in with the role that his invitation names."""

from __future__ import annotations

from typing import Any

from guanxi.foundation.models import User
from guanxi.foundation.roles import actions
from guanxi.foundation.roles.models import Holding, Role
from guanxi.foundation.visibility import Viewer, may


def offered(viewer: Viewer) -> list[tuple[str, Any]]:
    """The roles that `viewer` may hand out: all, or none."""
    if not may(viewer, "create", Holding):
        return []
    return [(role.key or role.name, str(role)) for role in Role.objects.order_by("pk")]


def give(user: User, role: str, *, by: Viewer) -> None:
    """Give the role of an invitation. Raises Refused where it is there no more."""
    actions.give_role(user, role, by=by)
