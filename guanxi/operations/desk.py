"""The list of backups: when each was made, what became of it, whether it is still there."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.foundation import desk, hooks, shell
from guanxi.foundation.desk import Button, Column, Menu, Pill
from guanxi.foundation.visibility import Viewer
from guanxi.operations.models import Backup

TONES = {Backup.State.RUNNING: "info", Backup.State.DONE: "good", Backup.State.FAILED: "bad"}


def state(row: Backup) -> Pill:
    """What became of it."""
    return Pill(str(Backup.State(row.state).label), TONES[Backup.State(row.state)])


def size(row: Backup) -> str:
    """How large its file is."""
    return "" if row.size is None else filesizeformat(row.size)


def how_long(row: Backup) -> str:
    """How long it took."""
    return "" if row.duration is None else f"{row.duration.total_seconds():.0f} s"


def kept(row: Backup) -> str:
    """Whether the file is still where it was written."""
    if row.state != Backup.State.DONE:
        return ""
    return _now("yes") if row.kept else _now("deleted, newer ones are kept")


def asked_by(row: Backup) -> str:
    """Who asked for it."""
    return str(row.requested_by) if row.requested_by else _now("The system")


@desk.register
class Backups(desk.Desk):
    """Made by themselves, by a person or by the command line."""

    model = Backup
    slug = "backups"
    general = False
    label = _("Backups")
    noun = _("backup")
    icon = "database-export"
    menu = Menu(section=shell.SYSTEM, icon="database-export", order=64)
    empty_words = _("Backups stand here. One is made every night while a worker runs; the first can be made now.")
    columns = (
        Column("name", link=True, sort=False),
        Column("started_at"),
        Column("state", render=state, sort=False),
        Column("size", render=size, export=lambda row: row.size, sort=False),
        Column("duration", label=_("Took"), render=how_long, export=how_long, needs=["started_at", "finished_at"]),
        Column("kept", render=kept, export=kept, needs=["kept", "state"], sort=False),
        Column("reason", sort=False),
        Column("error", sort=False),
    )
    default_sort = "-started_at"
    filters = ("state", "reason", "kept", "encrypted", "started_at")
    search_fields = ("name",)
    facts = (
        Column("state", render=state),
        Column("reason"),
        Column("requested_by", label=_("Asked for by"), render=asked_by),
        "place",
        "started_at",
        Column("finished_at", when=lambda row: row.finished_at),
        Column("size", render=size),
        "rows",
        "files",
        "encrypted",
        Column("kept", render=kept),
        Column("error", when=lambda row: row.error),
    )

    def rows(self, viewer: Viewer) -> QuerySet[Any]:
        """Backups with who asked for them."""
        return super().rows(viewer).select_related("requested_by")


@hooks.register("button:backups")
def to_status(viewer: Viewer) -> Button | None:
    """The way to the page that also starts one."""
    return Button(_now("Status"), reverse("operations:status"), "heartbeat")


hooks.register("menu", shell.MenuEntry(shell.SYSTEM, _("Status"), "operations:status", "heartbeat", order=62))
