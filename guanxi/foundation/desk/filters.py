"""Filters of a list: read from the address, turned into conditions of the database, shown as pills."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from functools import cached_property
from math import isfinite
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, models
from django.db.models import Exists, F, Func, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from guanxi.foundation import clock, hooks
from guanxi.foundation.actions import Refused
from guanxi.foundation.desk import display
from guanxi.foundation.desk.declaration import Desk, Field, Question
from guanxi.foundation.desk.kinds import Kind

IS, NOT, HAS, FROM, UNTIL, LAST, EMPTY = "", "not", "has", "gte", "lte", "last", "empty"
LONGEST = 200  # characters of a text to look for
MOST = 200  # values of one “is one of”
MOST_DAYS = 36_600
GROUPED = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?")
YES, NO = {"1", "true", "yes"}, {"0", "false", "no"}


def operators_of(kind: Kind) -> list[str]:
    """The operators that make sense for a kind of value."""
    if kind.textual:
        return [HAS, IS, NOT, EMPTY]
    if kind.temporal:
        return [FROM, UNTIL, LAST, IS, EMPTY]
    if kind.numeric:
        return [FROM, UNTIL, IS, EMPTY]
    return {Kind.BOOLEAN: [IS, EMPTY], Kind.DATA: [EMPTY]}.get(kind, [IS, NOT, EMPTY])


@dataclass
class Active:
    """One filter in force: all that the address says of one path."""

    name: str
    field: Field | None
    asked: dict[str, list[str]] = dataclasses.field(default_factory=dict)  # operator -> texts

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """As it stands in the address."""
        return [
            (f"f.{self.name}__{operator}" if operator else f"f.{self.name}", text)
            for operator, texts in self.asked.items()
            for text in texts
        ]

    @cached_property
    def _read(self) -> tuple[dict[str, list[Any]], str]:
        if self.field is None:
            return {}, _("This list has no filter “%(name)s”.") % {"name": self.name}
        try:
            return {operator: _values(self.field, operator, texts) for operator, texts in self.asked.items()}, ""
        except ValidationError as error:
            return {}, " ".join(error.messages)

    @property
    def error(self) -> str:
        """What is wrong with it, or nothing."""
        return self._read[1]

    @property
    def values(self) -> dict[str, list[Any]]:
        return self._read[0]

    @property
    def label(self) -> Any:
        return self.field.label if self.field else self.name

    @property
    def q(self) -> Q:
        """The condition for the database: right for any rows, and as fast where many fit."""
        return self._conditions(_condition)

    @property
    def q_joined(self) -> Q:
        """The same for collecting ids: rows may come several times, but the database can begin at the related ones."""
        return self._conditions(_joined)

    def walked(self, rows: QuerySet[Any], name: str) -> QuerySet[Any]:
        """`rows` narrowed without an index of the filter, so that the database keeps to that of the order.

        SQLite knows no frequencies of values: it would take the filter's index, and sort half a table.
        """
        item = self.field
        assert item is not None
        if item.path is None:
            return rows.filter(self.q)
        if connection.vendor != "sqlite" or item.path.many or (item.path.keys and item.path.leaf is None):
            return rows.filter(self.q)
        rows = rows.alias(**{name: Unindexed(F(item.path.orm))})
        return rows.filter(self._conditions(lambda item, operator, values: _plain(item, operator, values, name)))

    def _conditions(self, make: Callable[[Field, str, list[Any]], Q]) -> Q:
        assert self.field is not None
        condition = Q()
        for operator, values in self.values.items():
            condition &= make(self.field, operator, values)
        return condition

    @property
    def text(self) -> str:
        """The filter in words, for the pill."""
        if self.error or self.field is None:
            texts = ", ".join(text for texts in self.asked.values() for text in texts)
            return _("%(label)s: %(value)s") % {"label": self.label, "value": texts[:60]}
        return _words(self.field, self.values)


@dataclass
class Asked(Active):
    """A question in force (`declaration.Question`)."""

    question: Question | None = None

    @cached_property
    def _answer(self) -> tuple[Q, str, str]:
        """The condition, the words, and what is wrong."""
        assert self.question is not None
        try:
            told = self.asked.get(IS, [""])[-1]
            return self.question.condition(told), self.question.words(told), ""
        except Refused as refusal:
            return Q(pk__in=[]), self.name, refusal.message

    @property
    def error(self) -> str:
        return self._answer[2]

    @property
    def q(self) -> Q:
        return self._answer[0]

    @property
    def q_joined(self) -> Q:
        return self.q

    def walked(self, rows: QuerySet[Any], name: str) -> QuerySet[Any]:
        return rows.filter(self.q)

    @property
    def text(self) -> str:
        return self._answer[1]


def read(desk: Desk, pairs: Iterable[tuple[str, str]]) -> list[Active]:
    """The filters that an address holds, in its order; blank ones are left out."""
    questions = {question.name: question for question in hooks.get(f"questions:{desk.slug}")}
    known = {item.name: item for item in desk.all_filters() if item.path is not None or item.column.condition}
    active: dict[str, Active] = {}
    for key, text in pairs:
        if not key.startswith("f.") or not text.strip():
            continue
        name, operator = _split(key[2:], known)
        if name not in active:
            question = questions.get(name)
            active[name] = Asked(name, None, question=question) if question else Active(name, known.get(name))
        one = active[name]
        texts = one.asked.setdefault(operator, [])
        if text.strip() not in texts:
            texts.append(text.strip())
    return list(active.values())


def _split(key: str, known: dict[str, Field]) -> tuple[str, str]:
    if key in known:
        return key, IS
    name, _separator, operator = key.rpartition("__")
    return (name, operator) if name and operator in (NOT, HAS, FROM, UNTIL, LAST, EMPTY) else (key, IS)


def _values(item: Field, operator: str, texts: list[str]) -> list[Any]:
    if operator not in operators_of(item.kind):
        raise ValidationError(_("This cannot be asked of “%(label)s”.") % {"label": item.label})
    if len(texts) > MOST:
        raise ValidationError(_("At most %(number)s values can be asked for at once.") % {"number": MOST})
    if operator in (FROM, UNTIL, LAST, EMPTY) and len(texts) > 1:
        raise ValidationError(_("Give one value only."))
    if operator == EMPTY:
        return [_yes_or_no(texts[0])]
    if operator == LAST:
        return [_days(texts[0])]
    return [parse(item, text) for text in texts]


def parse(item: Field, text: str) -> Any:
    """The value that `text` stands for; raises ValidationError with how to mend it."""
    if "\x00" in text or len(text) > LONGEST:
        raise ValidationError(_("This text is too long or holds characters that cannot be stored."))
    if item.kind is Kind.BOOLEAN:
        return _yes_or_no(text)
    if item.kind.temporal:
        return _day(text)
    if item.kind.numeric:
        return _number(item, text)
    if item.kind is Kind.CHOICE and item.choices:
        found = [value for value, _label in item.choices if str(value) == text]
        if not found:
            raise ValidationError(
                _("“%(value)s” is not one of: %(choices)s.")
                % {"value": text, "choices": ", ".join(str(label) for _value, label in item.choices[:20])}
            )
        return found[0]
    if item.kind is Kind.REFERENCE:
        return _reference(text)
    return text


def _yes_or_no(text: str) -> bool:
    if text.lower() not in YES | NO:
        raise ValidationError(_("“%(value)s” is neither yes (1) nor no (0).") % {"value": text})
    return text.lower() in YES


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValidationError(_("“%(value)s” is not a date; write it like 2017-03-31.") % {"value": text}) from None


def _days(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text[:9]) <= MOST_DAYS:
        raise ValidationError(_("“%(value)s” is not a number of days; write a whole number above 0.") % {"value": text})
    return int(text)


def _number(item: Field, text: str) -> Any:
    plain = text.replace(",", "") if GROUPED.fullmatch(text) else text
    try:
        number = Decimal(plain)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise ValidationError(_("“%(value)s” is not a number.") % {"value": text})
    assert item.path is not None
    if item.path.keys:
        return int(number) if number == number.to_integral_value() and abs(number) < 2**53 else float(number)
    if isinstance(item.path.field, models.FloatField):
        if not isfinite(float(number)):
            raise ValidationError(_("“%(value)s” is too large.") % {"value": text})
        return float(number)
    value = item.path.field.to_python(plain)
    item.path.field.run_validators(value)
    return value


def _reference(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        raise ValidationError(_("“%(value)s” is not the number of a record.") % {"value": text})
    return int(text)


# Conditions -------------------------------------------------------------------------------------------------------


class Unindexed(Func):
    """A column as it is, but out of reach for SQLite's choice of an index."""

    template = "%(expressions)s"
    arity = 1

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="+%(expressions)s", **context)


def _declared(item: Field, operator: str, values: list[Any]) -> Q:
    """The condition of a filter that brings its own."""
    assert item.column.condition is not None
    if operator == EMPTY:
        return ~item.column.condition([]) if values[0] else item.column.condition([])
    return ~item.column.condition(values) if operator == NOT else item.column.condition(values)


def _condition(item: Field, operator: str, values: list[Any]) -> Q:
    if item.column.condition is not None:
        return _declared(item, operator, values)
    assert item.path is not None
    if not item.path.many:
        return _plain(item, operator, values, item.path.orm)
    # Not a join, which would list a row once for each match.
    if operator == EMPTY:
        return Q(_exists(item, EMPTY, [False])) if not values[0] else ~Q(_exists(item, EMPTY, [False]))
    return ~Q(_exists(item, IS, values)) if operator == NOT else Q(_exists(item, operator, values))


def _joined(item: Field, operator: str, values: list[Any]) -> Q:
    if item.column.condition is not None:
        return _declared(item, operator, values)
    assert item.path is not None
    negative = operator == NOT or (operator == EMPTY and values[0])
    return _condition(item, operator, values) if negative else _plain(item, operator, values, item.path.orm)


def _exists(item: Field, operator: str, values: list[Any]) -> Exists:
    assert item.path is not None
    path = item.path
    link = path.relations[0]
    if link.one_to_many and len(path.names) > 1:
        condition = _plain(item, operator, values, "__".join(path.names[1:]))
        outer = {link.field.attname: OuterRef("pk")}
        return Exists(link.related_model._base_manager.filter(condition, **outer))
    return Exists(path.model._base_manager.filter(_plain(item, operator, values, path.orm), pk=OuterRef("pk")))


def _plain(item: Field, operator: str, values: list[Any], name: str) -> Q:
    """The condition on the column called `name`."""
    assert item.path is not None
    if operator == EMPTY:
        return missing(item, name) if values[0] else ~missing(item, name)
    if operator == LAST:
        operator, values = FROM, [clock.today() - timedelta(days=values[0])]
    if item.kind is Kind.MOMENT:
        return _moment(name, operator, values)
    if operator == HAS:
        return Q(*[Q(**{f"{name}__icontains": value}) for value in values], _connector=Q.OR)
    if operator in (FROM, UNTIL):
        return Q(**{f"{name}__{operator}": values[0]})
    one_of = Q(**{name: values[0]}) if len(values) == 1 else Q(**{f"{name}__in": values})
    if operator == NOT:
        return ~one_of | Q(**{f"{name}__isnull": True}) if item.path.nullable else ~one_of
    return one_of


def missing(item: Field, name: str) -> Q:
    """Rows without a value in the column called `name`: nothing stored or, for texts, an empty one."""
    assert item.path is not None
    if item.column.lacking is not None:
        return item.column.lacking()
    blank = isinstance(item.path.field, models.CharField | models.TextField) and not item.path.keys
    link = item.path.presence if name == item.path.orm else name
    nothing = Q(**{f"{link}__isnull": True}) if item.path.nullable or item.path.many else Q(pk__in=[])
    return Q(**{name: ""}) | nothing if blank else nothing


def _moment(name: str, operator: str, days: list[date]) -> Q:
    if operator == FROM:
        return Q(**{f"{name}__gte": _start(days[0])})
    if operator == UNTIL:
        return Q(**{f"{name}__lt": _end(days[0])})
    return Q(*[Q(**{f"{name}__gte": _start(day), f"{name}__lt": _end(day)}) for day in days], _connector=Q.OR)


def _start(day: date) -> Any:
    return clock.start_of(max(day, date(1, 1, 3)))


def _end(day: date) -> Any:
    return clock.start_of(min(day, date(9999, 12, 29)) + timedelta(days=1))


# Words ------------------------------------------------------------------------------------------------------------


def _words(item: Field, values: dict[str, list[Any]]) -> str:
    if FROM in values and UNTIL in values:
        both = {"label": item.label, "first": _shown(item, values[FROM][0]), "last": _shown(item, values[UNTIL][0])}
        parts = [_("%(label)s from %(first)s to %(last)s") % both]
    else:
        parts = [_phrase(item, operator, values[operator]) for operator in (FROM, UNTIL) if operator in values]
    parts += [_phrase(item, operator, values[operator]) for operator in values if operator not in (FROM, UNTIL)]
    return ", ".join(parts)


def _phrase(item: Field, operator: str, values: list[Any]) -> str:
    said = {"label": item.label}
    if operator == EMPTY:
        return (_("%(label)s is empty") if values[0] else _("%(label)s is not empty")) % said
    if operator == LAST:
        days = ngettext("%(label)s in the last %(days)s day", "%(label)s in the last %(days)s days", values[0])
        return days % {**said, "days": values[0]}
    said["value"] = _or([_shown(item, value) for value in values])
    if operator == HAS:
        return _("%(label)s contains %(value)s") % said
    if operator == NOT:
        return _("%(label)s is not %(value)s") % said
    if operator == FROM:
        return (_("%(label)s from %(value)s") if item.kind.temporal else _("%(label)s at least %(value)s")) % said
    if operator == UNTIL:
        return (_("%(label)s until %(value)s") if item.kind.temporal else _("%(label)s at most %(value)s")) % said
    return _("%(label)s is %(value)s") % said


def _shown(item: Field, value: Any) -> str:
    if item.column.words is not None:
        return item.column.words(value)
    if item.kind is Kind.REFERENCE and item.path is not None:
        model = item.path.field.related_model or item.path.field.model
        return str(model._base_manager.filter(pk=value).first() or value)
    kind = Kind.DATE if item.kind is Kind.MOMENT else item.kind
    return display.text(kind, value, item.choices)


def _or(texts: list[str]) -> str:
    shown = texts if len(texts) <= 4 else [*texts[:3], _("%(number)s more") % {"number": len(texts) - 3}]
    if len(shown) == 1:
        return shown[0]
    return _("%(some)s or %(last)s") % {"some": ", ".join(shown[:-1]), "last": shown[-1]}
