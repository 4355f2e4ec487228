"""Which of the viewer's own deals stand where they are for too long, and what deals may bring."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from guanxi.foundation import clock
from guanxi.foundation.desk import list_url, record_url
from guanxi.foundation.todos import actions as todos
from guanxi.foundation.todos.models import Todo
from guanxi.foundation.todos.queries import next_actions
from guanxi.foundation.visibility import Viewer, columns, may
from guanxi.sales.day import wording
from guanxi.sales.day.lines import SHOWN, Line, Section, Worth
from guanxi.sales.deals import queries
from guanxi.sales.deals.models import Deal, State, days_since
from guanxi.sales.deals.ready_made import worded

SOON = timedelta(days=7)  # a deal that is to close so soon does not wait


def ageing(viewer: Viewer) -> Section | None:
    """Open deals that are in their stage for longer than is expected of it, those that may bring most first."""
    if not may(viewer, "view", Deal):
        return None
    found = queries.own_ageing(viewer, limit=SHOWN)
    following = next_actions(found)
    lines = [_line(deal, following.get(deal.pk)) for deal in found]
    url = list_url("deals", {"f.owner": viewer.pk, "f.ageing": 1})
    return Section("ageing", _("Deals that stand still"), lines, url)


def _line(deal: Deal, following: Todo | None) -> Line:
    what = _("next: %(what)s") % {"what": todos.sentence(following)} if following else _("nothing is to be done next")
    return Line(
        deal.name, record_url("deals", deal.pk), "hourglass",
        (_age(deal.days_in_stage, deal.stage.expected_days, str(deal.stage)), what), deal.party.name,
        "deals.deal", deal.pk, deal.amount, late=following is None,
    )  # fmt: skip


def _age(days: int, expected: int | None, stage: str) -> str:
    words = ngettext(
        "%(count)s day in “%(stage)s”, %(expected)s are expected",
        "%(count)s days in “%(stage)s”, %(expected)s are expected",
        days,
    )
    return words % {"count": days, "stage": stage, "expected": expected}


class _Bare(NamedTuple):
    """What is read of a deal to say what it is worth, in the order of `READ`."""

    pk: int
    state: str
    weighted: Decimal | None
    amount: Decimal | None
    probability: int
    expected_close: date | None
    stage_since: datetime
    stage: str
    expected_days: int | None

    @property
    def brings(self) -> Decimal | None:
        return self.weighted if self.weighted is not None else self.amount


READ = (*_Bare._fields[:7], "stage__name", "stage__expected_days")


def worth(ids: Collection[int], viewer: Viewer) -> dict[int, Worth]:
    """What deals may bring, and why they do not wait."""
    now, soon = clock.now(), clock.today() + SOON
    rows = columns(Deal.objects.visible_to(viewer).filter(pk__in=ids), *READ)
    return {deal.pk: _worth(deal, now, soon) for deal in map(_Bare._make, rows)}


def _worth(deal: _Bare, now: datetime, soon: date) -> Worth:
    if deal.state != State.OPEN:
        return Worth(None, (str(State(deal.state).label),))
    closes = deal.expected_close is not None and deal.expected_close <= soon
    days = days_since(deal.stage_since, now)
    ages = deal.expected_days is not None and days > deal.expected_days
    return Worth(deal.brings, pressing=closes or ages, more=partial(_reasons, deal, days if ages else None))


def _reasons(deal: _Bare, days: int | None) -> tuple[str, ...]:
    chance = _("%(percent)s %% likely") % {"percent": deal.probability} if deal.brings is not None else ""
    closing = wording.closing(deal.expected_close, clock.today())
    age = _age(days, deal.expected_days, worded(deal.stage)) if days is not None else ""
    return tuple(filter(None, (chance, closing, age)))
