"""A list as a program asks for it: filters, order, words, view and fields, by the names of the list's address."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import models
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from guanxi.foundation.actions import Refused
from guanxi.foundation.api import keyset
from guanxi.foundation.desk import declaration, paging
from guanxi.foundation.desk import state as states
from guanxi.foundation.desk.declaration import Desk, Field
from guanxi.foundation.desk.rows import loading
from guanxi.foundation.desk.state import State
from guanxi.foundation.records.expanding import expand
from guanxi.foundation.records.values import Teller, has_value
from guanxi.foundation.visibility import Viewer

M = TypeVar("M", bound=models.Model)
ALL = "*"


def state_of(desk: Desk, viewer: Viewer, given: QueryDict) -> State:
    """What an address asks for. Raises Refused where any of it cannot be understood."""
    state = states.read(desk, viewer, given)
    if state.view is not None and not any(key.startswith("f.") or key in ("sort", "q") for key in given):
        state = states.from_query(desk, viewer, state.view.query)  # a view by its number alone
    for one in state.active:
        if one.error:
            raise Refused(one.error, f"f.{one.name}")
    if state.notices:
        raise Refused(str(state.notices[0]), "view" if given.get("view") and state.view is None else "sort")
    return state


def narrowed(request: HttpRequest, slug: str, rows: models.QuerySet[M]) -> models.QuerySet[M]:
    """`rows` of a list of one's own, narrowed by the filters (`f.…`) and the view of the address."""
    if not any(key.startswith("f.") or key == "view" for key in request.GET):
        return rows
    desk = declaration.find(slug)
    assert desk is not None
    given = QueryDict(mutable=True)
    for key, values in request.GET.lists():
        if key.startswith("f.") or key == "view":
            given.setlist(key, values)
    state = state_of(desk, request.user, given)
    return rows.filter(pk__in=state.few) if state.few is not None else rows.filter(pk__in=state.rows().values("pk"))


def known_fields(desk: Desk) -> dict[str, Field]:
    """All that a type's list and record show, by name."""
    fields = [*desk.all_columns(), *desk.all_facts()]
    return {field.name: field for field in fields if has_value(field)}


def chosen(desk: Desk, state: State | None, asked: str) -> list[Field]:
    """The fields to answer with. Raises Refused where one is unknown."""
    known = known_fields(desk)
    if asked == ALL or (not asked and state is None):
        return list(known.values())
    if not asked:
        assert state is not None
        return [field for field in state.columns if has_value(field)]
    names = [name.strip() for name in asked.split(",") if name.strip() not in ("", "id")]
    for name in names:
        if name not in known:
            words = _("There is no field “%(name)s”; there are: %(known)s.")
            raise Refused(words % {"name": name[:60], "known": ", ".join(known)}, "fields")
    return [known[name] for name in names]


def page(desk: Desk, request: HttpRequest, fields: str, expanded: str, cursor: str, limit: int) -> dict[str, Any]:
    """One page of a list."""
    state = state_of(desk, request.user, request.GET)
    shown = chosen(desk, state, fields)
    rows = loading(state.rows_in_order(), shown, state.order, request.user)
    try:
        found = paging.page(rows, state.order, cursor, limit)
    except paging.BadCursor as error:
        raise keyset.BadCursor from error
    items = told(desk, shown, found.rows, expanded, request.user)
    return {"items": items, "next": found.next or None, "page": state.url()}


def told(desk: Desk, fields: list[Field], rows: list[Any], expanded: str, viewer: Viewer) -> list[dict[str, Any]]:
    """The rows as JSON."""
    tellers = [Teller(field) for field in fields]
    for teller in tellers:
        teller.prepare(rows)
    items = [{"id": row.pk, **{teller.field.name: teller.of(row) for teller in tellers}} for row in rows]
    expand(desk, rows, items, expanded, viewer)
    return items


def one(desk: Desk, request: HttpRequest, number: int, fields: str = "", expanded: str = "") -> dict[str, Any]:
    """One record. Raises DoesNotExist where `viewer` sees none of that number."""
    shown = chosen(desk, None, fields)
    rows = loading(desk.rows(request.user), shown, paging.Order(None), request.user)
    row = rows.filter(pk=number).first()
    if row is None and (there := desk.moved_to(number)) is not None:
        row = rows.filter(pk=there).first()
    if row is None:
        raise desk.model.DoesNotExist  # type: ignore[attr-defined]
    return told(desk, shown, [row], expanded, request.user)[0]
