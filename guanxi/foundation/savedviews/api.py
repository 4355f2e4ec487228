"""Saved views for programs: which there are, and the rows that they show."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema

from guanxi.foundation import sensitive, visibility
from guanxi.foundation.actions import Refused
from guanxi.foundation.api.types import Limit, Number, Page
from guanxi.foundation.desk import declaration, display, paging, state
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


class RowOut(Schema):
    id: int
    url: str
    values: dict[str, Any] = Field(description="By the name of each column; dates as ISO 8601, amounts as text.")


class Asked(Schema):
    """Which views are listed."""

    list: Annotated[str, Field(max_length=50, description="Only those of this list.")] = ""


class Paged(Schema):
    cursor: Annotated[str, Field(max_length=1000, description="`next` of the page before.")] = ""
    limit: Limit = 50


@router.get("", response=list[ViewOut], summary="List saved views", operation_id="list_views")
def list_views(request: HttpRequest, asked: Query[Asked]) -> list[dict[str, Any]]:
    """One's own and those shared with one, by list and name."""
    views = SavedView.objects.visible_to(request.user).order_by("desk", "name", "id")
    views = views.filter(desk=asked.list) if asked.list else views
    known = {desk.slug for desk in declaration.registered() if visibility.may(request.user, "view", desk.model)}
    return [_out(view, request.user) for view in views if view.desk in known]


@router.get("/{number}", response=ViewOut, summary="Get a saved view", operation_id="get_view")
def get_view(request: HttpRequest, number: Number) -> dict[str, Any]:
    """One view."""
    return _out(SavedView.objects.visible_to(request.user).get(pk=number), request.user)


@router.get("/{number}/rows", response=Page[RowOut], summary="The rows of a saved view", operation_id="get_view_rows")
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
