"""Pages by key, not by number: as fast at the end of a million rows as at the start, and no row twice or left out when
others come and go meanwhile.

Rows with a value come first, in the order of (value, id); those without follow, in the order of id. Both parts are
ranges of one index, so that the database reads a page and no more. A cursor says after which row a page begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Func, Q, QuerySet, Value

from guanxi.foundation.audit import plain
from guanxi.foundation.desk.declaration import Field

SALT = "desk.page"


class BadCursor(Exception):
    """The cursor is none of ours, or belongs to another order."""


class RowBeyond(Func):
    """`(a, b) > (x, y)` as the databases write it: the one form for which they enter an index in its middle."""

    conditional = True
    output_field = models.BooleanField()

    def __init__(self, *sides: Any, sign: str) -> None:
        super().__init__(*sides)
        self.sign = sign

    def as_sql(self, compiler: Any, connection: Any, *_args: Any, **_context: Any) -> tuple[str, tuple[Any, ...]]:
        compiled = [compiler.compile(side) for side in self.source_expressions]
        half = len(compiled) // 2
        left, right = (", ".join(sql for sql, _ in part) for part in (compiled[:half], compiled[half:]))
        return f"(({left}) {self.sign} ({right}))", tuple(value for _, values in compiled for value in values)


@dataclass(frozen=True)
class Order:
    """By which field a list is sorted, and which way."""

    field: Field | None  # None: by id
    descending: bool = False

    @property
    def name(self) -> str:
        return ("-" if self.descending else "") + (self.field.name if self.field else "")

    @property
    def by_value(self) -> bool:
        return self.field is not None and self.field.path is not None and not self._is_pk

    @property
    def _is_pk(self) -> bool:
        path = self.field.path if self.field else None
        return bool(path and path.direct and path.field.primary_key)

    @property
    def tie(self) -> str:
        """The id that orders rows of equal value: in the table of the value where there is one row for one."""
        path = self.field.path if self.field else None
        if path and len(path.relations) == 1 and path.relations[0].auto_created:
            return f"{path.prefix}__{path.relations[0].field.attname}"
        return "pk"


@dataclass(frozen=True)
class Page:
    rows: list[Any]
    next: str  # the cursor of the next page; empty at the end


def page(rows: QuerySet[Any], order: Order, cursor: str, size: int) -> Page:
    """The `size` rows after `cursor` (empty: from the start). Raises BadCursor."""
    valued, after = _opened(cursor, order)
    found: list[Any] = []
    if valued:
        found = list(with_value(rows, order, after)[: size + 1])
        after = None
    if len(found) <= size and order.by_value and (rest := without_value(rows, order, after)) is not None:
        found += rest[: size + 1 - len(found)]
    more = len(found) > size
    found = found[:size]
    return Page(found, cursor_after(order, found[-1]) if more else "")


def value_of(order: Order, row: Any) -> Any:
    """The value that `row` is sorted by; None where it has none."""
    assert order.field is not None
    value = order.field.value(row)
    return None if value == "" and _blankable(order.field) else value


def after(rows: QuerySet[Any], order: Order, row: Any, *, further: bool = True) -> Any:
    """The row after `row` in this order, or None; without `further` rows that have no value are left out."""
    if not order.by_value:
        return with_value(rows, order, (None, row.pk)).first()
    value, found = value_of(order, row), None
    if value is not None:
        found = with_value(rows, order, (value, row.pk))[:1].first()
    if found is None and further:
        rest = without_value(rows, order, (None, row.pk) if value is None else None)
        found = rest[:1].first() if rest is not None else None
    return found


def first_with_value(rows: QuerySet[Any], order: Order) -> Any:
    """The first row that has a value, or None."""
    return with_value(rows, order, None)[:1].first()


def everything(rows: QuerySet[Any], order: Order, chunk: int = 2000) -> Iterator[Any]:
    """All rows in order, few at a time in memory."""
    yield from with_value(rows, order, None).iterator(chunk_size=chunk)
    if order.by_value and (rest := without_value(rows, order, None)) is not None:
        yield from rest.iterator(chunk_size=chunk)


def with_value(rows: QuerySet[Any], order: Order, after: tuple[Any, int] | None) -> QuerySet[Any]:
    """The rows with a value, in order, after (value, id)."""
    sign = "<" if order.descending else ">"
    if not order.by_value:
        rows = rows.filter(**{f"pk__{'lt' if order.descending else 'gt'}": after[1]}) if after else rows
        return rows.order_by(_way("pk", order))
    assert order.field is not None and order.field.path is not None
    field, name = order.field.path.compared, order.field.path.orm
    rows = rows.filter(_present(order.field))
    if after:
        key = Value(after[0], output_field=field), Value(after[1], output_field=models.BigIntegerField())
        rows = rows.filter(RowBeyond(F(name), F(order.tie), *key, sign=sign))
    return rows.order_by(_way(name, order), _way(order.tie, order))


def without_value(rows: QuerySet[Any], order: Order, after: tuple[Any, int] | None) -> QuerySet[Any] | None:
    """The rows without a value, in order, after an id; None where every row has one."""
    assert order.field is not None and order.field.path is not None
    rest = lacking(order.field)
    if rest is None:
        return None
    rows = rows.filter(rest)
    if after:
        rows = rows.filter(**{f"pk__{'lt' if order.descending else 'gt'}": after[1]})
    return rows.order_by(_way("pk", order))


def _blankable(field: Field) -> bool:
    """Whether an empty text stands for “no value”: of every text, whatever forms demand (imports write past them)."""
    assert field.path is not None
    return isinstance(field.path.field, models.CharField | models.TextField)


def _present(field: Field) -> Q:
    assert field.path is not None
    if _blankable(field):
        return Q(**{f"{field.path.orm}__gt": ""})
    # Also what makes Django join inwardly, so that the index of a joined table can lead.
    return Q(**{f"{field.path.orm}__isnull": False}) if field.path.nullable else Q()


def lacking(field: Field) -> Q | None:
    """The opposite of `_present`; None where every row has a value."""
    assert field.path is not None
    blank = Q(**{field.path.orm: ""}) if _blankable(field) else None
    null = Q(**{f"{field.path.presence}__isnull": True}) if field.path.nullable else None
    return blank | null if blank and null else blank or null


def _way(name: str, order: Order) -> str:
    return f"-{name}" if order.descending else name


def cursor_after(order: Order, last: Any) -> str:
    """The cursor of the page that begins after the row `last`."""
    value = None
    if order.by_value:
        value = value_of(order, last)
    return signing.dumps([order.name, plain(value), last.pk], salt=SALT)


def _opened(cursor: str, order: Order) -> tuple[bool, tuple[Any, int] | None]:
    """Whether the page begins among the rows with a value, and after which (value, id)."""
    if not cursor:
        return True, None
    try:
        name, value, pk = signing.loads(cursor, salt=SALT)
    except (signing.BadSignature, ValueError) as error:
        raise BadCursor from error
    if name != order.name:
        raise BadCursor
    if not order.by_value:
        return True, (None, pk)
    assert order.field is not None and order.field.path is not None
    try:
        return value is not None, (None if value is None else order.field.path.compared.to_python(value), pk)
    except ValidationError as error:
        raise BadCursor from error
