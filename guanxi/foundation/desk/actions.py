"""What can be done on any list: keep a view of it, take it out as a file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from guanxi.foundation import audit, visibility
from guanxi.foundation.actions import Refused, action, change, create, delete, occasion
from guanxi.foundation.desk import sharing
from guanxi.foundation.desk.declaration import Desk
from guanxi.foundation.desk.models import SavedView, ViewChoice, ViewShare
from guanxi.foundation.models import User
from guanxi.foundation.visibility import NotAllowed, Viewer


@action
def save_view(
    desk: str, name: str, query: str, *, icon: str = "", shared: bool = False, pinned: bool = False, by: Viewer
) -> SavedView:
    """Keep `query` (the address behind the “?”) under a name. Raises Refused where the name is blank or taken."""
    given = {"icon": icon} if icon else {}
    view = create(SavedView, owner=by, desk=desk, name=_name(name), query=query, shared=shared, **given)
    if pinned:
        choose_view(view.pk, by=by, pinned=True)
    return view


@action
def change_view(view_id: int, *, by: Viewer, **values: Any) -> SavedView:
    """Change name, icon, query or shared (with everybody) of one's own view."""
    view = _own(view_id, by)
    if "name" in values:
        values["name"] = _name(values["name"])
    return change(view, **values)


@action
def share_view(view_id: int, *, users: Iterable[int] = (), groups: Iterable[str] = (), by: Viewer) -> None:
    """Share one's own view with these people and groups, and no others; sharing with everybody is `change_view`."""
    view = _own(view_id, by)
    found = set(User.objects.filter(pk__in=list(users), is_active=True).exclude(pk=by.pk).values_list("pk", flat=True))
    offered = {key for key, _label in sharing.groups_offered(by)}
    wanted = {(pk, "") for pk in found} | {(None, key) for key in groups if key in offered}
    for share in ViewShare.objects.filter(view=view):
        if (share.user_id, share.group) in wanted:
            wanted.discard((share.user_id, share.group))
        else:
            delete(share)
    for user_id, group in sorted(wanted, key=str):
        create(ViewShare, view=view, user_id=user_id, group=group)


@action
def choose_view(view_id: int, *, by: Viewer, **values: Any) -> ViewChoice:
    """Pin a view to one's own side bar (`pinned`) or open it first (`is_default`); a shared one stays as it is for all.

    There is at most one default a list and person.
    """
    view = _seen(view_id, by)
    if values.get("is_default"):
        others = ViewChoice.objects.filter(user=by.pk, desk=view.desk, is_default=True).exclude(view=view)
        for other in others:
            change(other, is_default=False)
    choice = ViewChoice.objects.filter(user=by.pk, view=view).first()
    if choice is None:
        return create(ViewChoice, user_id=by.pk, view=view, desk=view.desk, **values)
    return change(choice, **values)


@action
def copy_view(view_id: int, *, by: Viewer) -> SavedView:
    """Make a view of one's own from any that one sees; its name gets a number where it is taken."""
    view = _seen(view_id, by)
    base = _("%(name)s, copy") % {"name": view.name[:80]}
    taken = set(SavedView.objects.filter(owner=by.pk, desk=view.desk).values_list("name", flat=True))
    names = [base, *(f"{base} {number}" for number in range(2, len(taken) + 3))]
    name = next(name for name in names if name not in taken)
    return create(SavedView, owner=by, desk=view.desk, name=name, query=view.query, icon=view.icon)


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


def _seen(view_id: int, viewer: Viewer) -> SavedView:
    view = SavedView.objects.visible_to(viewer).filter(pk=view_id).first()
    if view is None:
        raise Refused(_("This view is not there any more."))
    return view


@action
def put_back(desk: Desk, row_id: int, changes: dict[str, Any], expected: dict[str, Any], *, by: Viewer) -> None:
    """Write the values from before a change through the desk's own edit action, noted as putting back."""
    edit = desk.edit_action
    if edit is None:
        raise Refused(_("There is nothing in this change that can be put back."))
    edit(row_id, changes, expected, by=by)


def _own(view_id: int, viewer: Viewer) -> SavedView:
    view = _seen(view_id, viewer)
    if view.owner_id != viewer.pk:
        raise NotAllowed(viewer, "edit", view)
    return view


def _name(name: str) -> str:
    if not name.strip():
        raise Refused(_("Give the view a name."), "name")
    return name.strip()
