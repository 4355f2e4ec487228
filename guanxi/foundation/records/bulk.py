"""Many rows of one type in one call: each made, or changed where it is known by the field that the desk names.

Rows stand for themselves: what is wrong with one is told, and the others are written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from guanxi.foundation import visibility
from guanxi.foundation.actions import Refused
from guanxi.foundation.desk.declaration import Desk
from guanxi.foundation.records import writing
from guanxi.foundation.visibility import Viewer

MOST = 10_000
TOGETHER = 500  # rows of one transaction


@dataclass
class Told:
    """What became of one row: `created`, `changed`, `unchanged` or `rejected`."""

    row: int
    result: str
    id: int | None = None
    errors: list[dict[str, Any]] = field(default_factory=list)


def take_in(desk: Desk, rows: Sequence[dict[str, Any]], viewer: Viewer) -> list[Told]:
    """Take `rows` in. Raises Refused where the type cannot be imported."""
    if not desk.importable:
        raise Refused(_("Records of this type cannot be taken in by rows."))
    visibility.require(viewer, "create", desk.model)
    told: list[Told] = []
    for start, some in _parts(rows):
        with transaction.atomic():
            known = _known(desk, some, viewer)
            told += [_row(desk, start + position, row, known, viewer) for position, row in enumerate(some)]
    return told


def _parts(rows: Sequence[dict[str, Any]]) -> Iterator[tuple[int, Sequence[dict[str, Any]]]]:
    for start in range(0, len(rows), TOGETHER):
        yield start, rows[start : start + TOGETHER]


def _known(desk: Desk, rows: Sequence[dict[str, Any]], viewer: Viewer) -> dict[str, int]:
    keys = {_key(desk, row) for row in rows} - {""}
    found = desk.rows(viewer).filter(**{f"{desk.importable}__in": keys}).order_by("-pk")
    return {str(key): pk for key, pk in found.values_list(desk.importable, "pk")}


def _key(desk: Desk, row: dict[str, Any]) -> str:
    value = row.get(desk.importable)
    return str(value).strip() if isinstance(value, str | int) else ""


def _row(desk: Desk, position: int, row: dict[str, Any], known: dict[str, int], viewer: Viewer) -> Told:
    key = _key(desk, row)
    try:
        with transaction.atomic():
            if key not in known:
                known[key] = number = writing.create(desk, row, viewer)
                return Told(position, "created", number)
            before = _values(desk, known[key])
            writing.change(desk, known[key], row, viewer)
            result = "unchanged" if before == _values(desk, known[key]) else "changed"
            return Told(position, result, known[key])
    except Refused as refusal:
        return Told(position, "rejected", errors=[{"field": refusal.field, "detail": refusal.message}])
    except visibility.NotAllowed:
        return Told(position, "rejected", errors=[{"field": None, "detail": _("You may not change this record.")}])
    except IntegrityError:
        return Told(position, "rejected", errors=[{"field": None, "detail": _("Somebody wrote the same just now.")}])


def _values(desk: Desk, number: int) -> Any:
    return desk.model._base_manager.filter(pk=number).values().first()
