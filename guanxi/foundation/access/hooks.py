"""What access hangs into the house."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from guanxi.foundation import hooks, shell
from guanxi.foundation.access import (
    api,
    cards,
    desk,  # noqa: F401  registers the desk
    tasks,
    views,
)
from guanxi.foundation.desk import Bulk, Button, Panel
from guanxi.foundation.models import User
from guanxi.foundation.tasks import Every
from guanxi.foundation.visibility import Viewer, may

hooks.register("api", ("/invitations", api.invitations_router), order=901)
hooks.register("api", ("/access", api.access_router), order=902)
hooks.register("api_admin", "invitations")
hooks.register("api_admin", "access")
hooks.register("account_card", cards.second_factor, order=10)
hooks.register("account_card", cards.sessions, order=20)
hooks.register("schedule", Every(tasks.forget_old, minutes=60))
MAY_EDIT, MAY_CREATE = ("edit", User), ("create", User)
hooks.register(
    "menu", shell.MenuEntry(shell.SYSTEM, _("Access"), "/access/", "shield-lock", 75, needs=MAY_EDIT), order=75
)
hooks.register("palette", shell.Command(_("Rules of access"), "access:rules", "shield-lock", needs=MAY_EDIT), order=930)
hooks.register(
    "palette", shell.Command(_("Invite a colleague"), "access:invite", "mail-plus", needs=MAY_CREATE), order=931
)
hooks.register("palette", shell.Command(_("Second factor"), "mfa_index", "key"), order=915)
hooks.register(
    "panel:access",
    Panel("middle", _("Access"), "access/of_colleague.html", context=cards.of_colleague, order=10, bare=True),
)


hooks.register("bulk:access", Bulk("leave", _("Leaves the business"), views.leaves, icon="door-exit"))


@hooks.register("record_button:access")
def leaves(user: User, viewer: Viewer) -> Button | None:
    """Hand over what is his and close his account."""
    if not may(viewer, "edit", user):
        return None
    return Button(_("Leaves the business"), reverse("access:leave", args=[user.pk]), "door-exit")


@hooks.register("button:access", order=10)
def invite(viewer: Viewer) -> Button | None:
    """Ask a colleague in."""
    allowed = may(viewer, "create", User)
    return Button(_("Invite a colleague"), "/access/invite/", "mail-plus", primary=True) if allowed else None


@hooks.register("button:access", order=20)
def rules(viewer: Viewer) -> Button | None:
    """What holds for everybody."""
    return Button(_("Rules of access"), "/access/rules/", "shield-lock") if may(viewer, "edit", User) else None
