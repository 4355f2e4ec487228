"""The audit log as a list: who changed what, from what, to what. Nobody can change it."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.foundation import shell
from guanxi.foundation.desk import history
from guanxi.foundation.desk.addresses import record_url
from guanxi.foundation.desk.declaration import Button, Column, Desk, Menu, Viewer, find_for, register
from guanxi.foundation.models import AuditEntry
from guanxi.foundation.visibility import SYSTEM

AT_ONCE = 4


def _model(entry: AuditEntry) -> Any:
    try:
        return apps.get_model(entry.object_type)
    except (LookupError, ValueError):
        return None


def _who(entry: AuditEntry) -> str:
    ours = entry.actor_id is None and entry.actor_name == str(SYSTEM)
    return _now("The system") if ours else entry.actor_name


def _type(entry: AuditEntry) -> str:
    model = _model(entry)
    return str(model._meta.verbose_name) if model else entry.object_type


def _changes(entry: AuditEntry, most: int = AT_ONCE) -> SafeString:
    """The changes as “field: from → to”."""
    words = history.in_words(_model(entry), entry.changes)
    lines = format_html_join(
        "",
        '<div class="change"><span class="quiet">{}:</span> {}{}</div>',
        ((label, format_html("<del>{}</del> → ", old) if old else "", new or "—") for label, old, new in words[:most]),
    )
    return format_html("{}{}", lines, f"+ {len(words) - most}" if len(words) > most else "")


def _plain_changes(entry: AuditEntry) -> str:
    words = history.in_words(_model(entry), entry.changes)
    return "; ".join(f"{label}: {old} → {new}" for label, old, new in words)


@register
class AuditLog(Desk):
    model = AuditEntry
    slug = "audit"
    general = False
    icon = "history"
    label = _("Audit log")
    menu = Menu(section=shell.SYSTEM, icon="history", order=80)
    columns = (
        Column("at", link=True),
        Column("actor_name", render=_who, export=_who, needs=["actor", "actor_name"], sort=False),
        Column("object_type", render=_type, export=_type, needs=["object_type"], sort=False),
        Column("object_label", sort=False),
        Column(
            "changes",
            render=_changes,
            export=_plain_changes,
            needs=["object_type", "changes"],
            sort=False,
        ),
        Column("action", sort=False, shown=False),
        Column("address", sort=False, shown=False),
        Column("object_id", shown=False, sort=False),
    )
    default_sort = "-at"
    filters = ("at", "actor_name", "actor", "object_type", "object_label", "object_id", "action", "address")
    search_fields = ("object_label", "actor_name")
    facts = (
        "at",
        Column("actor_name", render=_who),
        "action",
        Column("object_type", render=_type),
        "object_label",
        "object_id",
        "address",
        Column("all_changes", label=_("Changes"), render=lambda entry: _changes(entry, 1000)),
    )
    history = False

    def title(self, row: AuditEntry) -> str:
        return row.object_label

    def subtitle(self, row: AuditEntry) -> str:
        return row.action

    def buttons(self, row: AuditEntry, viewer: Viewer) -> list[Button]:
        """To the record that was changed."""

        desk = find_for(row.object_type)
        if desk is None or row.object_id is None:
            return []
        return [Button(_("Open the record"), record_url(desk.slug, row.object_id), "external-link")]
