"""The list of bulk changes: who, when, what, how many, and what became of it."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from guanxi.foundation import desk, shell
from guanxi.foundation.bulk_changes import actions, queries
from guanxi.foundation.bulk_changes.models import BulkChange
from guanxi.foundation.desk import Column, Menu, Pill
from guanxi.foundation.visibility import Viewer

State = BulkChange.State
TONES = {State.RUNNING: "info", State.DONE: "good", State.FAILED: "bad", State.UNDOING: "info", State.UNDONE: "neutral"}


def pill(row: BulkChange) -> Pill:
    """The state as a pill."""
    return Pill(State(row.state).label, TONES[State(row.state)])


def list_name(row: BulkChange) -> Any:
    """The list that the records are of."""
    found = desk.find(row.desk)
    return found.plural if found else row.desk


def who(row: BulkChange) -> str:
    """Who did it."""
    return row.by_name


@desk.register
class BulkChanges(desk.Desk):
    """What was changed of many records at once."""

    model = BulkChange
    slug = "bulk-changes"
    general = False
    label = _("Bulk changes")
    noun = _("bulk change")
    menu = Menu(section=shell.SYSTEM, icon="stack-2", order=75, key="b")
    empty_words = _(
        "Choose rows in any list, and edit, tag or delete them together: it stands here, and can be undone."
    )
    columns = (
        Column("what", label=_("What"), link=True, render=queries.what, export=queries.what),
        Column("desk", label=_("List"), render=list_name, needs=["desk"], sort=False),
        Column("at"),
        Column("by_name", label=_("Who"), sort=False),
        Column("total", sort=False),
        Column("state", render=pill, sort=False),
        Column("changed", shown=False, sort=False),
        Column("restored", shown=False, sort=False),
        Column("kept", shown=False, sort=False),
    )
    default_sort = "-at"
    filters = ("at", "by", "state", "desk")
    facts = (
        Column("what", label=_("What"), render=queries.what),
        Column("desk", label=_("List"), render=list_name, editable=False),
        Column("by_name", label=_("Who"), editable=False),
        Column("at", editable=False),
        Column("total", editable=False),
        Column("changed", editable=False),
        Column("same", editable=False, when=lambda row: row.same),
        Column("refused", editable=False, when=lambda row: row.refused),
        Column("undone_by", editable=False, when=lambda row: row.undone_by_id),
        Column("undone_at", editable=False, when=lambda row: row.undone_at),
        Column("restored", editable=False, when=lambda row: row.undone_at),
        Column("kept", editable=False, when=lambda row: row.undone_at),
    )
    history = False

    def rows(self, viewer: Viewer) -> QuerySet[Any]:
        """Changes of the lists that `viewer` may see."""
        return super().rows(viewer).select_related("by", "undone_by")

    def title(self, row: BulkChange) -> str:
        return queries.what(row)

    def pills(self, row: BulkChange) -> list[Pill]:
        return [pill(row)]


def state_panel(row: BulkChange, viewer: Viewer) -> dict[str, Any]:
    """How far a change is, what came of it, and what may be done about it."""
    found = desk.find(row.desk)
    return {
        "change": row,
        "outcome": queries.outcome(row),
        "lines": queries.shown_rows(row, viewer) if found and not row.is_open else [],
        "can_undo": actions.may_undo(row),
        "list_url": desk.list_url(row.desk) + (f"?{row.query}" if row.query else "") if found else "",
        "list_name": list_name(row),
    }
