"""What can be done on any list: keep a view of it, take it out as a file."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from guanxi.foundation import audit, visibility
from guanxi.foundation.actions import Refused, action, change, create, delete, occasion
from guanxi.foundation.desk.declaration import Desk
from guanxi.foundation.desk.models import SavedView
from guanxi.foundation.visibility import NotAllowed, Viewer


@action
def save_view(desk: str, name: str, query: str, *, shared: bool = False, pinned: bool = False, by: Viewer) -> SavedView:
    """Keep `query` (the address behind the “?”) under a name. Raises Refused where the name is blank or taken."""
    values = {"desk": desk, "name": _name(name), "query": query, "shared": shared, "pinned": pinned}
    return create(SavedView, owner=by, **values)


@action
def change_view(view_id: int, *, by: Viewer, **values: Any) -> SavedView:
    """Change name, query, shared, pinned or is_default of one's own view; there is at most one default a list."""
    view = _own(view_id, by)
    if "name" in values:
        values["name"] = _name(values["name"])
    if values.get("is_default"):
        for other in SavedView.objects.filter(owner=by.pk, desk=view.desk, is_default=True).exclude(pk=view.pk):
            change(other, is_default=False)
    return change(view, **values)


@action
def delete_view(view_id: int, *, by: Viewer) -> None:
    """Delete one's own view."""
    delete(_own(view_id, by))


@action
def note_export(desk: Desk, shape: str, query: str, *, by: Viewer) -> None:
    """Enter into the audit log that `by` takes out what `query` shows; refuses who may not."""
    visibility.require(by, "export", desk.model)
    label = _("%(list)s as %(shape)s") % {"list": desk.plural, "shape": shape.upper()}
    audit.record_summary(occasion(), desk.model._meta.label_lower, None, label, {"query": [None, query]})


def _own(view_id: int, viewer: Viewer) -> SavedView:
    view = SavedView.objects.visible_to(viewer).filter(pk=view_id).first()
    if view is None:
        raise Refused(_("This view is not there any more."))
    if view.owner_id != viewer.pk:
        raise NotAllowed(viewer, "edit", view)
    return view


def _name(name: str) -> str:
    if not name.strip():
        raise Refused(_("Give the view a name."), "name")
    return name.strip()
