"""The saved views that somebody sees, each with what he made of it: asked once for a page, its side bar included."""

from __future__ import annotations

from typing import Any

from django.db.models import BooleanField, Case, Exists, OuterRef, Q, Value, When

from guanxi.foundation.desk.models import SavedView, ViewChoice, ViewShare
from guanxi.foundation.visibility import Viewer

MOST_PINNED = 20


def of_list(slug: str, viewer: Viewer) -> list[Any]:
    """The views of a list, one's own first: with `mine`, `pinned`, `first` (opened first) and `with_some`.

    The pinned ones of all lists are kept with the viewer, where `pinned` finds them.
    """
    found = list(_annotated(viewer).filter(Q(desk=slug) | Q(pinned=True)).order_by("-mine", "name", "pk"))
    viewer._pinned_views = [view for view in found if view.pinned]
    return [view for view in found if view.desk == slug]


def pinned(viewer: Viewer) -> list[Any]:
    """The views that `viewer` pinned, by name."""
    found = getattr(viewer, "_pinned_views", None)
    if found is None:  # most pin nothing, and every page asks
        some = ViewChoice.objects.filter(user=viewer.pk, pinned=True).exists()
        found = list(_annotated(viewer).filter(pinned=True)) if some else []
    return sorted(found, key=lambda view: str(view.name))[:MOST_PINNED]


def _annotated(viewer: Viewer) -> Any:
    chosen = ViewChoice.objects.filter(user=viewer.pk, view=OuterRef("pk"))
    return (
        SavedView.objects.visible_to(viewer)
        .select_related("owner")
        .annotate(
            mine=Case(When(owner=viewer.pk, then=Value(True)), default=Value(False), output_field=BooleanField()),
            pinned=Exists(chosen.filter(pinned=True)),
            first=Exists(chosen.filter(is_default=True)),
            with_some=Exists(ViewShare.objects.filter(view=OuterRef("pk"))),
        )
    )
