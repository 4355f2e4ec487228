"""Custom fields as columns, filters, facts and fields of the “New” form of a desk."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, cast

from django.db import models
from django.db.models import BooleanField, F, Func, Q
from django.db.models.expressions import Col
from django.urls import reverse_lazy
from django.utils.html import format_html
from django.utils.translation import gettext as _

from guanxi.foundation import hooks
from guanxi.foundation.custom_fields import homes, kinds, known
from guanxi.foundation.custom_fields.homes import COMPUTED, Home
from guanxi.foundation.custom_fields.models import CustomField
from guanxi.foundation.desk import Column, Desk, Pill
from guanxi.foundation.models import User
from guanxi.foundation.typed_json import Leaf, list_sql

K = CustomField.Kind
WITH_WORDS = (K.NUMBER, K.MONEY, K.LINK, K.CHOICE, K.CHOICES)


class HoldsAny(Func):
    """Whether a list within a JSON column holds any of some texts; of none given, whether there is a list at all.

    Never unknown, so that its opposite is right as well.
    """

    conditional = True
    output_field = BooleanField()

    def __init__(self, column: str, key: str, values: Sequence[str], *, indexed: bool = False) -> None:
        super().__init__(F(column))
        self.key, self.values, self.indexed = key, list(values), indexed

    def as_sqlite(self, compiler: Any, connection: Any, **_context: Any) -> tuple[str, tuple[Any, ...]]:
        column, given = compiler.compile(self.source_expressions[0])
        if not self.values:
            return f"(json_type({column}, '$.{self.key}') IS 'array')", tuple(given)
        marks = ", ".join(["%s"] * len(self.values))
        if self.indexed:
            return f"({self._among_lists(column, marks)})", (*given, *given, *self.values)
        listed = f"SELECT 1 FROM json_each({column}, '$.{self.key}') WHERE value IN ({marks})"
        return f"(json_type({column}, '$.{self.key}') IS 'array' AND EXISTS({listed}))", (*given, *self.values)

    def _among_lists(self, column: str, marks: str) -> str:
        """That the list is one of those that hold any of the values. Which lists there are the index tells: from each
        one leap to the next, however many rows have it.
        """
        column_of = cast("Col", self.source_expressions[0]).target
        table = f'"{column_of.model._meta.db_table}"'
        here, there = (list_sql(of, self.key, "sqlite") for of in (column, f'"{column_of.column}"'))
        least = f"SELECT min({there}) FROM {table} WHERE {there} IS NOT NULL"
        lists = (
            f"WITH RECURSIVE said(list) AS ({least} UNION ALL "
            f"SELECT ({least} AND {there} > said.list) FROM said WHERE said.list IS NOT NULL) "
            "SELECT list FROM said WHERE list IS NOT NULL "
            f"AND EXISTS (SELECT 1 FROM json_each(list) WHERE value IN ({marks}))"
        )
        return f"{here} IS NOT NULL AND {here} IN ({lists})"

    def as_postgresql(self, compiler: Any, connection: Any, **_context: Any) -> tuple[str, tuple[Any, ...]]:
        column, given = compiler.compile(self.source_expressions[0])
        if not self.values:
            return f"(jsonb_typeof({column} -> '{self.key}') IS NOT DISTINCT FROM 'array')", tuple(given)
        listed = list_sql(column, self.key, "postgresql")
        return f"({listed} IS NOT NULL AND {listed} ?| %s)", (*given, *given, self.values)


def column_of(field: CustomField, home: Home, **options: Any) -> Column:
    """A custom field as the desk shows, filters, edits and exports it."""
    kind = K(field.result)
    more: dict[str, Any] = {"kind": kinds.DESK_KINDS[kind]}
    if kind in (K.CHOICE, K.CHOICES):
        more["choices"] = kinds.choices(field)
    if kind == K.CHOICES:
        more |= {"many": True, "condition": functools.partial(_holds, home, field)}
    if kind == K.PERSON:
        more |= {"choices": kinds.colleagues, "fetch": functools.partial(_people, home, field)}
    if kind == K.PARTY:
        more |= {"fetch": functools.partial(_parties, home, field), "suggest": reverse_lazy("custom_fields:parties")}
    if kind in WITH_WORDS or field.worked_out:
        column = COMPUTED if field.worked_out else home.column
        more |= {"render": functools.partial(_render, home, field), "needs": [column]}
        more["export"] = functools.partial(_exported, home, field)
    indexed = field.filterable and field.index_state == CustomField.Index.READY and kind != K.CHOICES
    return Column(
        home.path(field),
        label=field.label,
        sort=indexed,
        help=field.help,
        section=field.section,
        clean=functools.partial(kinds.clean, field),
        words=functools.partial(kinds.text, field),
        **{**more, **options},
    )


def columns(desk: Desk) -> list[Column]:
    """What hangs on `columns:custom`: every field can be shown; those that are marked are from the start."""
    home = Home(desk)
    return [column_of(field, home, shown=field.in_list) for field in home.fields()]


def facts(desk: Desk) -> list[Column]:
    """What hangs on `facts:custom`."""
    home = Home(desk)
    return [
        column_of(field, home, editable=not field.worked_out, required=field.required, **_leading(field, home))
        for field in home.fields()
    ]


def new(desk: Desk) -> list[Column]:
    """What hangs on `new:custom`: what must be said, and what stands there unless somebody says otherwise."""
    home = Home(desk)
    return [
        column_of(field, home, required=field.required, initial=field.default)
        for field in home.fields()
        if not field.worked_out and (field.required or field.default is not None)
    ]


def _leading(field: CustomField, home: Home) -> dict[str, Any]:
    """A fact that leads somewhere shows words, and beside them what opens it: a link cannot stand within a button."""
    if field.result not in (K.LINK, K.PARTY):
        return {}

    def words(row: models.Model) -> str:
        return kinds.text(field, _stored(home, field, row)).removeprefix("https://")

    def leads(row: models.Model) -> str:
        value = _stored(home, field, row)
        doors = hooks.get("custom_party")
        if value is None or field.result == K.LINK:
            return value or ""
        return str(doors[0].url(value)) if doors else ""

    return {"render": words, "fetch": None, "leads": leads}


def leaf(object_type: str, column: str, key: str) -> Leaf | None:
    """What hangs on `typed_key`."""
    field = known.find(object_type, key, archived=True)
    home = homes.find(object_type) if field is not None else None
    if field is None or home is None or home.path(field) != f"{column}.{key}":
        return None
    type_ = kinds.type_of(field)
    return Leaf(type_, field.label, functools.partial(kinds.text, field)) if type_ else None


def _stored(home: Home, field: CustomField, row: models.Model) -> Any:
    return (getattr(row, COMPUTED if field.worked_out else home.column) or {}).get(field.key)


def _render(home: Home, field: CustomField, row: models.Model) -> Any:
    value = _stored(home, field, row)
    if value is None and field.worked_out:
        reason = (getattr(row, COMPUTED) or {}).get(f"!{field.key}")
        return Pill(_("Error: %(reason)s") % {"reason": reason}, "bad") if reason else ""
    if value is None:
        return ""
    if field.result == K.LINK:
        shown = str(value).removeprefix("https://").removeprefix("http://").rstrip("/")
        return format_html('<a href="{}" rel="noopener noreferrer" target="_blank">{}</a>', value, shown)
    if field.result in (K.CHOICE, K.CHOICES):
        names, colours = dict(kinds.choices(field)), kinds.colours(field)
        codes = value if isinstance(value, list) else [value]
        return [Pill(names.get(code) or kinds.text(field, code), colours.get(code, "grey")) for code in codes]
    return kinds.text(field, value)


def _exported(home: Home, field: CustomField, row: models.Model) -> Any:
    value = _stored(home, field, row)
    if value is None:
        reason = (getattr(row, COMPUTED) or {}).get(f"!{field.key}") if field.worked_out else None
        return _("Error: %(reason)s") % {"reason": reason} if reason else None
    read = Leaf(kinds.type_of(field) or "text").value(value)
    return kinds.text(field, value) if field.result in (K.CHOICE, K.CHOICES, K.PERSON, K.PARTY) else read


def _people(home: Home, field: CustomField, rows: Sequence[Any]) -> dict[Any, Any]:
    chosen = {row.pk: _stored(home, field, row) for row in rows}
    names = {user.pk: str(user) for user in User.objects.filter(pk__in={one for one in chosen.values() if one})}
    return {pk: names.get(number, str(number)) for pk, number in chosen.items() if number}


def _parties(home: Home, field: CustomField, rows: Sequence[Any]) -> dict[Any, Any]:
    chosen = {row.pk: number for row in rows if (number := _stored(home, field, row))}
    doors = hooks.get("custom_party")
    names = doors[0].names(list(chosen.values())) if doors else {}
    return {
        pk: format_html('<a href="{}">{}</a>', doors[0].url(number), names[number]) if number in names else str(number)
        for pk, number in chosen.items()
    }


def _holds(home: Home, field: CustomField, values: list[Any]) -> Q:
    indexed = field.index_state == CustomField.Index.READY
    return Q(HoldsAny(COMPUTED if field.worked_out else home.column, field.key, values, indexed=indexed))
