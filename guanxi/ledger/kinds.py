"""The kinds of event: how each is called, drawn and put into a sentence.

The ledger stores any kind; what it means is declared by the package that records it, at the door "event_kind"::

    hooks.register("event_kind", EventKind("call", _("Call"), "phone", _("Call, %(minutes)s min"), family=Family.CALLS))
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import models
from django.utils import formats
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from guanxi.foundation import hooks
from guanxi.foundation.governing import Reach, Rights

Payload = dict[str, Any]
Text = Any  # str or a lazy translation


class Family(models.TextChoices):
    """The tabs of a timeline."""

    ORDERS = "orders", _("Orders")
    MESSAGES = "messages", _("Messages")
    CALLS = "calls", _("Calls")
    CASES = "cases", _("Cases")
    VISITS = "visits", _("Visits")
    DEALS = "deals", _("Deals")
    COSTS = "costs", _("Costs")
    RECORDS = "records", _("Changes")
    OTHER = "other", _("Other")


@dataclass(frozen=True)
class EventKind:
    """One kind of event.

    `summary` and `detail` are sentences with named placeholders filled from the payload, or functions of it. With
    `many` ("%(count)s mailings"), events of the kind that follow each other are shown as one card.
    """

    code: str
    label: Text
    icon: str = "point"
    summary: Text | Callable[[Payload], str] = ""
    detail: Text | Callable[[Payload], str] = ""
    family: str = Family.OTHER
    many: Text = ""
    template: str = ""  # a card of its own; gets `event`, its `object`, `kind`, `summary`, `detail`
    needs: str = ""  # the subject whose right to view is asked besides that to view events
    aside: bool = False  # stands under its own tab only, not among everything

    def sentence(self, payload: Payload) -> str:
        """The headline of an event with this payload."""
        return _fill(self.summary, payload) or str(self.label)

    def explanation(self, payload: Payload) -> str:
        """The second line, empty where there is nothing to add."""
        return _fill(self.detail, payload)

    def together(self, count: int) -> str:
        """The headline of `count` events shown as one."""
        return str(self.many) % {"count": count}


AMOUNTS = ("amount", "total")  # of a payload; where there is one, "was" is what it was before


def amount_text(amount: Any) -> str:
    """An amount of a payload as people read it."""
    try:
        return formats.number_format(Decimal(str(amount)), 2, use_l10n=True, force_grouping=True)
    except InvalidOperation:
        return str(amount)


def _fill(text: Any, payload: Payload) -> str:
    if callable(text):
        return str(text(payload))
    names = (*AMOUNTS, "was") if any(name in payload for name in AMOUNTS) else ()
    known = {key: amount_text(value) if key in names else value for key, value in payload.items() if value is not None}
    return (str(text) % defaultdict(str, known)).strip() if text else ""


def registered() -> list[EventKind]:
    """All declared kinds, in order."""
    return hooks.get("event_kind")


def of(code: str) -> EventKind:
    """The kind called `code`; one that nobody declared is shown by its code."""
    found = next((kind for kind in registered() if kind.code == code), None)
    return found or EventKind(code, capfirst(code.replace(".", " ").replace("_", " ")))


def codes_of(family: str) -> list[str]:
    """The codes of the declared kinds of a family."""
    return [kind.code for kind in registered() if kind.family == family]


def families(hidden: Collection[str] = ()) -> list[Family]:
    """The families that any declared kind belongs to, in the order of the tabs; the rest is only under everything."""
    present = {kind.family for kind in registered() if kind.code not in hidden} - {Family.OTHER}
    return [family for family in Family if family.value in present]


def asides() -> list[str]:
    """The codes of the kinds that stand under their own tab only."""
    return [kind.code for kind in registered() if kind.aside]


def hidden_from(rights: Rights) -> list[str]:
    """The codes of the kinds whose events somebody with these rights does not see."""
    return [kind.code for kind in registered() if kind.needs and rights.reach(kind.needs, "view") is Reach.NONE]


def labels() -> list[tuple[str, str]]:
    """All kinds as choices for filters."""
    return [(kind.code, kind.label) for kind in registered()]
