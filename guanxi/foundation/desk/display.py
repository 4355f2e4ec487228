"""Values as people read them, and as files hold them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any

from django.utils import formats, timezone
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from guanxi.foundation import sensitive
from guanxi.foundation.desk.declaration import Field, Pill
from guanxi.foundation.desk.kinds import Kind

MASKED = format_html('<span class="quiet">{}</span>', sensitive.MASK)
NOTHING = mark_safe('<span class="quiet no-value">—</span>')

TONES = {"neutral": "grey", "accent": "teal", "good": "teal", "info": "blue", "warn": "amber", "bad": "red"}


def tone(pill: Pill) -> str:
    """The style class of a pill."""
    return TONES.get(pill.tone, pill.tone)


def text(kind: Kind, value: Any, choices: Sequence[tuple[Any, Any]] = ()) -> str:
    """`value` in words; an empty text for nothing."""
    if value is None or value == "":
        return ""
    if isinstance(value, list | tuple | set):
        return ", ".join(text(kind, item, choices) for item in value)
    if kind is Kind.CHOICE or choices:
        return str(dict(choices).get(value, value))
    if kind is Kind.BOOLEAN:
        return _("Yes") if value else _("No")
    if kind.temporal:
        return _when(value, kind)
    if kind.numeric:
        return number(value, 2 if kind is Kind.MONEY else None)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def number(value: Any, places: int | None = None) -> str:
    """A number with its thousands grouped; money with at least two places."""
    if isinstance(value, float):
        value = Decimal(str(round(value, 2)))
    if isinstance(value, Decimal) and not value.is_finite():
        return str(value)
    if places is None and isinstance(value, Decimal):
        value = value.normalize() if value != value.to_integral_value() else value.quantize(Decimal(1))
    return formats.number_format(value, decimal_pos=_places(value, places), use_l10n=True, force_grouping=True)


def rounded(value: Decimal | float | None, places: int = 0) -> str:
    """A figure rounded half up to `places` (Django's own formatting cuts off), its thousands grouped."""
    exact = Decimal(str(value or 0)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return formats.number_format(exact, places, use_l10n=True, force_grouping=True)


def _places(value: Any, least: int | None) -> int | None:
    if least is None or not isinstance(value, Decimal):
        return least
    return max(least, -int(value.normalize().as_tuple().exponent))


def _when(value: Any, kind: Kind) -> str:
    if isinstance(value, datetime):
        local = timezone.localtime(value) if timezone.is_aware(value) else value
        return formats.date_format(local, "DATETIME_FORMAT" if kind is Kind.MOMENT else "DATE_FORMAT")
    return formats.date_format(value, "DATE_FORMAT") if isinstance(value, date) else str(value)


REMEMBERED = (str, int, float, Decimal, date, datetime, bool)


class Cells:
    """What the cells of one column show; labels of choices are looked up once for all rows, and a value that stands
    in several rows is put into words once."""

    def __init__(self, field: Field) -> None:
        self.field = field
        self.fetched: Mapping[Any, Any] = {}
        self.known: dict[Any, SafeString] = {}
        self.masked = sensitive.is_sensitive(field.path)

    @cached_property
    def choices(self) -> list[tuple[Any, str]]:
        """Values and labels; asked for where a value is put into words by them, for they may lie in the database."""
        return [(value, str(label)) for value, label in self.field.choices]

    def prepare(self, rows: Sequence[Any]) -> None:
        """Look up at once what a column with `fetch` shows of `rows`, the ones shown next."""
        if self.field.column.fetch is not None:
            self.fetched = self.field.column.fetch(rows)

    def html(self, row: Any) -> SafeString:
        """The cell or fact of `row`."""
        if self.masked:
            return NOTHING if self.field.value(row) in (None, "", []) else MASKED
        if self.field.column.fetch is not None:
            return rendered(self.fetched.get(row.pk))
        if self.field.column.render is not None:
            return rendered(self.field.column.render(row))
        value = self.field.value(row)
        if value is None or value == "" or value == []:
            return NOTHING
        if self.field.many and isinstance(value, list):
            return rendered([Pill(text(self.field.kind, item, self.choices)) for item in value])
        if type(value) not in REMEMBERED:
            return conditional_escape(text(self.field.kind, value, self.choices))
        key = type(value), value  # 1 is not True
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = conditional_escape(text(self.field.kind, value, self.choices))
        return found

    def exported(self, row: Any) -> Any:
        """The value for a file: number, date, moment in the business's time, or text."""
        column = self.field.column
        if column.fetch is not None:
            return plain_words(self.fetched.get(row.pk))
        value = column.export(row) if column.export else self.field.value(row)
        if isinstance(value, datetime):
            return timezone.localtime(value).replace(tzinfo=None, microsecond=0) if timezone.is_aware(value) else value
        if isinstance(value, bool) or value is None:
            return text(Kind.BOOLEAN, value)
        if isinstance(value, int | float | Decimal | date) and not self.choices:
            return value
        return text(self.field.kind, value, self.choices)


def cell(field: Field, row: Any, *, unmasked: bool = False) -> SafeString:
    """What a single cell or fact shows of `row`; a sensitive one only `unmasked`, which the caller has to record."""
    cells = Cells(field)
    cells.masked = cells.masked and not unmasked
    return cells.html(row)


def plain_words(value: Any) -> str:
    """What `rendered` shows, as plain text."""
    if isinstance(value, list | tuple):
        return ", ".join(plain_words(item) for item in value)
    return "" if value is None else str(value.label if isinstance(value, Pill) else value)


def rendered(value: Any) -> SafeString:
    """What a `render` function returned, as HTML."""
    if value is None or value == "" or value == []:
        return NOTHING
    if isinstance(value, Pill):
        return format_html('<span class="pill {}">{}</span>', tone(value), value.label)
    if isinstance(value, list | tuple):
        return format_html_join(" ", "{}", ((rendered(item),) for item in value))
    return conditional_escape(value)
