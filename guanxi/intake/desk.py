"""The list and the record page of imports, and the doors to the wizard in the lists of what comes in."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from guanxi.customers.models import Party
from guanxi.foundation import desk, hooks, shell
from guanxi.foundation.actions import Refused
from guanxi.foundation.desk import Button, Column, Desk, Menu, Pill, Question
from guanxi.foundation.visibility import Viewer, may
from guanxi.intake import desk_kinds
from guanxi.intake.models import ImportRun

State = ImportRun.State
TONES = {
    State.DONE: "good",
    State.FAILED: "bad",
    State.WAITING: "neutral",
    State.COMPARED: "neutral",
    State.PAUSED: "warn",
    State.CANCELLED: "warn",
    State.REVERTED: "warn",
}
# The lists whose rows are brought in by files: what the wizard begins with, and the table of the rows.
BROUGHT_IN = {
    "customers": ("people", "customers_party"),
    "products": ("products", "catalog_product"),
    "orders": ("sales", "orders_order"),
}


def rejects_link(row: ImportRun) -> Any:
    """The number of rejected rows, linked to their file."""
    if not row.rejected:
        return "0"
    words = ngettext("%(count)s row", "%(count)s rows", row.rejected) % {"count": f"{row.rejected:,}"}
    return format_html('<a href="{}" download>{}</a>', reverse("intake:rejects", args=[row.pk]), words)


def state_pill(row: ImportRun) -> list[Pill]:
    """The state as a pill; a look that wrote nothing is told as such."""
    shown = [Pill(row.get_state_display(), TONES.get(State(row.state), "info"))]
    return [*shown, Pill(_now("check only"))] if row.dry_run else shown


@desk.register
class Imports(desk.Desk):
    model = ImportRun
    slug = "imports"
    general = False
    menu = Menu(section=shell.SYSTEM, icon="file-import", order=30, key="i")
    columns = [
        Column("file_name", link=True, sort=False),
        "kind",
        Column("state", sort=False, render=state_pill, needs=["state", "dry_run"]),
        Column("rule", sort=False, shown=False),
        Column("read", sort=False),
        Column("created", sort=False),
        Column("updated", sort=False),
        Column("unchanged", sort=False),
        Column("skipped", sort=False, shown=False),
        Column("rejected", sort=False, render=rejects_link),
        "started_at",
        Column("by", sort=False),
        Column("reverted_at", sort=False, shown=False),
        Column("error", sort=False, shown=False),
    ]
    default_sort = "-started_at"
    filters = ["kind", "state", "rule", "by", "started_at", "dry_run"]
    empty_words = _("Bring customers, products and sales in from a file; nothing is written before you have seen it.")
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
        Column("skipped", when=lambda row: row.skipped),
        "rule",
        "started_at",
        "finished_at",
        "by",
        Column("reverted_at", when=lambda row: row.reverted_at),
        Column("reverted_by", when=lambda row: row.reverted_at),
        "path",
        "file_size",
        "dry_run",
    ]

    def rows(self, viewer: Viewer) -> QuerySet[Any]:
        """Imports with who began them."""
        return super().rows(viewer).select_related("by", "reverted_by")

    def title(self, row: ImportRun) -> str:
        return row.file_name

    def pills(self, row: ImportRun) -> list[Pill]:
        return state_pill(row)

    def buttons(self, row: ImportRun, viewer: Viewer) -> list[Button]:
        """To the page of progress and result."""
        return [Button(_now("Result"), reverse("intake:result", args=[row.pk]), "list-check", primary=True)]


def _import_button(what: str, label: Any) -> Any:
    def button(viewer: Viewer) -> Button | None:
        if not may(viewer, "create", ImportRun):
            return None
        return Button(str(label), f"{reverse('intake:start')}{what and f'?what={what}'}", "file-import", not what)

    return button


def _made_by(table: str) -> Question:
    """The rows that an import made: `?f.import=7`."""

    def condition(text: str) -> Q:
        run = _run(text)
        return Q(pk__gt=run.bounds.get(table, 0), import_run=run.pk)  # the bound spares a look at all older rows

    def words(text: str) -> str:
        return _now("Made by the import of %(file)s") % {"file": _run(text).file_name}

    return Question("import", condition, words)


def _run(text: str) -> ImportRun:
    run = ImportRun.objects.filter(pk=int(text)).first() if text.isdecimal() and len(text) < 19 else None
    if run is None:
        raise Refused(_now("There is no such import."))
    return run


hooks.register(
    "palette",
    shell.Command(
        _("Import"), "intake:start", "file-import", [_("bring in a file"), "csv xlsx"], needs=("create", "imports")
    ),
)
hooks.register("button:imports", _import_button("", _("Import a file")))
for _slug, (_what, _table) in BROUGHT_IN.items():
    hooks.register(f"button:{_slug}", _import_button(_what, _("Import")))
    hooks.register(f"questions:{_slug}", _made_by(_table))


@hooks.register("button:*")
def _import_of_type(desk: Desk, viewer: Viewer) -> Button | None:
    """The door to the wizard in the list of every type that can be imported."""
    known = desk_kinds.desk_of(desk.slug) is not None and may(viewer, "create", desk.model)
    return _import_button(desk.slug, _("Import"))(viewer) if known else None


@hooks.register("today_section", order=1)
def first_run(viewer: Viewer) -> dict[str, Any] | None:
    """What to do while nobody is known yet."""
    if Party.objects.exists() or not may(viewer, "create", ImportRun):
        return None
    return {"template": "intake/first_run.html"}
