"""The orders or customers behind a figure, as a question to their list."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from guanxi.foundation.actions import Refused
from guanxi.foundation.desk import Question
from guanxi.foundation.visibility import SYSTEM
from guanxi.lake import dimensions, links, measures, query

MOST = 1_000  # orders behind one figure that the list shows; the newest
MOST_CUSTOMERS = 10_000


def condition(text: str) -> Q:
    """The orders that make up the figure. Raises Refused. The list itself asks what its viewer may see."""
    return Q(pk__in=query.orders_behind(_where(text), SYSTEM, MOST))


def customers(text: str) -> Q:
    """The customers that make up the figure. Raises Refused."""
    base, where = _of_customers(text)
    return Q(pk__in=query.customers_behind(base, where, SYSTEM, MOST_CUSTOMERS))


def records(text: str) -> Q:
    """The records of a table's own list that make up the figure, such as deals. Raises Refused."""
    base, where = _of_customers(text)
    return Q(pk__in=query.records_behind(base, where, SYSTEM, MOST_CUSTOMERS))


def words(text: str) -> str:
    """What a figure of orders is of."""
    return _spoken(_where(text))


def customer_words(text: str) -> str:
    """What a figure of customers is of."""
    return _spoken(_of_customers(text)[1])


def _spoken(where: Mapping[str, Any]) -> str:
    known = dimensions.all()
    parts = []
    for name, asked in where.items():
        label = str(known[name].label) if name in known else name
        parts.append(f"{label}: {spoken(known.get(name), asked)}")
    return _("Behind a figure (%(what)s)") % {"what": "; ".join(parts)} if parts else _("Behind a figure")


def spoken(dimension: Any, asked: Any) -> str:
    """A filter on one dimension in words."""
    if isinstance(asked, Mapping) and "not" in asked:
        return _("all but %(values)s") % {"values": spoken(dimension, asked["not"])}
    if isinstance(asked, Mapping):
        first, last = asked.get("from", "…"), asked.get("to", "…")
        return str(first) if first == last else f"{first} – {last}"
    labels = dimension.labels if dimension else {}
    values = asked if isinstance(asked, list) else [asked]
    shown = [_("not known") if value is None else str(labels.get(value, value)) for value in values[:3]]
    more = len(values) - len(shown)
    return ", ".join(shown) + (_(" and %(count)s more") % {"count": more} if more else "")


def _where(text: str) -> dict[str, Any]:
    try:
        where = json.loads(text)
    except ValueError:
        where = None
    if not isinstance(where, dict):
        raise Refused(_("This address does not say which figure is meant; open it from the figure again."))
    return where


def _of_customers(text: str) -> tuple[str, dict[str, Any]]:
    """The table that a figure is worked out over, and which of its customers it counts."""
    asked = _where(text)
    base, where = asked.get("of"), asked.get("where")
    tables = {measure.base for measure in measures.all().values()} - {measures.SALES_LINES}
    if base not in tables or not isinstance(where, dict):
        raise Refused(_("This address does not say which figure is meant; open it from the figure again."))
    return str(base), where


QUESTION = Question(links.FIGURE, condition, words)
OF_RECORDS = Question(links.FIGURE, records, customer_words)  # for the list that a table's `records` names
OF_CUSTOMERS = Question(links.FIGURE, customers, customer_words)
