"""What programs see of the lake: any figure by any dimension."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router, Schema
from ninja.errors import HttpError
from pydantic import Field

from guanxi.foundation import visibility
from guanxi.lake import dimensions, measures, query
from guanxi.lake.store import LakeBroken

router = Router(tags=["Query"])

Name = Annotated[str, Field(max_length=100)]
Names = Annotated[list[Name], Field(max_length=50)]


class QueryIn(Schema):
    """A question. `where` maps a dimension to a list of values (null for “not known”) or to {"from": …, "to": …}."""

    measures: Names
    by: Names = []
    where: dict[str, Any] = {}
    order: Names = []
    limit: Annotated[int, Field(ge=1, le=query.LARGEST)] = query.LIMIT
    totals: bool = False

    model_config = {
        "extra": "forbid",
        "json_schema_extra": {
            "example": {
                "measures": ["sales", "orders"],
                "by": ["month", "department"],
                "where": {"day": {"from": "2017-03-01", "to": "2017-03-31"}, "department": ["GROCERY"]},
                "order": ["-sales"],
                "limit": 100,
            }
        },
    }


class ColumnOut(Schema):
    """What a column is; `labels` says how coded values read, `key` names the column with the record's number."""

    label: str
    role: str
    format: str
    key: str | None = None
    labels: dict[str, str] | None = None


class ResultOut(Schema):
    """The answer: the names of the columns, and rows of values in their order; `about` tells of each column.

    Amounts are numbers; text where a number could not hold every digit.
    """

    columns: list[str]
    rows: list[list[Any]]
    totals: dict[str, Any] | None = None
    about: dict[str, ColumnOut]
    as_of: datetime | None
    currency: str
    notes: list[str]


class MeasureOut(Schema):
    """A figure; `by` names the dimensions that it can be cut by."""

    name: str
    label: str
    format: str
    help: str
    by: list[str]


class DimensionOut(Schema):
    name: str
    label: str
    kind: str
    labels: dict[str, str] | None = None


class WordsOut(Schema):
    """The measures and dimensions that queries can name."""

    measures: list[MeasureOut]
    dimensions: list[DimensionOut]


@router.post("", response=ResultOut, summary="Ask for figures", operation_id="query")
def post_query(request: HttpRequest, asked: QueryIn) -> dict[str, Any]:
    """Measures, by dimensions, where; `GET /api/v1/query` lists the names. Unknown ones answer 422 with the known."""
    visibility.require(request.user, "view", "reports")
    question = query.Query(asked.measures, asked.by, asked.where, asked.order, asked.limit, asked.totals)
    try:
        result = query.run(question, request.user)
    except LakeBroken as error:
        raise HttpError(503, str(error)) from error
    shapes = {column.name: column.format for column in result.columns}
    names = [column.name for column in result.columns] + [column.key for column in result.columns if column.key]
    return {
        "columns": names,
        "rows": [_values(row, names, shapes) for row in result.rows],
        "totals": result.totals and {name: plain(value, shapes[name]) for name, value in result.totals.items()},
        "about": {
            column.name: {
                "label": column.label,
                "role": column.role,
                "format": column.format,
                "key": column.key or None,
                "labels": _words(column.labels),
            }
            for column in result.columns
        },
        "as_of": result.as_of,
        "currency": result.currency,
        "notes": result.notes,
    }


@router.get("", response=WordsOut, summary="What can be asked", operation_id="query_words")
def get_words(request: HttpRequest) -> dict[str, Any]:
    """The measures and dimensions, with labels in the language asked for."""
    visibility.require(request.user, "view", "reports")
    known = dimensions.all()
    return {
        "measures": [
            {
                "name": one.name,
                "label": str(one.label),
                "format": one.format,
                "help": str(one.help),
                "by": [name for name, dimension in known.items() if dimension.cuts(one.base)],
            }
            for one in measures.all().values()
        ],
        "dimensions": [
            {"name": one.name, "label": str(one.label), "kind": one.kind, "labels": _words(one.labels)}
            for one in known.values()
        ],
    }


def _words(labels: Mapping[Any, str]) -> dict[str, str] | None:
    return {str(value): label for value, label in labels.items()} or None


def _values(row: Mapping[str, Any], names: list[str], shapes: Mapping[str, str]) -> list[Any]:
    return [plain(row.get(name), shapes.get(name, "")) for name in names]


def plain(value: Any, shape: str = "") -> Any:
    """A value of an answer as JSON has it: 2017-03 for a month, numbers as numbers unless digits would be lost."""
    if isinstance(value, date):
        if shape == dimensions.MONTH:
            return f"{value:%Y-%m}"
        if shape == dimensions.QUARTER:
            return f"{value:%Y}-Q{(value.month + 2) // 3}"
        return value.isoformat()
    if isinstance(value, Decimal):
        if value == value.to_integral_value() and abs(value) < 2**53:
            return int(value)
        number = float(value)
        return number if Decimal(repr(number)) == value else str(value)
    return value
