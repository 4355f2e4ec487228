"""Saved views for programs: which there are, and the rows that they show."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema, Status

from guanxi.foundation import sensitive, visibility
from guanxi.foundation.actions import Refused
from guanxi.foundation.api.types import Limit, Number, Page
from guanxi.foundation.desk import actions, declaration, display, paging, state
from guanxi.foundation.desk.models import SavedView
from guanxi.foundation.desk.rows import loading
from guanxi.foundation.desk.views.saved import url_of

router = Router(tags=["Saved views"])


class ViewOut(Schema):
    id: int
    list: str = Field(description="The list that it is of, such as `customers`.")
    name: str
    icon: str
    form: str = Field(description="`list`, `grouped`, `board` or `calendar`.")
    owner: int
    mine: bool
    shared: bool = Field(description="With everybody.")
    query: str = Field(description="Filters, columns, order and form, as the address of the list writes them.")
    url: str = Field(description="The page that shows it.")


class ViewRow(Schema):
    id: int
    url: str
    values: dict[str, Any] = Field(description="By the name of each column; dates as ISO 8601, amounts as text.")


class ViewsAsked(Schema):
    """Which views are listed."""

    list: Annotated[str, Field(max_length=50, description="Only those of this list.")] = ""


class Paged(Schema):
    cursor: Annotated[str, Field(max_length=1000, description="`next` of the page before.")] = ""
    limit: Limit = 50


@router.get("", response=list[ViewOut], summary="List saved views", operation_id="list_views")
def list_views(request: HttpRequest, asked: Query[ViewsAsked]) -> list[dict[str, Any]]:
    """One's own and those shared with one, by list and name."""
    views = SavedView.objects.visible_to(request.user).order_by("desk", "name", "id")
    views = views.filter(desk=asked.list) if asked.list else views
    known = {desk.slug for desk in declaration.registered() if visibility.may(request.user, "view", desk.model)}
    return [_out(view, request.user) for view in views if view.desk in known]


@router.get("/{number}", response=ViewOut, summary="Get a saved view", operation_id="get_view")
def get_view(request: HttpRequest, number: Number) -> dict[str, Any]:
    """One view."""
    return _out(SavedView.objects.visible_to(request.user).get(pk=number), request.user)


@router.get("/{number}/rows", response=Page[ViewRow], summary="The rows of a saved view", operation_id="get_view_rows")
def view_rows(request: HttpRequest, number: Number, asked: Query[Paged]) -> dict[str, Any]:
    """What the view shows, in its order and with its columns, whatever its form; sensitive values stay masked."""
    view = SavedView.objects.visible_to(request.user).get(pk=number)
    desk = declaration.find(view.desk)
    if desk is None:
        raise Refused(_("The list of this view is not there any more."))
    visibility.require(request.user, "view", desk.model)
    shown = state.from_query(desk, request.user, view.query)
    if shown.broken:
        raise Refused(" ".join(one.error for one in shown.active if one.error))
    rows = loading(shown.rows_in_order(), shown.columns, shown.order, request.user)
    try:
        found = paging.page(rows, shown.order, asked.cursor, asked.limit)
    except paging.BadCursor:
        raise Refused(_("This cursor is none of this view; begin without one."), "cursor") from None
    cells = [display.Cells(column) for column in shown.columns]
    for cell in cells:
        cell.prepare(found.rows)
    items = [
        {"id": row.pk, "url": desk.url(row), "values": {cell.field.name: _value(cell, row) for cell in cells}}
        for row in found.rows
    ]
    return {"items": items, "next": found.next or None}


class ViewIn(Schema):
    list: Annotated[str, Field(max_length=50, description="The list that it is of, such as `customers`.")]
    name: Annotated[str, Field(min_length=1, max_length=80)]
    query: Annotated[str, Field(max_length=4000, description="As the address of the list writes it.")] = ""
    shared: bool = Field(False, description="With everybody.")
    pinned: bool = False


class ViewChange(Schema):
    name: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    query: Annotated[str, Field(max_length=4000)] | None = None
    shared: bool | None = None


class ViewSharing(Schema):
    """With whom it is shared, and with nobody else; `groups` are keys such as `team:3`."""

    users: Annotated[list[Number], Field(max_length=200)] = []
    groups: Annotated[list[Annotated[str, Field(max_length=60)]], Field(max_length=200)] = []


class ViewChoiceIn(Schema):
    """How one has it oneself: in the side bar, opened first. What is left out stays."""

    pinned: bool | None = None
    is_default: bool | None = None


@router.post("", response={201: ViewOut}, summary="Save a view", operation_id="save_view")
def save_view(request: HttpRequest, body: ViewIn) -> Status[dict[str, Any]]:
    """One's own; filters that cannot be understood are refused."""
    desk = declaration.find(body.list)
    if desk is None:
        raise Refused(_("There is no list “%(name)s”.") % {"name": body.list}, "list")
    visibility.require(request.user, "view", desk.model)
    _refuse_broken(body.list, body.query, request.user)
    view = actions.save_view(body.list, body.name, body.query, shared=body.shared, pinned=body.pinned, by=request.user)
    return Status(201, _out(view, request.user))


@router.patch("/{number}", response=ViewOut, summary="Change a view", operation_id="change_view")
def change_view(request: HttpRequest, number: Number, body: ViewChange) -> dict[str, Any]:
    """One's own."""
    view = _seen(request, number)
    if body.query is not None:
        _refuse_broken(view.desk, body.query, request.user)
    return _out(actions.change_view(number, by=request.user, **body.model_dump(exclude_none=True)), request.user)


@router.put("/{number}/sharing", response=ViewOut, summary="Share a view", operation_id="share_view")
def share_view(request: HttpRequest, number: Number, body: ViewSharing) -> dict[str, Any]:
    """One's own; with everybody: PATCH `shared`."""
    _seen(request, number)
    actions.share_view(number, users=body.users, groups=body.groups, by=request.user)
    return _out(_seen(request, number), request.user)


@router.put("/{number}/choice", response=ViewOut, summary="Pin a view", operation_id="choose_view")
def choose_view(request: HttpRequest, number: Number, body: ViewChoiceIn) -> dict[str, Any]:
    """For oneself; a shared one stays as it is for all."""
    _seen(request, number)
    actions.choose_view(number, by=request.user, **body.model_dump(exclude_none=True))
    return _out(_seen(request, number), request.user)


@router.post("/{number}/copy", response={201: ViewOut}, summary="Copy a view", operation_id="copy_view")
def copy_view(request: HttpRequest, number: Number) -> Status[dict[str, Any]]:
    """As one's own."""
    _seen(request, number)
    return Status(201, _out(actions.copy_view(number, by=request.user), request.user))


@router.delete("/{number}", response={204: None}, summary="Delete a view", operation_id="delete_view")
def delete_view(request: HttpRequest, number: Number) -> Status[None]:
    """One's own."""
    _seen(request, number)
    actions.delete_view(number, by=request.user)
    return Status(204, None)


def _seen(request: HttpRequest, number: int) -> SavedView:
    return SavedView.objects.visible_to(request.user).get(pk=number)


def _refuse_broken(slug: str, query: str, viewer: Any) -> None:
    desk = declaration.find(slug)
    if desk is not None and (read := state.from_query(desk, viewer, query)).broken:
        raise Refused(" ".join(one.error for one in read.active if one.error), "query")


def _out(view: SavedView, viewer: Any) -> dict[str, Any]:
    desk = declaration.find(view.desk)
    form = state.from_query(desk, viewer, view.query).layout.kind if desk else "list"
    return {
        "id": view.pk,
        "list": view.desk,
        "name": view.name,
        "icon": view.icon,
        "form": form,
        "owner": view.owner_id,
        "mine": view.owner_id == viewer.pk,
        "shared": view.shared,
        "query": view.query,
        "url": url_of(view),
    }


def _value(cell: display.Cells, row: Any) -> Any:
    if cell.masked:
        return sensitive.MASK
    value = cell.exported(row) if cell.field.path is None or cell.field.column.fetch else cell.field.value(row)
    return _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal) or not isinstance(value, str | int | float | bool | dict | None):
        return str(value)
    return value
