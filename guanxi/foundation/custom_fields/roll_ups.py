"""Roll-ups: what the records that hang on a record come to, such as the orders of a customer in the last year.

What can be rolled up says the door "roll_up_source": a `Source`, or a function that gives some. The database groups and
sums; a window of records at a time is compared with what is stored, and only differences are written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Avg, Count, Max, Min, Q, QuerySet, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from guanxi.foundation import clock, hooks
from guanxi.foundation.actions import Refused
from guanxi.foundation.custom_fields import kinds
from guanxi.foundation.custom_fields.homes import COMPUTED, Home
from guanxi.foundation.custom_fields.models import CustomField
from guanxi.foundation.desk import Kind
from guanxi.foundation.desk.kinds import kind_of

K = CustomField.Kind
WINDOW = 5000
MOST_DAYS = 36_500
FUNCTIONS = {
    "count": gettext_lazy("Number"),
    "sum": gettext_lazy("Sum"),
    "average": gettext_lazy("Average"),
    "min": gettext_lazy("Least"),
    "max": gettext_lazy("Greatest"),
    "latest": gettext_lazy("Latest"),
}
_AGGREGATES: dict[str, Any] = {"sum": Sum, "average": Avg, "min": Min, "max": Max, "latest": Max}


@dataclass(frozen=True)
class Source:
    """Records that can be rolled up: `link` is the field that holds the number of the record they hang on."""

    object_type: str  # of the record that they hang on
    key: str
    label: Any
    model: Any
    link: str
    columns: Mapping[str, Any]  # field → label
    moment: str = ""  # the field that “in the last … days” asks
    conditions: Sequence[tuple[str, Any, Q]] = ()  # code, label, condition
    only: Q = field(default_factory=Q)  # what never counts is left out
    type_field: str = ""  # where records of several types hang on each, the field that names the type

    @property
    def base(self) -> Q:
        """Only the records that hang on this type."""
        return self.only & Q(**{self.type_field: self.object_type}) if self.type_field else self.only

    def above(self, row: Any) -> int | None:
        """The number of the record that `row` hangs on, if it is of this type."""
        if self.type_field and getattr(row, self.type_field) != self.object_type:
            return None
        number: int | None = getattr(row, row._meta.get_field(self.link).attname)
        return number

    def rows(self, options: Mapping[str, Any]) -> QuerySet[Any]:
        """The records that the options of a roll-up speak of."""
        rows: QuerySet[Any] = self.model._base_manager.filter(self.base)
        where = next((condition for code, _label, condition in self.conditions if code == options.get("where")), None)
        rows = rows.filter(where) if where is not None else rows
        days = options.get("days")
        if days and self.moment:
            since = clock.today() - timedelta(days=int(days))
            moment = kind_of(self.model._meta.get_field(self.moment)) is Kind.MOMENT
            rows = rows.filter(**{f"{self.moment}__gte": clock.start_of(since) if moment else since})
        return rows.order_by()


def sources(object_type: str) -> list[Source]:
    """What can be rolled up to records of a type."""
    return [source for source in _all() if source.object_type == object_type]


def of_model(model: Any) -> list[Source]:
    """The sources whose records are of this model."""
    return [source for source in _all() if source.model is model]


def _all() -> list[Source]:
    found: list[Source] = []
    for value in hooks.get("roll_up_source"):
        found.extend([value] if isinstance(value, Source) else value())
    return found


def source_of(field: CustomField) -> Source | None:
    """The source that a roll-up reads."""
    wanted = (field.options.get("roll_up") or {}).get("source")
    return next((source for source in sources(field.object_type) if source.key == wanted), None)


def options(object_type: str, given: Any) -> dict[str, Any]:
    """The options of a roll-up, checked, with the kind of its result. Raises Refused."""
    given = given if isinstance(given, dict) else {}
    known = {source.key: source for source in sources(object_type)}
    source = known.get(str(given.get("source") or ""))
    if source is None:
        raise Refused(_("Say which records are rolled up: %(known)s.") % {"known": ", ".join(known) or "—"}, "roll_up")
    function = str(given.get("function") or "count")
    if function not in FUNCTIONS:
        raise Refused(_("Say what is worked out: %(known)s.") % {"known": ", ".join(FUNCTIONS)}, "roll_up")
    column = str(given.get("of") or "") if function != "count" else ""
    column = column or (source.moment if function == "latest" else "")
    if function != "count" and column not in {*source.columns, source.moment}:
        raise Refused(_("Say of which field: %(known)s.") % {"known": ", ".join(source.columns)}, "roll_up")
    where = str(given.get("where") or "")
    if where and where not in {code for code, _label, _condition in source.conditions}:
        raise Refused(_("There is no such condition."), "roll_up")
    kept = {"source": source.key, "function": function, "of": column, "where": where, "days": _days(given.get("days"))}
    return {"roll_up": {name: value for name, value in kept.items() if value}, **_result(source, function, column)}


def _days(given: Any) -> int | None:
    if given in (None, "", 0):
        return None
    text = str(given)
    if not text.isdecimal() or not 0 < int(text[:9]) <= MOST_DAYS:
        raise Refused(_("Write a whole number of days above 0."), "roll_up")
    return int(text)


def _result(source: Source, function: str, column: str) -> dict[str, Any]:
    if function == "count":
        return {"result": K.NUMBER.value}
    kind = kind_of(source.model._meta.get_field(column))
    if kind.temporal:
        if function in ("sum", "average"):
            raise Refused(_("Days have no sum; take the latest, the least or the greatest."), "roll_up")
        return {"result": (K.MOMENT if kind is Kind.MOMENT else K.DATE).value}
    if kind is Kind.MONEY:
        return {"result": K.MONEY.value, "currency": settings.GUANXI_CURRENCY}
    return {"result": K.NUMBER.value}


def values(field: CustomField, about: Q) -> dict[int, Any]:
    """What a roll-up comes to, as it is stored, by number of the record; those that nothing hangs on are left out."""
    source = source_of(field)
    if source is None:
        return {}
    asked = field.options["roll_up"]
    function, column = asked["function"], asked.get("of", "")
    aggregate = Count("pk") if function == "count" else _AGGREGATES[function](column)
    found = source.rows(asked).filter(about).values_list(source.link).annotate(rolled_up=aggregate)
    return {number: _stored(field, source, column, value) for number, value in found if value is not None}


def _stored(field: CustomField, source: Source, column: str, value: Any) -> Any:
    if field.result in (K.NUMBER, K.MONEY):
        exact = _kept(value, money=field.result == K.MONEY)
        return int(exact) if exact == int(exact) else float(exact)
    return kinds.clean(field, value)


def _kept(value: Any, *, money: bool) -> Any:
    """An aggregate rounded to what JSON keeps: money to four places, other numbers to six."""
    return round(float(value), 4 if money else 6)


def differences(field: CustomField, home: Home, after: int) -> tuple[list[tuple[int, dict[str, Any]]], int | None]:
    """What has to be written of a roll-up in the window of records above number `after`: (number, {key: value}), and
    the last number of the window, None behind the last.
    """
    rows = home.model._base_manager.filter(pk__gt=after).order_by("pk")
    window = list(rows.values_list("pk", f"{COMPUTED}__{field.key}")[:WINDOW])
    if not window:
        return [], None
    source = source_of(field)
    first, last = window[0][0], window[-1][0]
    about = Q(**{f"{source.link}__gte": first, f"{source.link}__lte": last}) if source else Q(pk__in=[])
    now = values(field, about)
    return list(_changed(field, window, now)), last


def of_records(field: CustomField, numbers: Iterable[int]) -> dict[int, Any]:
    """What a roll-up comes to for a few records; None where nothing hangs on them."""
    source = source_of(field)
    wanted = list(numbers)
    found = values(field, Q(**{f"{source.link}__in": wanted})) if source else {}
    return {number: found.get(number) for number in wanted}


def _changed(
    field: CustomField, window: Iterable[tuple[int, Any]], now: Mapping[int, Any]
) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, before in window:
        stored = None if before is None else kinds.clean(field, before)
        if now.get(number) != stored:
            yield number, {field.key: now.get(number)}
