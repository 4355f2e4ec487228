"""Rows as cards: what a board and a calendar show of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape, unescape

from django.utils.html import conditional_escape, format_html, strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from guanxi.foundation.desk import display, layouts, moving
from guanxi.foundation.desk.declaration import Field, Row
from guanxi.foundation.desk.rows import MOVABLE, loading, with_movable
from guanxi.foundation.desk.shapes import Lane
from guanxi.foundation.desk.state import State
from guanxi.foundation.templatetags.icons import icon

MOST_LINES = 4  # of a card that does not say what it shows


@dataclass(frozen=True)
class Card:
    """One row as a card."""

    pk: int
    url: str
    title: SafeString
    lines: SafeString
    seen: str
    lane: str
    move: SafeString | None = None  # what the button says by which it is moved; PLACE stands for its title

    @property
    def html(self) -> SafeString:
        """The card. Put together here, not by a template: a page has a hundred of them."""
        name = escape(unescape(strip_tags(self.title))) if "<" in self.title else self.title
        movable = button = ""
        if self.move is not None:
            movable, button = (
                " data-movable",
                MOVE.format(self.move.replace(PLACE, name), icon("arrows-move-horizontal")),
            )
        # Every part is HTML already, or escaped here.
        return mark_safe(
            CARD.format(self.pk, escape(self.seen), movable, name, escape(self.url), self.title, button, self.lines)
        )


PLACE = "\0"
MOVE = '<button type="button" class="card-move" data-move-card aria-label="{}">{}</button>'
CARD = (
    '<article class="board-card" data-card="{}" data-seen="{}"{} tabindex="0" aria-label="{}">'
    '<div class="board-card-head"><a href="{}" draggable="false">{}</a>{}</div>{}</article>'
)


def around(cells: display.Cells) -> tuple[SafeString, SafeString]:
    """What stands before and after the value of a line of a card; numbers and dates stand behind their label."""
    label, end = cells.field.label, mark_safe("</span></div>")
    if cells.field.kind.ordered:
        start = '<div class="board-card-line"><span class="board-card-label">{}</span> <span>'
        return format_html(start, label), end
    start = '<div class="board-card-line"><span class="visually-hidden">{}</span> <span title="{}">'
    return format_html(start, label, label), end


def lead_of(state: State) -> Field:
    """The column that names a row."""
    columns = [*state.columns, *state.desk.all_columns()]
    return next((column for column in columns if column.column.link), columns[0])


def lines_of(state: State) -> list[Field]:
    """The columns that a card shows beneath its title: those chosen, else those declared, else the first few."""
    axis, lead = state.layout.axis, lead_of(state)
    declared = state.desk.calendar if state.layout.kind == layouts.CALENDAR else state.desk.shown_board
    columns, most = state.columns, MOST_LINES
    if not state.chosen and declared is not None and declared.card:
        known = {column.name: column for column in state.desk.all_columns()}
        columns, most = [known[name] for name in declared.card if name in known], len(declared.card)
    taken = {lead.name, axis.name if axis else ""}
    return [column for column in columns if column.name not in taken][:most]


def fields_of(state: State) -> list[Field]:
    """All that has to be loaded for a card."""
    axis = state.layout.axis
    return [lead_of(state), *lines_of(state), *([axis.field] if axis is not None and axis.field is not None else [])]


def load(state: State, ids: Sequence[int]) -> dict[int, Row]:
    """The rows of these numbers, with what their cards show."""
    if not ids:
        return {}
    rows = loading(state.seen_in_lanes.filter(pk__in=ids), fields_of(state), state.order, state.viewer)
    return {row.pk: row for row in with_movable(rows, state.viewer)}


def made(state: State, rows: Sequence[tuple[Row, Lane]], *, fixed: bool = False) -> list[Card]:
    """The cards of rows, each with the lane that it lies in; `fixed`: nobody moves them."""
    axis = state.layout.axis
    assert axis is not None
    if not rows:
        return []
    lead, lines = display.Cells(lead_of(state)), [display.Cells(field) for field in lines_of(state)]
    may_move = not fixed and axis.movable(state.viewer)
    move = conditional_escape(_("Move “%(title)s” to another column") % {"title": PLACE})
    for cells in (lead, *lines):
        cells.prepare([row for row, _lane in rows])
    framed = [(cells, *around(cells)) for cells in lines]
    return [
        Card(
            row.pk,
            state.desk.url(row),
            lead.html(row),
            _lines(framed, row),
            moving.seen(axis, row, lane),
            lane.key,
            move if may_move and getattr(row, MOVABLE, True) else None,
        )
        for row, lane in rows
    ]


def _lines(framed: Sequence[tuple[display.Cells, SafeString, SafeString]], row: Row) -> SafeString:
    found = ((start, cells.html(row), end) for cells, start, end in framed)
    return mark_safe("".join(start + value + end for start, value, end in found if value != display.NOTHING))
