"""Changing many records at once, for programs: begin, look how far it is, undo."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema, Status

from guanxi.foundation import audit, visibility
from guanxi.foundation.actions import Refused
from guanxi.foundation.api import keyset
from guanxi.foundation.api.types import Cursor, Limit, Moment, Number, Page
from guanxi.foundation.bulk_changes import actions, tasks
from guanxi.foundation.bulk_changes.models import BulkChange
from guanxi.foundation.bulk_changes.views import editable
from guanxi.foundation.desk import declaration
from guanxi.foundation.desk.choosing import MOST_CHOSEN, Chosen
from guanxi.foundation.records.values import cleaned

router = Router(tags=["Bulk changes"])
Numbers = Annotated[list[Number], Field(max_length=MOST_CHOSEN)]


class BulkChangeIn(Schema):
    """Which records, and what becomes of them. Either `ids`, or `filter` with `everything` for all that it leaves."""

    list: Annotated[str, Field(max_length=60, description="The list, such as `customers`.")]
    ids: Numbers = []
    everything: bool = Field(False, description="All that the filter leaves (without one: all of the list).")
    filter: Annotated[
        str, Field(max_length=4000, description="As the address of the list writes it: `f.city=台北`.")
    ] = ""
    values: dict[str, Any] = Field({}, description="New values by field, as PATCH takes them; null clears.")
    delete: bool = Field(False, description="Delete them instead.")


class BulkChangeOut(Schema):
    id: int
    list: str = Field(alias="desk")
    kind: str
    values: dict[str, Any]
    state: str = Field(description="`running`, `done`, `failed`, `undoing` or `undone`.")
    error: str
    total: int
    changed: int
    same: int
    refused: int
    restored: int
    kept: int
    at: Moment
    can_undo: bool

    @staticmethod
    def resolve_can_undo(change: BulkChange) -> bool:
        return actions.may_undo(change)


class ChangePaging(Schema):
    cursor: Cursor | None = None
    limit: Limit = 50


@router.get("", response=Page[BulkChangeOut], summary="List bulk changes", operation_id="list_bulk_changes")
def list_bulk_changes(request: HttpRequest, asked: Query[ChangePaging]) -> dict[str, Any]:
    """Newest first."""
    visibility.require(request.user, "view", BulkChange)
    items, following = keyset.page(BulkChange.objects.visible_to(request.user), ["-id"], asked.cursor, asked.limit)
    return {"items": items, "next": following}


@router.post("", response={202: BulkChangeOut}, summary="Change many records", operation_id="begin_bulk_change")
def begin_bulk_change(request: HttpRequest, body: BulkChangeIn) -> Status[BulkChange]:
    """Up to 500 at once, more in the background: ask until `state` is `done`. It can be undone for two weeks."""
    desk = declaration.find(body.list)
    if desk is None:
        raise Refused(_("There is no list “%(name)s”.") % {"name": body.list}, "list")
    visibility.require(request.user, "delete" if body.delete else "edit", desk.model)
    chosen = Chosen(desk, request.user, body.filter, tuple(body.ids), everything=body.everything)
    if body.everything == bool(body.ids):
        raise Refused(_("Name the records by `ids`, or say `everything`."), "ids")
    if body.delete == bool(body.values):
        raise Refused(_("Give `values`, or say `delete`."), "values")
    if body.everything and chosen.state.broken:
        raise Refused(" ".join(one.error for one in chosen.state.active if one.error), "filter")
    if body.delete:
        chosen.numbers()  # refuses more than can be looked through
        change = actions.begin(chosen, actions.DELETE, {}, by=request.user)
    else:
        values = cleaned(editable(desk), body.values, request.user)
        change = actions.begin(
            chosen, actions.EDIT, {name: audit.plain(value) for name, value in values.items()}, by=request.user
        )
    change = tasks.start(change, by=request.user)
    change.refresh_from_db()
    return Status(202, change)


@router.get("/{number}", response=BulkChangeOut, summary="Get a bulk change", operation_id="get_bulk_change")
def get_bulk_change(request: HttpRequest, number: Number) -> BulkChange:
    """How far it is and what came of it."""
    return BulkChange.objects.visible_to(request.user).get(pk=number)


@router.post(
    "/{number}/undo", response={202: BulkChangeOut}, summary="Undo a bulk change", operation_id="undo_bulk_change"
)
def undo_bulk_change(request: HttpRequest, number: Number) -> Status[BulkChange]:
    """Records that were changed since keep what they have now."""
    BulkChange.objects.visible_to(request.user).get(pk=number)
    change = tasks.start(actions.begin_undo(number, by=request.user), by=request.user)
    change.refresh_from_db()
    return Status(202, change)
