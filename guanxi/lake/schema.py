"""What the lake holds: its tables and the types of their columns.

Money and quantities are `decimal(18, 4)`; a "day" is a day of the business. Null means "not known".

A higher floor adds tables of its own through the door "lake_table", and writes them itself (`store.overwrite`,
`append`, `replace`; under `lock.held`, for tidying rewrites files too): the refresh leaves them alone. Or it says at
the door "lake_source" where the rows of a table come from (`followed.Source`), and the refresh keeps it up.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import pyarrow as pa
from django.conf import settings

from guanxi.customers import profile
from guanxi.foundation import hooks
from guanxi.foundation.bulk.amounts import DECIMAL
from guanxi.foundation.custom_fields import known
from guanxi.foundation.custom_fields.models import CustomField

PROFILE = "profile_"  # before the name of a declared profile field, in the columns of `party`
COMPUTED = "computed_"  # before the key of a field that is worked out, in the columns of `worked_out`
_PROFILE_TYPES = {profile.NUMBER: pa.float64(), profile.YES_NO: pa.bool_()}


@dataclass(frozen=True)
class LakeTable:
    """One Delta table. `key` is the column by which rows are replaced together; a `partition` is always the month of
    the column `day`. `remedy` is the command that writes the table anew.

    A table that changes with every order is a log: rows are appended, and readers see of each key the row with the
    highest `newest`, none where its other columns are null. Replacing them would rewrite the files every half minute.
    """

    name: str
    key: str
    columns: tuple[tuple[str, pa.DataType], ...]
    partition: str | None = None
    file_size: int = 128_000_000  # bytes; smaller where single rows change, for a change rewrites whole files
    remedy: str = "guanxi refresh --full"
    newest: str = ""
    model: str = ""  # what it tells of, by whose right it may be read; without, that of customers
    # Where a row is its owner's and not its customer's: the column that says whose it is; `key` then names the record.
    owner: str = ""
    with_customers: bool = False  # seen by whoever sees the customer; rows without one by `owner_id`
    records: str = (
        ""  # the desk whose records `key` names, where figures lead to them; without: to customers, or orders
    )
    also: tuple[str, ...] = ()  # further models whose fields stand in it, by which columns may be hidden
    others: tuple[str, ...] = ()  # columns that name further customers, emptied when those are erased

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema, with the declared profile fields where the table is `party`, and the fields that are worked
        out where it is theirs."""
        extra = {"party": profile_columns, "worked_out": worked_out_columns}.get(self.name, tuple)()
        return pa.schema([*self.columns, *extra])

    @property
    def telling(self) -> str:
        """Of a log: the column whose null says that the key is gone."""
        return [name for name, _type in self.columns if name not in (self.key, self.newest)][-1]

    @property
    def shape(self) -> int:
        """A number that changes when the columns or what a day means change."""
        return number_of(self.schema.to_string(), self.partition, settings.TIME_ZONE)


def number_of(*what: object) -> int:
    """A number that tells different things apart (Delta keeps marks as numbers)."""
    return zlib.crc32(repr(what).encode())


def profile_columns() -> tuple[tuple[str, pa.DataType], ...]:
    """The columns of the declared profile fields."""
    return tuple((PROFILE + field.name, _PROFILE_TYPES.get(field.kind, pa.string())) for field in profile.fields())


def worked_out_fields() -> list[CustomField]:
    """The custom fields of customers that the house works out: formulas and roll-ups."""
    return [field for field in known.of_type("customers.party") if field.worked_out]


def kind_of_result(field: CustomField) -> str:
    """The kind of what a field gives, as declared profile fields name theirs."""
    kinds = {"number": profile.NUMBER, "money": profile.NUMBER, "yes_no": profile.YES_NO}
    return kinds.get(field.result, profile.TEXT)


def worked_out_columns() -> tuple[tuple[str, pa.DataType], ...]:
    """The columns of those fields."""
    return tuple(
        (COMPUTED + field.key, _PROFILE_TYPES.get(kind_of_result(field), pa.string())) for field in worked_out_fields()
    )


_int, _text, _day = pa.int64(), pa.string(), pa.date32()

PARTY = LakeTable(
    "party",
    "party_id",
    (
        ("party_id", _int),
        ("name", _text),
        ("kind", _text),
        ("gender", _text),
        ("birth_year", pa.int32()),
        ("occupation", _text),
        ("language", _text),
        ("city", _text),
        ("country", _text),
        ("known_since", _day),
        ("owner_id", _int),
    ),
    file_size=8_000_000,
    model="customers.party",
)
PRODUCT = LakeTable(
    "product",
    "product_id",
    (
        ("product_id", _int),
        ("code", _text),
        ("name", _text),
        ("department", _text),
        ("category", _text),
        ("subcategory", _text),
        ("category_path", _text),
        ("brand", _text),
        ("unit", _text),
        ("size", _text),
    ),
    model="catalog.product",
)
PLACE = LakeTable("place", "place_id", (("place_id", _int), ("code", _text), ("name", _text), ("city", _text)))
STAFF = LakeTable("staff", "sales_person_id", (("sales_person_id", _int), ("code", _text), ("name", _text)))
CHANNEL = LakeTable("channel", "channel", (("channel", _text), ("name", _text)))
DATE = LakeTable(
    "date",
    "day",
    (
        ("day", _day),
        ("week", _day),
        ("month", _day),
        ("quarter", _day),
        ("year", pa.int32()),
        ("weekday", pa.int32()),
        ("week_label", _text),
        ("month_label", _text),
        ("quarter_label", _text),
    ),
)
# Kept apart from `party`, which need not be rewritten for a date, and from `purchases`, which changes with every order:
# questions join this one to the sales lines.
FIRST_PURCHASE = LakeTable(
    "first_purchase", "party_id", (("party_id", _int), ("first_day", _day)), model="orders.purchasesummary"
)
# How customers pay: whoever has an invoice.
PAYING = LakeTable(
    "paying",
    "party_id",
    (
        ("party_id", _int),
        ("invoices_paid", _int),
        ("days_late", pa.float64()),
        ("trend", pa.float64()),
        ("open_amount", DECIMAL),
        ("overdue", DECIMAL),
        ("habit", _text),
    ),
    model="invoices.paymenthabit",
)
# Whoever has orders, in sum. Days are days of purchase, null where there are only returns; amounts are those in the
# business's currency.
PURCHASES = LakeTable(
    "purchases",
    "party_id",
    (
        ("party_id", _int),
        ("first_day", _day),
        ("last_day", _day),
        ("purchase_days", pa.int32()),
        ("order_count", pa.int32()),
        ("revenue", DECIMAL),
        ("written", _int),
    ),
    file_size=8_000_000,
    newest="written",
    model="orders.purchasesummary",
)
# What formulas and roll-ups give of a customer. It changes with orders and whatever else is counted, so it is a log,
# too; there are rows only while there are such fields.
WORKED_OUT = LakeTable(
    "worked_out",
    "party_id",
    (("party_id", _int), ("written", _int), ("there", pa.bool_())),
    file_size=8_000_000,
    newest="written",
    model="customers.party",
)
SALES_LINE = LakeTable(
    "sales_line",
    "order_id",
    (
        ("order_id", _int),
        ("line_id", _int),
        ("party_id", _int),
        ("product_id", _int),
        ("place_id", _int),
        ("channel", _text),
        ("sales_person_id", _int),
        ("day", _day),
        ("purchase_day", _day),  # of a return, the day of the sale that it gives back, where known
        ("month", _day),
        ("quantity", DECIMAL),
        ("amount", DECIMAL),
        ("discount", DECIMAL),
        ("cost", DECIMAL),
        ("currency", _text),
        ("kind", _text),
    ),
    partition="month",
    model="orders.orderline",
)
EVENT = LakeTable(
    "event",
    "event_id",
    (
        ("event_id", _int),
        ("party_id", _int),
        ("kind", _text),
        ("channel", _text),
        ("direction", _text),
        ("occurred_at", pa.timestamp("us", "UTC")),
        ("day", _day),
        ("actor_id", _int),
        ("object_type", _text),
        ("object_id", _int),
        ("payload", _text),
    ),
    model="ledger.event",
)

# Whoever works here, by what rows have as their owner.
COLLEAGUE = LakeTable("colleague", "owner_id", (("owner_id", _int), ("name", _text)))

# What the refresh fills, in the order of it: what facts refer to comes before them.
REFRESHED = (
    PARTY,
    PRODUCT,
    PLACE,
    STAFF,
    COLLEAGUE,
    CHANNEL,
    DATE,
    PAYING,
    FIRST_PURCHASE,
    PURCHASES,
    WORKED_OUT,
    SALES_LINE,
    EVENT,
)


def all() -> tuple[LakeTable, ...]:  # noqa: A001  read as schema.all()
    """Every table: those that the refresh fills, and those of the doors "lake_source" and "lake_table"."""
    return (*REFRESHED, *(source.table for source in hooks.get("lake_source")), *hooks.get("lake_table"))


def named(name: str) -> LakeTable:
    """The table called `name`. Raises KeyError where none is declared."""
    for table in all():
        if table.name == name:
            return table
    raise KeyError(f"The lake has no table “{name}”; it has: {', '.join(table.name for table in all())}.")
