"""What figures can be cut by, declared once: for the query, Explore, reports and the API.

A dimension is a column of the sales line or of a table beside it. Null is a value like others: "not known". Those that
lead from the customer (`key` "party_id") cut the figures of any table with one row per customer, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.customers import profile
from guanxi.customers.models import Party
from guanxi.foundation import hooks, visibility
from guanxi.foundation.custom_fields.models import CustomField
from guanxi.lake import schema
from guanxi.lake.allowed import is_hidden
from guanxi.lake.measures import SALES_LINES
from guanxi.lake.schema import COMPUTED, PROFILE
from guanxi.ledger.models import Channel
from guanxi.orders.invoices import habits
from guanxi.orders.models import Order

if TYPE_CHECKING:
    import ibis.expr.types as ir

# Kinds of dimension: what their values are, and so how they are filtered and shown.
DAY, WEEK, MONTH, QUARTER, YEAR = PERIODS = ("day", "week", "month", "quarter", "year")
CHOICE, TEXT, NUMBER, YES_NO, WEEKDAY, RECORD = "choice", "text", "number", "yes_no", "weekday", "record"
_TRUNCATED = {WEEK: "W", MONTH: "M", QUARTER: "Q"}


@dataclass(frozen=True)
class Dimension:
    """One way to cut figures.

    `table` names the lake's table that `column` stands in (empty: the sales line); `key` is the column that leads
    there. A dimension of kind "record" is one record per value: `column` is its name, `code` what people call it by,
    and rows carry its id under `key` (`named_by` where its own table calls it otherwise). `listed` is the field by
    which the list of customers filters the same. A column that stands in several tables cuts the figures of each;
    `home` is the one by whose rights it is shown.
    """

    name: str
    label: Any
    kind: str = TEXT
    table: str = ""
    column: str = ""
    key: str = ""
    code: str = ""
    listed: str = ""
    choices: Callable[[], Iterable[tuple[Any, Any]]] | None = None
    named_by: str = ""
    home: str = SALES_LINES

    @property
    def own_key(self) -> str:
        """The column of the record's own table that `key` refers to."""
        return self.named_by or self.key

    @property
    def labels(self) -> dict[Any, str]:
        """What people read for a value, where the value itself is a code; in the order in which to show them."""
        return {value: str(label) for value, label in self.choices()} if self.choices else {}

    def values(self, rows: ir.Table) -> ir.Value:
        """The dimension's values over rows joined with the dimension's table."""
        if self.kind in _TRUNCATED:
            return rows.day.truncate(_TRUNCATED[self.kind]).cast("date")
        if self.kind == YEAR:
            return rows.day.year()
        if self.kind == WEEKDAY:
            return rows.day.day_of_week.index() + 1
        if self.kind == RECORD:
            return rows[self.key]
        return rows[self.joined or self.column]

    def coded(self, text: Any) -> Any:
        """The choice that reads as `text` in an address, where codes may be numbers; else `text` itself."""
        return next((value for value in self.labels if str(value) == str(text)), text)

    def cuts(self, base: str) -> bool:
        """Whether figures over the table `base` can be cut by this."""
        return self.table == base or (self.key if self.table else self.column) in schema.named(base).schema.names

    @property
    def joined(self) -> str:
        """The name of the column after the join; empty for columns of the sales line itself."""
        return f"{self.table}__{self.column}" if self.table else ""

    @property
    def needs_join(self) -> bool:
        """Whether values can only be told after a join (a record is known by its id before)."""
        return bool(self.table) and self.kind != RECORD


def _of_party(name: str, label: Any, kind: str = TEXT, column: str = "", **more: Any) -> Dimension:
    return Dimension(name, label, kind, "party", column or name, "party_id", **more)


def _of_product(name: str, label: Any) -> Dimension:
    return Dimension(name, label, TEXT, "product", name, "product_id")


DECLARED = (
    Dimension("day", _("Day"), DAY, column="day"),
    Dimension("week", _("Week"), WEEK, column="day"),
    Dimension("month", _("Month"), MONTH, column="day"),
    Dimension("quarter", _("Quarter"), QUARTER, column="day"),
    Dimension("year", _("Year"), YEAR, column="day"),
    Dimension("weekday", _("Weekday"), WEEKDAY, column="day", choices=lambda: ((n + 1, WEEKDAYS[n]) for n in range(7))),
    _of_product("department", _("Department")),
    _of_product("category", _("Category")),
    _of_product("subcategory", _("Subcategory")),
    _of_product("brand", _("Brand")),
    _of_product("unit", _("Unit")),
    Dimension("product", _("Product"), RECORD, "product", "name", "product_id", "code"),
    Dimension("place", _("Place of sale"), RECORD, "place", "name", "place_id", "code"),
    Dimension("channel", _("Channel"), CHOICE, column="channel", choices=lambda: Channel.choices),
    Dimension("staff", _("Sales person"), RECORD, "staff", "name", "sales_person_id", "code"),
    Dimension("owner", _("Owner"), RECORD, "colleague", "name", "owner_id"),
    Dimension("kind", _("Sale or return"), CHOICE, SALES_LINES, "kind", choices=lambda: Order.Kind.choices),
    Dimension("currency", _("Currency"), TEXT, column="currency"),
    Dimension("customer", _("Customer"), RECORD, "party", "name", "party_id"),
    _of_party(
        "customer_kind", _("Person or organisation"), CHOICE, "kind", listed="kind", choices=lambda: Party.Kind.choices
    ),
    Dimension("paying", _("How they pay"), CHOICE, "paying", "habit", "party_id", choices=lambda: habits.NAMES),
    _of_party("city", _("City")),
    _of_party("country", _("Country")),
    _of_party("gender", _("Gender"), CHOICE, choices=lambda: Party.Gender.choices),
    _of_party("birth_year", _("Year of birth"), NUMBER),
    _of_party("occupation", _("Occupation")),
    _of_party("language", _("Language")),
)


# What a value opens into, level by level; others through the door "hierarchy".
HIERARCHIES: tuple[tuple[str, ...], ...] = (
    ("department", "category", "subcategory", "product"),
    ("brand", "product"),
    ("year", "quarter", "month", "day"),
    ("week", "day"),
    ("country", "city", "customer"),
)


def below(name: str) -> str:
    """The next level of the hierarchy that a dimension stands in; empty for the last, and where it stands in none."""
    for levels in (*HIERARCHIES, *hooks.get("hierarchy")):
        if name in levels[:-1]:
            return str(levels[levels.index(name) + 1])
    return ""


def all() -> dict[str, Dimension]:  # noqa: A001  read as dimensions.all()
    """Every dimension by name: the declared ones, those of the door "dimension", and one per field of the profile and
    per field that is worked out."""
    declared = [*DECLARED, *hooks.get("dimension")]
    taken = {dimension.name for dimension in declared}
    fields = [field for field in profile.fields() if field.name not in taken and _can_be_cut_by(field)]
    viewer = visibility.viewer_now()
    every = [*declared, *map(_of_field, fields), *map(_of_worked_out, schema.worked_out_fields())]
    return {one.name: one for one in every if not is_hidden(viewer, one.table or one.home, one.column)}


def _can_be_cut_by(field: profile.ProfileField) -> bool:
    """Long texts and lists group nothing; colleagues and customers stand there as numbers."""
    return field.custom is None or field.custom.kind not in ("long_text", "link", "choices", "person", "party")


def _of_field(field: profile.ProfileField) -> Dimension:
    kind = {profile.NUMBER: NUMBER, profile.YES_NO: YES_NO, profile.CHOICE: CHOICE}.get(field.kind, TEXT)
    choices: Callable[[], Iterable[tuple[Any, Any]]] | None = _yes_no if kind == YES_NO else None
    if kind == CHOICE:
        choices = lambda: field.choices  # noqa: E731
    return _of_party(field.name, field.label, kind, PROFILE + field.name, choices=choices)


def _of_worked_out(field: CustomField) -> Dimension:
    kind = {profile.NUMBER: NUMBER, profile.YES_NO: YES_NO}.get(schema.kind_of_result(field), TEXT)
    choices = _yes_no if kind == YES_NO else None
    return Dimension(
        field.key, field.label, kind, schema.WORKED_OUT.name, COMPUTED + field.key, "party_id", choices=choices
    )


def _yes_no() -> Iterable[tuple[Any, Any]]:
    return (True, _now("yes")), (False, _now("no"))
