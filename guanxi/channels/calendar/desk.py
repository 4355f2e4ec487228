"""The list and the records of calendars elsewhere."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from guanxi.channels.calendar import account_views, actions, queries
from guanxi.channels.calendar.models import Account
from guanxi.foundation import desk, shell
from guanxi.foundation.desk import Button, Column, Menu, Panel, Pill
from guanxi.foundation.visibility import Viewer, may

TONES = {Account.State.ACTIVE: "good", Account.State.FAILING: "bad", Account.State.PAUSED: "warn"}


def state(row: Account) -> Pill:
    """The state, with a warning where the last look failed."""
    if row.state == Account.State.ACTIVE and row.failures:
        return Pill(_("Will be tried again"), "warn")
    return Pill(row.get_state_display(), TONES[Account.State(row.state)])


@desk.register
class Calendars(desk.Desk):
    """One's own calendars elsewhere, and how they stand."""

    model = Account
    slug = "calendars"
    general = False
    label = _("Calendars elsewhere")
    noun = _("calendar elsewhere")
    menu = Menu(section=shell.SYSTEM, icon="calendar-share", order=13)
    empty_words = _(
        "Connect the calendar of your telephone or computer (CalDAV): what you change there stands here, and the other "
        "way round."
    )
    columns = (
        Column("name", link=True, sort=False, render=str, needs=["address"]),
        Column("state", render=state, needs=["state", "failures"], sort=False),
        Column("synced_at", sort=False),
        Column("error", sort=False),
    )
    filters = ("state",)
    facts = (
        Column("name", editable=False),
        Column("address", editable=False),
        Column("username", editable=False),
        "shared",
        Column("synced_at", editable=False),
        Column("created_at", editable=False),
    )
    edit = actions.edit_calendar
    remove = actions.disconnect_calendar
    new_view = account_views.connect

    def pills(self, row: Account) -> list[Pill]:
        return [state(row)]

    def buttons(self, row: Account, viewer: Viewer) -> list[Button]:
        if not may(viewer, "edit", row):
            return []
        return [Button(_("Server and password"), reverse("calendar:edit", args=[row.pk]), "key")]


def health(row: Account, viewer: Viewer) -> dict[str, Any]:
    """The context of the panel that says how a calendar stands."""
    return queries.health(row)


HEALTH = Panel("middle", _("How it stands"), "calendar/health.html", context=health, order=5, key="health")
