"""Saved questions and dashboards, for programs: keep, share, arrange, and ask for the answer."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema, Status
from ninja.errors import HttpError

from guanxi.foundation import visibility
from guanxi.foundation.actions import Refused
from guanxi.foundation.api import keyset
from guanxi.foundation.api.types import Cursor, Limit, Number, Page
from guanxi.lake import remembering
from guanxi.lake.api import plain
from guanxi.lake.dashboards import actions, boards, declaration
from guanxi.lake.dashboards.models import Dashboard, Question, Shared, Tile
from guanxi.lake.explore import answer, grid
from guanxi.lake.explore.answer import Cell, Table
from guanxi.lake.explore.state import State
from guanxi.lake.store import LakeBroken

questions_router = Router(tags=["Questions and dashboards"])
dashboards_router = Router(tags=["Questions and dashboards"])

Name = Annotated[str, Field(min_length=1, max_length=100)]
Asked = Annotated[
    str, Field(max_length=8000, description="As the address of Explore writes it: `m=sales&by=month&period=last_30`.")
]
Key = Annotated[str, Field(max_length=50, pattern="^[a-z0-9][a-z0-9_-]*$")]
Form = Literal["number", "plot", "table"]
Size = Literal["third", "half", "full"]


class SavedQuestionIn(Schema):
    name: Name
    query: Asked


class DashboardIn(Schema):
    """A new one; with `copy_of` a ready-made one as one's own, its questions with it."""

    name: Annotated[str, Field(max_length=100)] = ""
    query: Asked = ""
    copy_of: Annotated[str, Field(max_length=50)] = ""


class SharedChange(Schema):
    name: Name | None = None
    query: Asked | None = None


class SharingIn(Schema):
    """Who may see it: where it is `named`, `people` by their user names and `groups` by their keys (`team:7`)."""

    sharing: Literal["private", "named", "everybody"]
    people: Annotated[list[Annotated[str, Field(max_length=150)]], Field(max_length=200)] = []
    groups: Annotated[list[Annotated[str, Field(max_length=60)]], Field(max_length=200)] = []


class SharedOut(Schema):
    id: int
    name: str
    query: str
    owner: int = Field(alias="owner_id")
    sharing: str
    people: list[str] = Field(description="Those named; told to the owner only.")
    groups: list[str] = Field(description="The teams named; told to the owner only.")

    @staticmethod
    def resolve_people(row: Shared, context: Any) -> list[str]:
        if row.owner_id != context["request"].user.pk:
            return []
        named = row.readers.filter(group="").select_related("user")  # type: ignore[attr-defined]
        return sorted(reader.user.username for reader in named)

    @staticmethod
    def resolve_groups(row: Shared, context: Any) -> list[str]:
        if row.owner_id != context["request"].user.pk:
            return []
        groups = row.readers.exclude(group="")  # type: ignore[attr-defined]
        return sorted(groups.values_list("group", flat=True))


class SharedPaging(Schema):
    cursor: Cursor | None = None
    limit: Limit = 50


class FiguresOut(Schema):
    """An answer as Explore shows it: heads, rows and the totals, in their order."""

    heads: list[str]
    rows: list[list[Any]]
    totals: list[Any]
    notes: list[str]


class TileOut(Schema):
    number: int
    title: str
    query: str
    form: str
    size: str


class DashboardOut(Schema):
    """A dashboard: of a ready-made one the key is a word, and it belongs to nobody."""

    key: str
    name: str
    query: str
    mine: bool
    ready_made: bool
    tiles: list[TileOut]


class TileIn(Schema):
    question: Number
    form: Form = "plot"


class TileChange(Schema):
    form: Form | None = None
    size: Size | None = None


class TileOrder(Schema):
    tiles: Annotated[list[Number], Field(max_length=100)]


class FirstIn(Schema):
    key: Annotated[str, Field(max_length=50, description="Empty: none.")] = ""


class TileAnswer(Schema):
    """What a tile shows: a figure (with that of the period before), or a table; `problem` says why it cannot."""

    label: str
    figure: Any = None
    text: str
    before: str
    table: FiguresOut | None
    notes: list[str]
    problem: str


# Questions ------------------------------------------------------------------------------------------------------------


@questions_router.get("", response=Page[SharedOut], summary="List saved questions", operation_id="list_questions")
def list_questions(request: HttpRequest, asked: Query[SharedPaging]) -> dict[str, Any]:
    """One's own and those shared with one."""
    visibility.require(request.user, "view", "reports")
    items, following = keyset.page(Question.objects.visible_to(request.user), ["id"], asked.cursor, asked.limit)
    return {"items": items, "next": following}


@questions_router.post("", response={201: SharedOut}, summary="Save a question", operation_id="save_question")
def save_question(request: HttpRequest, body: SavedQuestionIn) -> Status[Question]:
    """For oneself until it is shared."""
    visibility.require(request.user, "view", "reports")
    return Status(201, actions.save_question(body.name, body.query, by=request.user))


@questions_router.get("/{number}", response=SharedOut, summary="Get a saved question", operation_id="get_question")
def get_question(request: HttpRequest, number: Number) -> Question:
    """Its name and what it asks."""
    return _question(request, number)


@questions_router.get(
    "/{number}/answer", response=FiguresOut, summary="Ask a saved question", operation_id="ask_question"
)
def ask_question(request: HttpRequest, number: Number) -> dict[str, Any]:
    """The figures of now, as the table of Explore."""
    state = State.parse(_question(request, number).query)
    visibility.require(request.user, "view", "reports")
    try:
        return _figures(answer.table(state, grid.build(state, remembering.asker(request.user))))
    except LakeBroken as error:
        raise HttpError(503, str(error)) from error


@questions_router.patch(
    "/{number}", response=SharedOut, summary="Change a saved question", operation_id="change_question"
)
def change_question(request: HttpRequest, number: Number, body: SharedChange) -> Question:
    """One's own: its name, or what it asks."""
    _question(request, number)
    return actions.change_question(number, name=body.name, query=body.query, by=request.user)


@questions_router.put(
    "/{number}/sharing", response=SharedOut, summary="Share a question", operation_id="share_question"
)
def share_question(request: HttpRequest, number: Number, body: SharingIn) -> Question:
    """With nobody, with people named, or with everybody."""
    _question(request, number)
    return actions.share(Question, number, body.sharing, body.people, body.groups, by=request.user)


@questions_router.delete("/{number}", response={204: None}, summary="Delete a question", operation_id="remove_question")
def remove_question(request: HttpRequest, number: Number) -> Status[None]:
    """One's own; its tiles go with it."""
    _question(request, number)
    actions.remove(Question, number, by=request.user)
    return Status(204, None)


def _question(request: HttpRequest, number: int) -> Question:
    return Question.objects.visible_to(request.user).get(pk=number)


# Dashboards -----------------------------------------------------------------------------------------------------------


@dashboards_router.get("", response=list[DashboardOut], summary="List dashboards", operation_id="list_dashboards")
def list_dashboards(request: HttpRequest) -> list[dict[str, Any]]:
    """The ready-made ones, one's own, and those shared with one."""
    visibility.require(request.user, "view", "reports")
    rows = Dashboard.objects.visible_to(request.user).order_by("id").prefetch_related("tiles__question")
    found = [boards.of_ready(one) for one in declaration.all()] + [boards.of_row(row, request.user) for row in rows]
    return [_board_out(one) for one in found]


@dashboards_router.post("", response={201: DashboardOut}, summary="Make a dashboard", operation_id="make_dashboard")
def make_dashboard(request: HttpRequest, body: DashboardIn) -> Status[dict[str, Any]]:
    """Without tiles, or as the copy of a ready-made one."""
    visibility.require(request.user, "view", "reports")
    if body.copy_of:
        row = actions.copy_ready(body.copy_of, by=request.user)
        row = actions.change_dashboard(row.pk, name=body.name, by=request.user) if body.name else row
    else:
        row = actions.make_dashboard(body.name, query=body.query, by=request.user)
    return Status(201, _board_out(_board(request, str(row.pk))))


@dashboards_router.put(
    "/first", response={204: None}, summary="Open a dashboard first", operation_id="open_dashboard_first"
)
def open_first(request: HttpRequest, body: FirstIn) -> Status[None]:
    """For oneself, at the first page."""
    if body.key:
        _board(request, body.key)
    actions.open_first(body.key, by=request.user)
    return Status(204, None)


@dashboards_router.get("/{key}", response=DashboardOut, summary="Get a dashboard", operation_id="get_dashboard")
def get_dashboard(request: HttpRequest, key: Key) -> dict[str, Any]:
    """With its tiles; what they show is asked tile by tile."""
    return _board_out(_board(request, key))


@dashboards_router.get(
    "/{key}/tiles/{tile}", response=TileAnswer, summary="What a tile shows", operation_id="get_dashboard_tile"
)
def get_tile(request: HttpRequest, key: Key, tile: Annotated[int, Field(ge=0, le=2**62)]) -> dict[str, Any]:
    """In the period and with the filters of the dashboard."""
    board = _board(request, key)
    placed = next((one for one in board.tiles if one.number == tile), None)
    if placed is None:
        raise Http404(str(tile))
    try:
        drawn = boards.draw(placed, State.parse(board.query), request.user)
    except LakeBroken as error:
        raise HttpError(503, str(error)) from error
    return {
        "label": drawn.label,
        "figure": plain(drawn.number.value) if drawn.number else None,
        "text": drawn.text,
        "before": drawn.before,
        "table": _figures(drawn.table) if drawn.table else None,
        "notes": drawn.notes,
        "problem": drawn.problem,
    }


@dashboards_router.patch("/{key}", response=DashboardOut, summary="Change a dashboard", operation_id="change_dashboard")
def change_dashboard(request: HttpRequest, key: Key, body: SharedChange) -> dict[str, Any]:
    """One's own: its name, or the period and filters that it opens with."""
    number = _dashboard(request, key).pk
    actions.change_dashboard(number, name=body.name, query=body.query, by=request.user)
    return _board_out(_board(request, key))


@dashboards_router.put(
    "/{key}/sharing", response=SharedOut, summary="Share a dashboard", operation_id="share_dashboard"
)
def share_dashboard(request: HttpRequest, key: Key, body: SharingIn) -> Dashboard:
    """With nobody, with people named, or with everybody."""
    number = _dashboard(request, key).pk
    return actions.share(Dashboard, number, body.sharing, body.people, body.groups, by=request.user)


@dashboards_router.delete("/{key}", response={204: None}, summary="Delete a dashboard", operation_id="remove_dashboard")
def remove_dashboard(request: HttpRequest, key: Key) -> Status[None]:
    """One's own; its questions stay."""
    number = _dashboard(request, key).pk
    actions.remove(Dashboard, number, by=request.user)
    return Status(204, None)


@dashboards_router.post("/{key}/tiles", response={201: DashboardOut}, summary="Add a tile", operation_id="add_tile")
def add_tile(request: HttpRequest, key: Key, body: TileIn) -> Status[dict[str, Any]]:
    """At the end of one's own dashboard: any question that one may see."""
    number = _dashboard(request, key).pk
    actions.add_tile(number, body.question, body.form, by=request.user)
    return Status(201, _board_out(_board(request, key)))


@dashboards_router.put("/{key}/tiles", response=DashboardOut, summary="Arrange tiles", operation_id="arrange_tiles")
def arrange_tiles(request: HttpRequest, key: Key, body: TileOrder) -> dict[str, Any]:
    """In the order of their numbers as given."""
    number = _dashboard(request, key).pk
    actions.arrange(number, body.tiles, by=request.user)
    return _board_out(_board(request, key))


@dashboards_router.patch(
    "/{key}/tiles/{tile}", response=DashboardOut, summary="Change a tile", operation_id="change_tile"
)
def change_tile(request: HttpRequest, key: Key, tile: Number, body: TileChange) -> dict[str, Any]:
    """How it is shown, or how wide it is."""
    _tile(request, key, tile)
    actions.change_tile(tile, by=request.user, **body.model_dump(exclude_none=True))
    return _board_out(_board(request, key))


@dashboards_router.delete(
    "/{key}/tiles/{tile}", response={204: None}, summary="Take a tile away", operation_id="remove_tile"
)
def remove_tile(request: HttpRequest, key: Key, tile: Number) -> Status[None]:
    """The question stays."""
    _tile(request, key, tile)
    actions.remove_tile(tile, by=request.user)
    return Status(204, None)


def _dashboard(request: HttpRequest, key: str) -> Dashboard:
    row = _board(request, key).row
    if row is None:
        raise Refused(_("This dashboard comes with the house; make a copy of it (`copy_of`), and change that."), "key")
    return row


def _tile(request: HttpRequest, key: str, tile: int) -> Tile:
    return Tile.objects.filter(dashboard=_dashboard(request, key)).get(pk=tile)


def _board(request: HttpRequest, key: str) -> boards.Board:
    visibility.require(request.user, "view", "reports")
    found = boards.find(key, request.user)
    if found is None:
        raise Http404(key)
    return found


def _board_out(board: boards.Board) -> dict[str, Any]:
    return {
        "key": board.key,
        "name": board.title,
        "query": board.query,
        "mine": board.own,
        "ready_made": board.row is None,
        "tiles": board.tiles,
    }


def _figures(table: Table) -> dict[str, Any]:
    heads = [text for text, count in table.groups for _one in range(count)] or [""] * len(table.heads)
    return {
        "heads": [
            f"{group} · {one.text}" if group else one.text for group, one in zip(heads, table.heads, strict=True)
        ],
        "rows": [[_value(cell) for cell in row] for row in table.rows],
        "totals": [_value(cell) for cell in table.totals],
        "notes": table.notes,
    }


def _value(cell: Cell) -> Any:
    return plain(cell.value) if cell.figure else cell.text
