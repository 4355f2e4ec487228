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
from guanxi.orders.models import OrderLine

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
    """A column of the answer; `labels` says how coded values read, `key` names the column with the record's number."""

    name: str
    label: str
    role: str
    format: str
    key: str | None = None
    labels: dict[str, str] | None = None


class ResultOut(Schema):
    """The answer. Amounts are numbers; text where a number could not hold every digit."""

    columns: list[ColumnOut]
    rows: list[dict[str, Any]]
    totals: dict[str, Any] | None = None
    as_of: datetime | None
    currency: str
    notes: list[str]


class MeasureOut(Schema):
    name: str
    label: str
    format: str
    help: str


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
    """Measures, by dimensions, where; `GET /api/v1/query` lists their names. Unknown names answer 422 with the known."""
    question = query.Query(asked.measures, asked.by, asked.where, asked.order, asked.limit, asked.totals)
    try:
        result = query.run(question, request.user)
    except LakeBroken as error:
        raise HttpError(503, str(error)) from error
    shapes = {column.name: column.format for column in result.columns}
    return {
        "columns": [
            {
                "name": column.name,
                "label": column.label,
                "role": column.role,
                "format": column.format,
                "key": column.key or None,
                "labels": _words(column.labels),
            }
            for column in result.columns
        ],
        "rows": [_plain(row, shapes) for row in result.rows],
        "totals": None if result.totals is None else _plain(result.totals, shapes),
        "as_of": result.as_of,
        "currency": result.currency,
        "notes": result.notes,
    }


@router.get("", response=WordsOut, summary="What can be asked", operation_id="query_words")
def get_words(request: HttpRequest) -> dict[str, Any]:
    """The measures and dimensions, with labels in the language asked for."""
    visibility.require(request.user, "view", OrderLine)
    return {
        "measures": [
            {"name": one.name, "label": str(one.label), "format": one.format, "help": str(one.help)}
            for one in measures.all().values()
        ],
        "dimensions": [
            {"name": one.name, "label": str(one.label), "kind": one.kind, "labels": _words(one.labels)}
            for one in dimensions.all().values()
        ],
    }


def _words(labels: Mapping[Any, str]) -> dict[str, str] | None:
    return {str(value): label for value, label in labels.items()} or None


def _plain(row: Mapping[str, Any], shapes: Mapping[str, str]) -> dict[str, Any]:
    return {name: plain(value, shapes.get(name, "")) for name, value in row.items()}


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
