"""Who may see and do what: the one place that decides, for screens, search, exports, API and background work.

`visible_to` narrows a queryset to what a viewer may see; `may` answers for one verb. For now there is one rule: active
staff see and do everything, nobody else anything.
"""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import models

M = TypeVar("M", bound=models.Model)


class System:
    """The viewer in whose name the house itself works (imports from the command line, schedules)."""

    pk = None
    id = None
    is_active = True
    is_staff = True
    is_authenticated = True

    def __str__(self) -> str:
        return "system"

    def get_full_name(self) -> str:
        return "system"


SYSTEM = System()
Viewer = Any  # foundation.User, AnonymousUser or System; one rule reads only is_active and is_staff


def is_staff(viewer: Viewer) -> bool:
    """Whether `viewer` works for the business."""
    return bool(getattr(viewer, "is_active", False) and getattr(viewer, "is_staff", False))


def may(viewer: Viewer, verb: str, subject: type[models.Model] | models.Model | None = None) -> bool:
    """Whether `viewer` may `verb` (view, create, edit, delete, export, merge, run) the model or record `subject`."""
    return is_staff(viewer)


class NotAllowed(Exception):
    """The viewer may not do this; becomes a 403 on screens and in the API."""

    def __init__(self, viewer: Viewer, verb: str, subject: Any) -> None:
        super().__init__(f"{viewer} may not {verb} {subject}")


def require(viewer: Viewer, verb: str, subject: type[models.Model] | models.Model | None = None) -> None:
    """Raise NotAllowed unless `viewer` may `verb` `subject`."""
    if not may(viewer, verb, subject):
        raise NotAllowed(viewer, verb, subject)


class VisibleQuerySet(models.QuerySet[M]):
    """The queryset of every model that people or programs can ask for."""

    def visible_to(self, viewer: Viewer) -> VisibleQuerySet[M]:
        """Only the rows that `viewer` may see."""
        return self if may(viewer, "view", self.model) else self.none()
