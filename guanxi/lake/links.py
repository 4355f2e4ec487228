"""Addresses of figures: the question itself on Explore, and the orders or customers behind it, which their list then
asks for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.core.serializers.json import DjangoJSONEncoder
from django.urls import reverse

from guanxi.foundation.desk import list_url
from guanxi.lake import dimensions, schema
from guanxi.lake.measures import SALES_LINES

Where = Mapping[str, Any]
FIGURE = "figure"


def explore(measures: Sequence[str], by: Sequence[str], where: Where) -> str:
    """The address of Explore for a question."""
    query: list[tuple[str, str]] = [("m", name) for name in measures] + [("by", name) for name in by]
    return f"{reverse('explore')}?{urlencode(query + pairs(where))}"


def orders(where: Where) -> str:
    """The address of the orders behind a figure: the list itself where it has the filters, else by the lake."""
    if set(where) <= {"day"}:
        return list_url(
            "orders", {f"f.placed_at__{_operator(key)}": value for key, value in where.get("day", {}).items()}
        )
    return list_url("orders", {f"f.{FIGURE}": _text(where)})


def customers(base: str, where: Where) -> str:
    """The address of the customers behind a figure over `base`, a table with one row per customer: the list itself
    where it has the filters, else by the lake.
    """
    known = dimensions.all()
    listed = {name: known[name].listed for name in where if name in known and known[name].listed}
    if (
        where
        and set(listed) == set(where)
        and all(isinstance(asked, list) and None not in asked for asked in where.values())
    ):
        return list_url("customers", {f"f.{listed[name]}": asked for name, asked in where.items()})
    return list_url("customers", {f"f.{FIGURE}": _text({"of": base, "where": where})})


def behind(base: str, where: Where) -> str:
    """The address of the records behind a figure over `base`: orders of sales lines, what the table's key names, or
    customers."""
    slug = schema.named(base).records
    if slug:
        return list_url(slug, {f"f.{FIGURE}": _text({"of": base, "where": where})})
    return orders(where) if base == SALES_LINES else customers(base, where)


def pairs(where: Where) -> list[tuple[str, str]]:
    """`where` as it stands in Explore's address: `f.department=GROCERY`, `f.day__from=2017-01-01`; nothing is
    `f.x=`.
    """
    found: list[tuple[str, str]] = []
    known = dimensions.all()
    for name, asked in where.items():
        records = name in known and known[name].kind == dimensions.RECORD
        edges = asked.items() if isinstance(asked, Mapping) else [("", asked)]
        for edge, values in edges:
            key = f"f.{name}__{edge}" if edge else f"f.{name}"
            found += [
                (key, _in_address(value, records)) for value in (values if isinstance(values, list) else [values])
            ]
    return found


def _in_address(value: Any, records: bool) -> str:
    """A value as addresses write it: records by “#” and their id, nothing for “not known”."""
    if value is None:
        return ""
    return f"#{value}" if records and isinstance(value, int) else str(value)


def _text(asked: Mapping[str, Any]) -> str:
    return json.dumps(asked, cls=DjangoJSONEncoder, ensure_ascii=False)


def _operator(edge: str) -> str:
    return {"from": "gte", "to": "lte"}[edge]
