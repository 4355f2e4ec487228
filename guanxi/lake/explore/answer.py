"""The answer as a table and a plot: figures, shares or sums so far, their change, and for each where it leads: what is
behind it, and what a row opens into.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from guanxi.lake.explore import plotting
from guanxi.lake.explore.grid import REST, Grid, Key
from guanxi.lake.explore.shown import ALL_COLUMNS, Shown, change, figure, in_order, share
from guanxi.lake.explore.state import State
from guanxi.lake.figures import Note
from guanxi.lake.query import Column


@dataclass(frozen=True)
class Cell:
    """One cell: text, where it leads, whether it is a figure, how it changed, and its value (for plots and files)."""

    text: str
    url: str = ""
    figure: bool = False
    value: Any = None
    note: Note | None = None
    order: str = ""  # of a head that the table is in the order of: “up” or “down”


@dataclass
class Table:
    """What the page shows: heads (with the address that sorts by them), rows, the totals, and the plot.

    `groups` stand above the heads where each column holds several measures: text and how many heads.
    """

    heads: list[Cell]
    groups: list[tuple[str, int]] = field(default_factory=list)
    rows: list[list[Cell]] = field(default_factory=list)
    totals: list[Cell] = field(default_factory=list)
    plot: dict[str, Any] | None = None
    notes: list[str] = field(default_factory=list)


def table(state: State, grid: Grid) -> Table:
    """The table of an answer."""
    return _Made(state, grid).table()


class _Made:
    """The table being made."""

    def __init__(self, state: State, grid: Grid) -> None:
        self.state, self.grid, self.shown = state, grid, Shown(state, grid)
        self.beside = grid.before is not None and not grid.across  # figures before stand in columns of their own
        self.summed = bool(grid.across)  # a pivot has the totals of its rows as its last columns

    def table(self) -> Table:
        made = Table(self._heads(), self._groups(), notes=list(self.grid.notes))
        for key in self.shown.rows():
            made.rows.append([*self._labels(key), *self._figures(key)])
        if self.grid.by and self.grid.rows:
            made.totals = [Cell(_("All"))] + [Cell("")] * (len(self.grid.by) - 1) + self._figures(None)
        made.plot = plotting.plot(self.shown)
        return made

    # Heads ------------------------------------------------------------------------------------------------------------

    def _heads(self) -> list[Cell]:
        heads = [self._head(column.label, column.name) for column in self.grid.by] or [Cell("")] * self.summed
        several = len(self.grid.measures) > 1
        for value in self.grid.columns:
            for measure in self.grid.measures:
                label = measure.label if several or not self.grid.across else self.shown.column_words(value)
                place = f"@{in_order(value)}" if self.grid.across else ""
                heads.append(self._head(label, f"{measure.name}{place}", figure=True, sortable=value is not REST))
                if self.beside:
                    heads += [Cell(_("before"), figure=True), Cell(_("change"), figure=True)]
        if self.summed:
            heads += [
                self._head(one.label if several else _("All"), one.name, figure=True) for one in self.grid.measures
            ]
        return heads

    def _groups(self) -> list[tuple[str, int]]:
        many = len(self.grid.measures)
        if not self.grid.across or many < 2:
            return []
        groups = [("", max(len(self.grid.by), 1))]
        return groups + [(self.shown.column_words(value), many) for value in self.grid.columns] + [(_("All"), many)]

    def _head(self, text: str, name: str, *, figure: bool = False, sortable: bool = True) -> Cell:
        if not sortable:
            return Cell(text, figure=figure)
        first, second = (f"-{name}", name) if figure else (name, f"-{name}")
        now = {f"-{name}": "down", name: "up"}.get(self.state.order, "")
        return Cell(text, self.state.url(order=second if self.state.order == first else first), figure, order=now)

    # Rows -------------------------------------------------------------------------------------------------------------

    def _labels(self, key: Key) -> list[Cell]:
        labels = [
            Cell(
                self.shown.words(column, value),
                "" if value is REST else self.state.opened(column.name, value),
                value=value,
            )
            for column, value in zip(self.grid.by, key, strict=True)
        ]
        return labels or [Cell(" · ".join(str(one.label) for one in self.grid.measures))] * self.summed

    def _figures(self, key: Key | None) -> list[Cell]:
        cells: list[Cell] = []
        for value in self.grid.columns:
            for measure in self.grid.measures:
                cells += self._cell(key, value, measure)
        if self.summed:
            for measure in self.grid.measures:
                cells += self._cell(key, ALL_COLUMNS, measure)
        return cells

    def _cell(self, key: Key | None, column: Any, measure: Column) -> list[Cell]:
        value, shape = self.shown.value(key, column, measure)
        url = self.shown.behind(key, column, measure) if value is not None else ""
        if self.shown.before is None:
            return [Cell(figure(shape, value), url, True, value)]
        before, _shape = self.shown.before.value(key, column, measure)
        note = change(shape, value, before)
        if not self.beside:
            return [Cell(figure(shape, value), url, True, value, note)]
        changed = share(float(value or 0) - float(before), before) if before else None
        return [
            Cell(figure(shape, value), url, True, value),
            Cell(figure(shape, before), "", True, before),
            Cell(note.text, "", True, changed, Note("", note.tone)),
        ]
