"""Roles and teams, as lists and pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from guanxi.foundation import desk, shell
from guanxi.foundation.desk import Column, Menu, Pill
from guanxi.foundation.roles import actions, ready_made
from guanxi.foundation.roles.models import Holding, Membership, Role, Team


def holders(rows: Sequence[Role]) -> dict[Any, Any]:
    """How many active colleagues hold each role."""
    held = Holding.objects.filter(role__in=[row.pk for row in rows], user__is_active=True)
    return dict(held.values_list("role").annotate(number=Count("pk")))


def members(rows: Sequence[Team]) -> dict[Any, Any]:
    """How many colleagues are in each team."""
    found = Membership.objects.filter(team__in=[row.pk for row in rows]).values_list("team_id", flat=True)
    return dict(Counter(found))


@desk.register
class Roles(desk.Desk):
    """All roles."""

    model = Role
    slug = "roles"
    general = False
    menu = Menu(section=shell.SYSTEM, icon="user-shield", order=70)
    columns = [
        Column("name", link=True, render=str, needs=["name", "key"]),
        Column(
            "description",
            sort=False,
            render=lambda row: ready_made.description_of(row.key, row.description),
            needs=["key", "description"],
        ),
        Column("holders", label=_("Colleagues"), fetch=holders),
    ]
    default_sort = "name"
    search_fields = ["name", "description"]
    facts = ["name", "description"]
    edit = actions.edit_role
    new = [
        Column("name", required=True),
        "description",
        Column("copy_of", label=_("With the rights of"), kind="choice", choices=actions.copied_from),
    ]
    create = actions.make_role

    def pills(self, row: Role) -> list[Pill]:
        return [Pill(_("may do everything"), "accent")] if row.is_administrator else []

    def subtitle(self, row: Role) -> str:
        return ready_made.description_of(row.key, row.description)


@desk.register
class Teams(desk.Desk):
    """All teams."""

    model = Team
    slug = "teams"
    general = False
    menu = Menu(section=shell.SYSTEM, icon="users-group", order=72)
    empty_words = _("Teams say whose records a role reaches to that goes beyond one's own.")
    columns = [
        Column("name", link=True),
        Column("parent", sort=False),
        Column("members", label=_("Colleagues"), fetch=members),
    ]
    default_sort = "name"
    search_fields = ["name"]
    facts = ["name", "parent"]
    edit = actions.edit_team
    new = [Column("name", required=True), "parent"]
    create = actions.create_team
