"""Rows that a program sends, taken in by the same engine as files: each checked, the good ones written in sets.

Sent again, the same rows change nothing. A row that cannot be taken in is told with field and reason; the others are.
"""

from __future__ import annotations

import csv
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
from django.db import connection
from django.utils.translation import gettext as _

from guanxi.catalog.models import Product
from guanxi.customers import normalise
from guanxi.customers.models import ContactPoint
from guanxi.foundation import bulk
from guanxi.foundation.actions import Refused
from guanxi.foundation.desk.among import Among
from guanxi.foundation.visibility import Viewer, require
from guanxi.intake import actions, running, uploads
from guanxi.intake.allowed import require_kind
from guanxi.intake.field import DAY, MOMENT, NUMBER, Field
from guanxi.intake.fields import fields_of
from guanxi.intake.models import ImportRun
from guanxi.intake.plan import DEFAULT_SOURCE, prepare
from guanxi.intake.values import ISO
from guanxi.orders.models import Order

TABLES = {"parties": "customers_party", "products": "catalog_product", "sales": "orders_order"}
MOST = 10_000
LONGEST = 20_000  # characters of one value
MOST_PLACES = 50  # of a list in one field
NOTHING = type(None)
PLAIN = {str, NOTHING}
Row = dict[str, Any]
Columns = dict[str, dict[str, list[str]]]  # field -> header -> a text for each row


@dataclass
class Told:
    """What became of one row: `created`, `known` (it was there and is up to date now), `accepted` or `rejected`."""

    row: int
    result: str
    id: int | None = None
    errors: list[dict[str, str]] = field(default_factory=list)


@dataclass
class Answer:
    """What became of all rows, and the import that did it, which can be taken back."""

    run: ImportRun
    rows: list[Told]


def take_in(
    kind: str,
    rows: Sequence[Row],
    *,
    by: Viewer,
    source: str = "",
    rule: str = "",
    options: dict[str, str] | None = None,
    match_by: Sequence[str] = (),
) -> Answer:
    """Take `rows` in, and say of each what became of it. Raises Refused where none of them can be looked at."""
    require(by, "create", ImportRun)
    require_kind(by, kind, rule or ImportRun.Rule.CREATE_OR_UPDATE.value)
    if connection.in_atomic_block:
        raise Refused(_("Rows in bulk are written in transactions of their own; send them without Idempotency-Key."))
    columns = _columns(kind, rows)
    place = uploads.folder() / uuid.uuid4().hex
    place.mkdir(parents=True)
    try:
        path = place / "rows.csv"
        _write(path, columns)
        return _run(kind, path, columns, len(rows), by=by, source=source, rule=rule, options=options, match_by=match_by)
    finally:
        shutil.rmtree(place, ignore_errors=True)
        bulk.be_ready()


def _run(
    kind: str, path: Path, columns: Columns, count: int, *, by: Viewer, source: str, rule: str,
    options: dict[str, str] | None, match_by: Sequence[str],
) -> Answer:  # fmt: skip
    kinds = {fields_of(kind)[name].kind for name in columns}
    plan = prepare(
        kind, path, mapping={name: list(those) for name, those in columns.items()},
        source=source or DEFAULT_SOURCE, rule=rule or None, options=options,
        match_by=list(match_by) or None, encoding="utf-8", separator=",",
        date_format=ISO if kinds & {DAY, MOMENT} else None, decimal="." if NUMBER in kinds else None,
    )  # fmt: skip
    keys = _keys(kind, columns, count, plan.source)
    run = actions.begin_import(plan, by=by)
    run = running.run(run.pk, by=by)
    numbers = _numbers(kind, keys, plan.source)
    before = run.bounds.get(TABLES.get(kind, ""), 0)  # what the run made lies above
    faults = _faults(run)
    told = []
    for position, key in enumerate(keys):
        row = position + 2  # as the file counts: the header is the first
        if row in faults:
            told.append(Told(position, "rejected", errors=faults[row]))
        elif key is None or key not in numbers:
            told.append(Told(position, "accepted"))
        else:
            told.append(Told(position, "known" if numbers[key] <= before else "created", numbers[key]))
    return Answer(run, told)


def _columns(kind: str, rows: Sequence[Row]) -> Columns:
    """The columns of the file, those of each field together: one, of a list one of each place. Raises Refused for
    unknown names and for values that are no text, number, date or yes and no."""
    fields = fields_of(kind)
    names = dict.fromkeys(chain.from_iterable(rows))
    for name in names:
        if name not in fields:
            words = _("There is no field “%(name)s”; there are: %(known)s.")
            position = next(place for place, row in enumerate(rows) if name in row)
            raise Refused(words % {"name": name[:60], "known": ", ".join(fields)}, f"rows.{position}.{name[:60]}")
    return {name: _texts(fields[name], [row.get(name) for row in rows]) for name in names}


def _texts(said: Field, values: list[Any]) -> dict[str, list[str]]:
    """The columns of one field: header -> cells."""
    name, kinds = said.name, set(map(type, values))
    if kinds <= PLAIN:  # nearly all columns: no look at each cell
        texts = [value or "" for value in values] if NOTHING in kinds else values
        if max(map(len, texts), default=0) <= LONGEST:
            return {name: texts}
    lists = [value if isinstance(value, list) else [value] for value in values]
    width = max(map(len, lists), default=1)
    if width > 1 and not said.many:
        position = next(place for place, one in enumerate(lists) if len(one) > 1)
        raise Refused(_("This field takes a single value."), f"rows.{position}.{name}")
    return {
        name if place == 0 else f"{name} {place + 1}": [
            _text(one[place], position, name) if place < len(one) else "" for position, one in enumerate(lists)
        ]
        for place in range(min(max(width, 1), MOST_PLACES))
    }


def _write(path: Path, columns: Columns) -> None:
    flat = {header: texts for those in columns.values() for header, texts in those.items()}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(flat)
        writer.writerows(zip(*flat.values(), strict=True))


def _text(value: Any, position: int, name: str) -> str:
    if isinstance(value, dict | list):
        raise Refused(_("This field takes a single value."), f"rows.{position}.{name}")
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    if len(text) > LONGEST:
        raise Refused(_("This text is too long."), f"rows.{position}.{name}")
    return text


def _keys(kind: str, columns: Columns, count: int, source: str) -> list[str | None]:
    """By what each row is found again; None where it has no number of its own."""
    name = {"parties": "external_id", "products": "code", "sales": "order"}.get(kind, "")
    if name not in columns:
        return [None] * count
    texts = [text.strip() or None for text in columns[name][name]]
    if kind != "parties":
        return texts
    external = pa.array([text and f"{source}:{text}" for text in texts], pa.string())
    found: list[str | None] = normalise.keys("external", external)[0].to_pylist()
    return found


def _numbers(kind: str, keys: Sequence[str | None], source: str) -> dict[str, int]:
    """The numbers of the records that have these keys."""
    wanted = {key for key in keys if key is not None}
    if kind == "parties":
        points = ContactPoint.objects.filter(Among("key", wanted), kind="external")
        return dict(points.order_by("-id").values_list("key", "party"))
    if kind == "products":
        return dict(Product.objects.filter(Among("code", wanted)).values_list("code", "pk"))
    if kind == "sales":
        return dict(Order.objects.filter(Among("key", wanted), source__code=source).values_list("key", "pk"))
    return {}


def _faults(run: ImportRun) -> dict[int, list[dict[str, str]]]:
    """What is wrong with the rejected rows, by their place in the file."""
    if not run.rejects_path.exists():
        return {}
    found: dict[int, list[dict[str, str]]] = {}
    csv.field_size_limit(1 << 28)
    with run.rejects_path.open(encoding="utf-8-sig", newline="") as file:
        for line in list(csv.reader(file))[1:]:
            row, column, value, reason = line[:4]
            found.setdefault(int(row), []).append({"field": column, "value": value[:200], "detail": reason})
    return found
