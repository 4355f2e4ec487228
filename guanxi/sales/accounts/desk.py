"""The list and the record page of account goals."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from guanxi.foundation import desk
from guanxi.foundation.desk import Board, Button, Calendar, Column, Filter, Pill
from guanxi.foundation.visibility import Viewer
from guanxi.sales.accounts import actions, queries
from guanxi.sales.accounts.models import AccountGoal
from guanxi.sales.deals import naming

S = AccountGoal.State
TONES = {S.OPEN: "info", S.REACHED: "good", S.MISSED: "bad", S.DROPPED: "neutral"}


def state(row: AccountGoal) -> Pill:
    """The state, and of one whose day is over that it is."""
    if row.is_late:
        return Pill(_("What came of it?"), "warn")
    return Pill(row.get_state_display(), TONES[S(row.state)])


@desk.register
class AccountGoals(desk.Desk):
    """What is to be reached with organisations."""

    model = AccountGoal
    slug = "account-goals"
    general = False
    icon = "target"
    label = _("Account goals")
    empty_words = _("Set a goal on the account plan of any organisation, or here with “New”.")
    columns = (
        Column("title", link=True, sort=False),
        naming.linked("party", label=_("Customer"), sort=False),
        "due_on",
        Column("amount", sort=False),
        Column("state", render=state, needs=["state", "due_on"], sort=False),
        Column("owner", sort=False),
        Column("since", sort=False, shown=False),
        Column("closed_on", sort=False, shown=False),
    )
    default_sort = "due_on"
    filters = ("state", "due_on", "owner", Filter("party", label=_("Customer")), "amount", "title")
    search_fields = ("title", "party__name")
    board = Board(by="state", card=["party.name", "amount", "due_on"])
    calendar = Calendar(by="due_on", card=["party.name", "amount"])
    facts = (
        "title",
        naming.linked("party", label=_("Customer"), editable=False),
        "amount",
        "since",
        "due_on",
        Column("state", editable=False),
        Column("closed_on", editable=False, when=lambda row: row.closed_on),
        "owner",
        "note",
        Column("created_at", editable=False),
    )
    new = (
        Column("title", required=True),
        naming.chosen("party", label=_("Customer"), required=True),
        "amount",
        Column("due_on", required=True),
        Column("since", required=False),
        "owner",
        "note",
    )
    create, edit, remove = actions.add_goal, actions.edit_goal, actions.remove_goal

    def rows(self, viewer: Viewer) -> QuerySet[Any]:
        """Goals with whom they are and who sees to them."""
        return queries.goals(viewer)

    def subtitle(self, row: AccountGoal) -> str:
        return row.party.name

    def pills(self, row: AccountGoal) -> list[Pill]:
        return [state(row)]

    def buttons(self, row: AccountGoal, viewer: Viewer) -> list[Button]:
        """To the plan."""
        return [Button(_("Account plan"), reverse("account_plans:plan", args=[row.party_id]), "map-2")]
