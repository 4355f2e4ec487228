"""Which of the viewer's own deals stand where they are for too long, and what deals may bring."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from decimal import Decimal
from functools import partial

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from guanxi.foundation import clock
from guanxi.foundation.desk import list_url
from guanxi.foundation.todos import actions as todos
from guanxi.foundation.todos.models import Todo
from guanxi.foundation.todos.queries import next_actions
from guanxi.foundation.visibility import Viewer, may
from guanxi.sales.day import wording
from guanxi.sales.day.lines import SHOWN, Line, Section, Worth
from guanxi.sales.deals import queries
from guanxi.sales.deals.models import Deal, State

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
        deal.name, reverse("desk:record", args=["deals", deal.pk]), "hourglass", (_age(deal), what), deal.party.name,
        "deals.deal", deal.pk, deal.amount, late=following is None,
    )  # fmt: skip


def _age(deal: Deal) -> str:
    days = deal.days_in_stage
    words = ngettext(
        "%(count)s day in “%(stage)s”, %(expected)s are expected",
        "%(count)s days in “%(stage)s”, %(expected)s are expected",
        days,
    )
    return words % {"count": days, "stage": deal.stage, "expected": deal.stage.expected_days}


def worth(ids: Collection[int], viewer: Viewer) -> dict[int, Worth]:
    """What deals may bring, and why they do not wait."""
    rows = Deal.objects.visible_to(viewer).filter(pk__in=ids).select_related("stage")
    bare = rows.only("weighted", "amount", "probability", "expected_close", "stage_since", "state", "stage__name",
                     "stage__expected_days")  # fmt: skip
    return {deal.pk: _worth(deal) for deal in bare}


def _worth(deal: Deal) -> Worth:
    if deal.state != State.OPEN:
        return Worth(None, (deal.get_state_display(),))
    closes = deal.expected_close is not None and deal.expected_close <= clock.today() + SOON
    return Worth(_amount(deal), pressing=closes or deal.is_ageing, more=partial(_reasons, deal))


def _amount(deal: Deal) -> Decimal | None:
    amount: Decimal | None = deal.weighted if deal.weighted is not None else deal.amount
    return amount


def _reasons(deal: Deal) -> tuple[str, ...]:
    chance = _("%(percent)s %% likely") % {"percent": deal.probability} if _amount(deal) is not None else ""
    closing = wording.closing(deal.expected_close, clock.today())
    return tuple(filter(None, (chance, closing, _age(deal) if deal.is_ageing else "")))
