"""What the desk hangs into the shell, and the desks of the ground floor."""

from __future__ import annotations

from guanxi.foundation import hooks, shell
from guanxi.foundation.desk import (
    audit_log,  # noqa: F401  registers the desk of the audit log
    declaration,
    shelf,
)
from guanxi.foundation.desk.views.saved import url_of
from guanxi.foundation.visibility import Viewer, is_staff, may


@hooks.register("pinned_views")
def pinned_views(viewer: Viewer) -> list[shell.MenuEntry]:
    """The views that `viewer` pinned, for the side bar."""
    if not is_staff(viewer):
        return []
    slugs = {desk.slug for desk in declaration.registered() if may(viewer, "view", desk.model)}
    views = [view for view in shelf.pinned(viewer) if view.desk in slugs]
    return [shell.MenuEntry(shell.PINNED, view.name, url_of(view), view.icon) for view in views]
