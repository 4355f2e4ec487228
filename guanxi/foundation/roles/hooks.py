"""What roles hang into the house: who may what, and the subjects of the ground floor."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from guanxi.foundation import hooks
from guanxi.foundation.desk import Column, Panel
from guanxi.foundation.governing import Owned, Subject, rule_of
from guanxi.foundation.roles import api, inviting, views
from guanxi.foundation.roles import desk as desk
from guanxi.foundation.roles.granting import group_keys, groups_offered, rights_for

hooks.register("rights_of", rights_for)
hooks.register("invited_roles", inviting.offered)
hooks.register("invited", inviting.give)
hooks.register("groups_of", group_keys)
hooks.register("groups_offered", groups_offered)
hooks.register("subject", Subject("tasks", _("Tasks"), owned=True), order=50)
hooks.register("subject", Subject("reports", _("Figures and reports"), ("view", "export")), order=90)
hooks.register("subject", Subject("settings", _("Settings"), ("view", "create", "edit", "delete")), order=100)
hooks.register("subject", Subject("people", _("Colleagues and teams"), ("view", "create", "edit", "delete")), order=110)
hooks.register("subject", Subject("audit", _("Audit log"), ("view", "export")), order=120)
hooks.register("subject", Subject("background", _("Background tasks"), ("view", "edit", "run"), owned=True), order=130)


def _is_owned(desk: Any) -> list[Panel]:
    """Records with an owner can be shared, and say who may see them."""
    if not isinstance(rule_of(desk.model), Owned):
        return []
    return [
        Panel("right", _("Who may see this"), "roles/sharing.html", context=views.sharing_panel, order=80, lazy=True)
    ]


hooks.register("panel:*", _is_owned)
hooks.register("panel:roles", Panel("middle", "", "roles/rights.html", context=views.rights_panel, order=10, bare=True))
hooks.register("panel:roles", Panel("middle", "", "roles/fields.html", context=views.fields_panel, order=20, bare=True))
hooks.register("panel:roles", Panel("left", _("Held by"), "roles/holders.html", context=views.holders_panel, order=30))
hooks.register("panel:teams", Panel("middle", _("Colleagues"), "roles/team.html", context=views.team_panel, order=10))
hooks.register(
    "panel:access",
    Panel("middle", _("Roles and teams"), "roles/of_colleague.html", context=views.colleague_panel, order=5),
)
hooks.register("columns:access", [Column("holdings.role.name", label=_("Roles"), many=True)])
hooks.register("api", ("/roles", api.router), order=90)
hooks.register("api", ("/teams", api.teams), order=91)
hooks.register("api", ("/sharing", api.sharing), order=92)
