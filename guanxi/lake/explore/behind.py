"""The orders behind a figure, as a question to the list of orders."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from guanxi.foundation.actions import Refused
from guanxi.foundation.desk import Question
from guanxi.foundation.visibility import SYSTEM
from guanxi.lake import dimensions, links, query

MOST = 1_000  # orders behind one figure that the list shows; the newest


def condition(text: str) -> Q:
    """The orders that make up the figure. Raises Refused. The list itself asks what its viewer may see."""
    return Q(pk__in=query.orders_behind(_where(text), SYSTEM, MOST))


def words(text: str) -> str:
    """What the figure is of."""
    known = dimensions.all()
    parts = []
    for name, asked in _where(text).items():
        label = str(known[name].label) if name in known else name
        parts.append(f"{label}: {spoken(known.get(name), asked)}")
    return _("Behind a figure (%(what)s)") % {"what": "; ".join(parts)} if parts else _("Behind a figure")


def spoken(dimension: Any, asked: Any) -> str:
    """A filter on one dimension in words."""
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


QUESTION = Question(links.FIGURE, condition, words)
