"""The list and the record page of imports."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _now

from guanxi.foundation import desk, shell
from guanxi.foundation.desk import Column, Menu, Pill
from guanxi.intake.models import ImportRun

TONES = {ImportRun.State.DONE: "good", ImportRun.State.FAILED: "bad", ImportRun.State.WAITING: "neutral"}


def rejects_link(row: ImportRun) -> Any:
    """The number of rejected rows, linked to their file."""
    if not row.rejected:
        return "0"
    words = _now("%(count)s rows") % {"count": f"{row.rejected:,}"}
    return format_html('<a href="{}" download>{}</a>', reverse("intake:rejects", args=[row.pk]), words)


@desk.register
class Imports(desk.Desk):
    model = ImportRun
    slug = "imports"
    menu = Menu(section=shell.SYSTEM, icon="file-import", order=30)
    columns = [
        Column("file_name", link=True, sort=False),
        "kind",
        Column("state", sort=False, render=lambda row: Pill(row.get_state_display(), TONES.get(row.state, "info"))),
        Column("read", sort=False),
        Column("created", sort=False),
        Column("updated", sort=False),
        Column("unchanged", sort=False),
        Column("rejected", sort=False, render=rejects_link),
        "started_at",
        Column("by", sort=False),
        Column("error", sort=False, shown=False),
    ]
    default_sort = "-started_at"
    filters = ["kind", "state", "started_at"]
    facts = [
        "kind",
        "state",
        "error",
        "read",
        "accepted",
        Column("rejected", render=rejects_link),
        "created",
        "updated",
        "unchanged",
        "started_at",
        "finished_at",
        "by",
        "path",
        "file_size",
        "dry_run",
    ]

    def title(self, row: ImportRun) -> str:
        return row.file_name

    def pills(self, row: ImportRun) -> list[Pill]:
        return [Pill(row.get_state_display(), TONES.get(ImportRun.State(row.state), "info"))]
