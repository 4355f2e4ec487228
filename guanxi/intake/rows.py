"""Rows that a program sends, taken in by the same engine as files: each checked, the good ones written in sets.

Sent again, the same rows change nothing. A row that cannot be taken in is told with field and reason; the others are.
"""

from __future__ import annotations

import csv
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from guanxi.catalog.models import Product
from guanxi.customers import normalise
from guanxi.customers.models import ContactPoint
from guanxi.foundation import bulk
from guanxi.foundation.actions import Refused
from guanxi.foundation.visibility import Viewer, require
from guanxi.intake import actions, running, uploads
from guanxi.intake.allowed import require_kind
from guanxi.intake.field import DAY, MOMENT, NUMBER
from guanxi.intake.fields import fields_of
from guanxi.intake.models import ImportRun
from guanxi.intake.plan import DEFAULT_SOURCE, prepare
from guanxi.intake.values import ISO
from guanxi.orders.models import Order

TABLES = {"parties": "customers_party", "products": "catalog_product", "sales": "orders_order"}
MOST = 10_000
LONGEST = 20_000  # characters of one value
Row = dict[str, Any]


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
        _write(path, columns, rows)
        return _run(kind, path, columns, rows, by=by, source=source, rule=rule, options=options, match_by=match_by)
    finally:
        shutil.rmtree(place, ignore_errors=True)
        bulk.be_ready()


def _run(
    kind: str, path: Path, columns: dict[str, list[str]], rows: Sequence[Row], *, by: Viewer, source: str, rule: str,
    options: dict[str, str] | None, match_by: Sequence[str],
) -> Answer:  # fmt: skip
    kinds = {fields_of(kind)[name].kind for name in columns}
    plan = prepare(
        kind, path, mapping=columns, source=source or DEFAULT_SOURCE, rule=rule or None, options=options,
        match_by=list(match_by) or None, encoding="utf-8", separator=",",
        date_format=ISO if kinds & {DAY, MOMENT} else None, decimal="." if NUMBER in kinds else None,
    )  # fmt: skip
    keys = _keys(kind, rows, plan.source)
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


def _columns(kind: str, rows: Sequence[Row]) -> dict[str, list[str]]:
    """The columns of the file: one of each field, of a list one of each place. Raises Refused for unknown names."""
    fields = fields_of(kind)
    widths: dict[str, int] = {}
    for position, row in enumerate(rows):
        for name, value in row.items():
            if name not in fields:
                words = _("There is no field “%(name)s”; there are: %(known)s.")
                raise Refused(words % {"name": name[:60], "known": ", ".join(fields)}, f"rows.{position}.{name[:60]}")
            width = len(value) if isinstance(value, list) else 1
            if width > 1 and not fields[name].many:
                raise Refused(_("This field takes a single value."), f"rows.{position}.{name}")
            widths[name] = max(widths.get(name, 0), min(width, 50))
    return {name: [name if n == 0 else f"{name} {n + 1}" for n in range(max(w, 1))] for name, w in widths.items()}


def _write(path: Path, columns: dict[str, list[str]], rows: Sequence[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([column for names in columns.values() for column in names])
        for position, row in enumerate(rows):
            cells: list[str] = []
            for name, names in columns.items():
                value = row.get(name)
                given = value if isinstance(value, list) else [value]
                texts = [_text(one, position, name) for one in given[: len(names)]]
                cells += texts + [""] * (len(names) - len(texts))
            writer.writerow(cells)


def _text(value: Any, position: int, name: str) -> str:
    if type(value) is str and len(value) <= LONGEST:  # nearly all of them
        return value
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


def _keys(kind: str, rows: Sequence[Row], source: str) -> list[str | None]:
    """By what each row is found again; None where it has no number of its own."""
    name = {"parties": "external_id", "products": "code", "sales": "order"}.get(kind, "")
    found: list[str | None] = []
    for row in rows:
        text = str(row.get(name) or "").strip() if name else ""
        found.append(
            (normalise.key_of("external", f"{source}:{text}") if kind == "parties" else text) if text else None
        )
    return found


def _numbers(kind: str, keys: Sequence[str | None], source: str) -> dict[str, int]:
    """The numbers of the records that have these keys."""
    wanted = {key for key in keys if key is not None}
    if kind == "parties":
        points = ContactPoint.objects.filter(kind="external", key__in=wanted)
        return dict(points.order_by("-id").values_list("key", "party"))
    if kind == "products":
        return dict(Product.objects.filter(code__in=wanted).values_list("code", "pk"))
    if kind == "sales":
        return dict(Order.objects.filter(source__code=source, key__in=wanted).values_list("key", "pk"))
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
