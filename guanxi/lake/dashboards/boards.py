"""A dashboard as a page shows it, kept or ready-made: its tiles, and the period and filters that hold for all."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from django.db.models import Prefetch
from django.urls import reverse
from django.utils.translation import gettext as _

from guanxi.foundation.actions import Refused
from guanxi.foundation.visibility import Viewer
from guanxi.lake import dimensions, measures, remembering
from guanxi.lake.dashboards import declaration
from guanxi.lake.dashboards.models import Dashboard, FirstDashboard, Tile
from guanxi.lake.explore import answer, grid
from guanxi.lake.explore.answer import Cell, Table
from guanxi.lake.explore.shown import ALL_COLUMNS, Shown, change, figure
from guanxi.lake.explore.state import State
from guanxi.lake.figures import Note
from guanxi.lake.query import CannotCut


@dataclass(frozen=True)
class Placed:
    """A tile in its place: the number in its address, and what it asks."""

    number: int
    title: str
    query: str
    form: str
    size: str


@dataclass
class Board:
    """A dashboard: its key (a number, or the slug of a ready-made one), its tiles, and whether it is one's own."""

    key: str
    title: str
    query: str
    tiles: list[Placed] = field(default_factory=list)
    own: bool = False
    row: Dashboard | None = None
    words: str = ""

    @property
    def url(self) -> str:
        return reverse("dashboards:page", args=[self.key])


def find(key: str, viewer: Viewer) -> Board | None:
    """The dashboard of this key as far as `viewer` may see it."""
    if not key.isdecimal():
        ready = declaration.find(key)
        return of_ready(ready) if ready else None
    tiles = Tile.objects.select_related("question")
    rows = Dashboard.objects.visible_to(viewer).prefetch_related(Prefetch("tiles", tiles)) if len(key) < 16 else None
    row = rows.filter(pk=int(key)).first() if rows is not None else None
    return of_row(row, viewer) if row else None


def of_ready(ready: declaration.ReadyMade) -> Board:
    """A ready-made dashboard."""
    tiles = [Placed(n, str(one.title), one.query, one.form, one.size) for n, one in enumerate(ready.tiles)]
    return Board(ready.slug, str(ready.title), ready.query, tiles, words=str(ready.words))


def of_row(row: Dashboard, viewer: Viewer) -> Board:
    """A kept one, with its tiles."""
    tiles = [Placed(one.pk, one.question.name, one.question.query, one.form, one.size) for one in row.tiles.all()]
    return Board(str(row.pk), row.name, row.query, tiles, row.owner_id == viewer.pk, row)


def first_of(viewer: Viewer) -> str:
    """The key of the dashboard that opens first for `viewer`; empty where he chose none."""
    row = FirstDashboard.objects.filter(user_id=viewer.pk).values_list("key", flat=True).first()
    return str(row or "")


@dataclass
class Drawn:
    """A tile with its answer: the figure with its comparison, or the table with its plot."""

    tile: Placed
    state: State
    url: str
    table: Table | None = None
    number: Cell | None = None
    before: str = ""
    notes: list[str] = field(default_factory=list)
    problem: str = ""
    label: str = ""

    @property
    def text(self) -> str:
        """The figure, for mails."""
        return self.number.text if self.number else ""


def draw(tile: Placed, frame: State, viewer: Viewer) -> Drawn:
    """Ask what the tile asks, in the period and with the filters of the dashboard. Raises NotAllowed, LakeBroken."""
    state, notes = framed(State.parse(tile.query), frame)
    if tile.form == Tile.Form.NUMBER:
        state = replace(state, by=(), across="", top=0, show="", measures=state.measures[:1])
    if tile.form == Tile.Form.TABLE:
        state = replace(state, plot="none")
    drawn = Drawn(tile, state, f"{reverse('explore')}{state.url()}", notes=notes, label=tile.title)
    try:
        made = grid.build(state, remembering.asker(viewer))
    except CannotCut as refusal:
        drawn.problem = refusal.in_words
        return drawn
    except Refused as refusal:
        drawn.problem = refusal.message
        return drawn
    drawn.notes += made.notes
    if tile.form == Tile.Form.NUMBER:
        _number(drawn, Shown(state, made))
    else:
        drawn.table = answer.table(state, made)
        drawn.table.notes.clear()
    return drawn


def _number(drawn: Drawn, shown: Shown) -> None:
    measure = shown.grid.measures[0]
    value, shape = shown.value(None, ALL_COLUMNS, measure)
    note = None
    if shown.before is not None:
        earlier, _shape = shown.before.value(None, ALL_COLUMNS, measure)
        if earlier:  # else there is nothing to compare with
            note, drawn.before = change(shape, value, earlier), figure(shape, earlier)
    url = shown.behind(None, ALL_COLUMNS, measure) if value is not None else ""
    drawn.number = Cell(figure(shape, value), url, True, value, note)


def framed(state: State, frame: State) -> tuple[State, list[str]]:
    """A question in the period and with the filters of its dashboard; what of them cannot hold for it is said."""
    known, cut_by = measures.all(), dimensions.all()
    bases = {known[name].base for name in state.measures if name in known}

    def holds(name: str) -> bool:
        return name in cut_by and all(cut_by[name].cuts(base) for base in bases)

    notes = []
    where = dict(state.where)
    if frame.period or "day" in frame.where or frame.compare:
        if holds("day"):
            where.pop("day", None)
            period = frame.period if frame.period or "day" in frame.where else state.period
            state = replace(state, period=period, compare=frame.compare or state.compare, other=frame.other)
        else:
            state = replace(state, period="", compare="")
            notes.append(_("As of now: these figures are not known by day."))
    for name, asked in frame.where.items():
        if holds(name):
            where[name] = asked
        elif name != "day" and name in cut_by:
            notes.append(_("Not filtered by “%(name)s”.") % {"name": cut_by[name].label})
    return replace(state, where=where), notes


def mail_notes(drawn: Drawn) -> list[Note]:
    """What a mail says under a figure."""
    return [drawn.number.note] if drawn.number and drawn.number.note else []
