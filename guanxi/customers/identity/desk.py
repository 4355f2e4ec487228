"""Lists and record pages: pairs that may be one, merges, sources, and what each source said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.customers.actions import matching as deciding
from guanxi.customers.identity.waterfall import percent
from guanxi.customers.models import MatchPair, Merge, Source, SourceRecord
from guanxi.foundation import desk
from guanxi.foundation.desk import Button, Column, Pill, record_url
from guanxi.foundation.visibility import Viewer, may

TONES = {
    MatchPair.State.OPEN: "info",
    MatchPair.State.LATER: "neutral",
    MatchPair.State.MERGED: "good",
    MatchPair.State.DIFFERENT: "warn",
}


def _states(rows: Sequence[MatchPair]) -> dict[int, Pill]:
    """The state of each pair; open ones that are too unlikely to ask anybody say so."""
    ask_from = deciding.settings().ask_from
    return {
        row.pk: Pill(_now("Left alone"), "neutral")
        if row.state == MatchPair.State.OPEN and row.probability < ask_from
        else Pill(row.get_state_display(), TONES[MatchPair.State(row.state)])
        for row in rows
    }


def _probability(row: MatchPair | Merge) -> str:
    return percent(row.probability)


def _by(row: Merge) -> str:
    return str(row.by) if row.by else _now("The system")


def _decider(row: MatchPair) -> str:
    if row.decided_by:
        return str(row.decided_by)
    return _now("The system") if row.decided_at else ""


def _undone(row: Merge) -> Pill | str:
    return Pill(_now("undone"), "warn") if row.undone_at else ""


@desk.register
class Pairs(desk.Desk):
    """Pairs that may be one, and what was decided of them; each opens in the queue."""

    model = MatchPair
    slug = "duplicates"
    general = False
    history = False
    icon = "copy-check"
    label = _("Pairs that may be one")
    noun = _("pair")
    empty_words = _("Pairs of customers that look alike stand here.")
    columns = (
        Column("low.name", label=_("One"), link=True, sort=False),
        Column("high.name", label=_("The other"), sort=False),
        Column("probability", render=_probability, needs=["probability"]),
        Column("state", fetch=_states, needs=["state", "probability"], sort=False),
        Column("found_at", sort=False),
        Column("decided_by", render=_decider, needs=["decided_by", "decided_at"], sort=False),
        Column("decided_at", sort=False, shown=False),
        Column("until", sort=False, shown=False),
    )
    default_sort = "-probability"
    filters = ("state", "probability", "found_at", "decided_by", "decided_at")

    def title(self, row: MatchPair) -> str:
        return f"{row.low} · {row.high}"

    def url(self, row: MatchPair) -> str:
        """The pair in the queue."""
        return reverse("customers:pair", args=[row.pk])


@desk.register
class Merges(desk.Desk):
    """Who became part of whom, by whose hand, and what was undone."""

    model = Merge
    slug = "merges"
    general = False
    history = False
    icon = "git-merge"
    empty_words = _("Merges by hand and by themselves stand here, and can be undone.")
    columns = (
        Column("merged.name", label=_("Merged"), link=True, sort=False),
        Column("survivor.name", label=_("Part of"), sort=False),
        Column("at"),
        Column("how", sort=False),
        Column("probability", render=_probability, needs=["probability"], sort=False),
        Column("by", render=_by, needs=["by"], sort=False),
        Column("undone_at", label=_("Undone"), sort=False),
    )
    default_sort = "-at"
    filters = ("how", "at", "by", "undone_at", "probability")
    facts = (
        Column("merged", editable=False),
        Column("survivor", editable=False),
        Column("at", editable=False),
        Column("how", editable=False),
        Column("probability", render=_probability, editable=False),
        Column("by", render=_by, editable=False),
        Column("undone_at", editable=False, when=lambda row: row.undone_at),
        Column("undone_by", editable=False, when=lambda row: row.undone_at),
    )

    def title(self, row: Merge) -> str:
        return _now("%(merged)s into %(survivor)s") % {"merged": row.merged, "survivor": row.survivor}

    def pills(self, row: Merge) -> list[Pill]:
        pill = _undone(row)
        return [pill] if isinstance(pill, Pill) else []

    def buttons(self, row: Merge, viewer: Viewer) -> list[Button]:
        """The survivor, and undoing."""
        survivor = Button(str(row.survivor), record_url("customers", row.survivor_id), "user")
        if row.undone_at is not None or not may(viewer, "merge", row.merged):
            return [survivor]
        return [survivor, Button(_now("Undo …"), reverse("customers:undo_merge", args=[row.pk]), "arrow-back-up")]


def set_trust(row_id: int, changes: dict[str, Any], expected: dict[str, Any] | None = None, *, by: Viewer) -> Source:
    """The desk's edit of a source: how far it is trusted."""
    return deciding.set_trust(row_id, changes["trust"], by=by)


@desk.register
class Sources(desk.Desk):
    """Where records come from, and how far each is trusted."""

    model = Source
    slug = "sources"
    general = False
    icon = "database-import"
    columns = (Column("name", link=True, sort=False), Column("code", sort=False), Column("trust", sort=False))
    filters = ("trust",)
    facts = (
        Column("name", editable=False),
        Column("code", editable=False),
        Column("trust", help=_("From 0 to 99: of several sources the more trusted is believed.")),
    )
    edit = set_trust

    def rows(self, viewer: Viewer) -> QuerySet[Any]:
        """All sources, for those who may see them."""
        return super().rows(viewer).order_by("-trust", "name")

    def title(self, row: Source) -> str:
        return _now(row.name)


@desk.register
class SourceRecords(desk.Desk):
    """What sources said, as they said it."""

    model = SourceRecord
    slug = "source-records"
    general = False
    history = False
    icon = "file-text"
    columns = (
        Column("external_id", label=_("Number there"), link=True, sort=False),
        Column("source.name", label=_("Source"), sort=False),
        Column("party.name", label=_("Customer"), sort=False),
        Column("received_at", label=_("Received"), sort=False),
        Column("import_run", label=_("Import"), sort=False, shown=False),
    )
    filters = ("source", "received_at")
    facts = (
        Column("source", editable=False),
        Column("external_id", label=_("Number there"), editable=False),
        Column("received_at", label=_("Received"), editable=False),
        Column("party", label=_("Customer"), editable=False),
        Column("import_run", label=_("Import"), editable=False, when=lambda row: row.import_run),
    )

    def rows(self, viewer: Viewer) -> QuerySet[Any]:
        """Records with their source."""
        return super().rows(viewer).select_related("source", "party")

    def title(self, row: SourceRecord) -> str:
        return f"{_now(row.source.name)} · {row.external_id}"

    def buttons(self, row: SourceRecord, viewer: Viewer) -> list[Button]:
        """The customer that the record is of."""
        if row.party_id is None:
            return []
        return [Button(str(row.party), record_url("customers", row.party_id), "user")]
