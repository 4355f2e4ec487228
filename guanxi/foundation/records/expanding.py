"""What belongs to a record, told beside it: records that it refers to, and what packages offer at `expand:<slug>`.

hooks.register("expand:customers", Expansion("contact_points", contact_points_of))
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from guanxi.foundation import hooks
from guanxi.foundation.actions import Refused
from guanxi.foundation.desk import declaration
from guanxi.foundation.desk.declaration import Desk
from guanxi.foundation.visibility import Viewer, VisibleQuerySet, hidden_fields, viewer_now

MOST = 10


@dataclass(frozen=True)
class Expansion:
    """Something to be told beside records of a type: `fetch(ids, viewer)` gives JSON for each number."""

    name: str
    fetch: Callable[[Collection[int], Viewer], dict[int, Any]]


def offered(desk: Desk) -> dict[str, Callable[[list[Any], Viewer], dict[int, Any]]]:
    """All that may be expanded of a type, by name."""
    found: dict[str, Callable[[list[Any], Viewer], dict[int, Any]]] = {}
    hidden = hidden_fields(viewer_now(), desk.model)
    for field in desk.model._meta.concrete_fields:
        if not isinstance(field, models.ForeignKey) or field.name in hidden:
            continue
        if isinstance(field.related_model._default_manager.all(), VisibleQuerySet):
            found[field.name] = _referred(field)
    for one in hooks.get(f"expand:{desk.slug}"):
        found[one.name] = _told_by(one)
    for addition in hooks.get(f"answer:{'parties' if desk.slug == 'customers' else desk.slug}"):
        found[addition.name] = _added(addition)
    return found


def expand(desk: Desk, rows: list[Any], items: list[dict[str, Any]], asked: str, viewer: Viewer) -> None:
    """Put what was asked for beside each item, below `expanded`. Raises Refused where it is not offered."""
    names = list(dict.fromkeys(name.strip() for name in asked.split(",") if name.strip()))
    if not names:
        return
    known = offered(desk)
    for name in names:
        if name not in known or len(names) > MOST:
            words = _("“%(name)s” cannot be expanded; there are: %(known)s.")
            raise Refused(words % {"name": name[:60], "known": ", ".join(sorted(known))}, "expand")
    found = {name: known[name](rows, viewer) for name in names}
    for row, item in zip(rows, items, strict=True):
        item["expanded"] = {name: found[name].get(row.pk) for name in names}


def _told_by(one: Expansion) -> Callable[[list[Any], Viewer], dict[int, Any]]:
    return lambda rows, viewer: one.fetch([row.pk for row in rows], viewer)


def _referred(field: Any) -> Callable[[list[Any], Viewer], dict[int, Any]]:
    def fetch(rows: list[Any], viewer: Viewer) -> dict[int, Any]:
        # By number: the rows may have been loaded without this column.
        numbers = [row.pk for row in rows]
        pairs = dict(field.model._base_manager.filter(pk__in=numbers).values_list("pk", field.attname))
        model = field.related_model
        desk = declaration.find_for(model._meta.label_lower)
        rows_seen = desk.rows(viewer) if desk else model._default_manager.visible_to(viewer)
        seen = rows_seen.in_bulk(set(pairs.values()) - {None})
        return {pk: _short(desk, seen[number]) for pk, number in pairs.items() if number in seen}

    return fetch


def _short(desk: Desk | None, row: Any) -> dict[str, Any]:
    short = {"id": row.pk, "title": str(desk.title(row) if desk else row)}
    return {**short, "page": desk.url(row)} if desk else short


def _added(addition: Any) -> Callable[[list[Any], Viewer], dict[int, Any]]:
    def fetch(rows: list[Any], viewer: Viewer) -> dict[int, Any]:
        found = addition.fetch([row.pk for row in rows], viewer)
        return {pk: addition.schema.model_validate(value).model_dump(mode="json") for pk, value in found.items()}

    return fetch
