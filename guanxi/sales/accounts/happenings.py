"""The kinds of event that account plans tell of."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from guanxi.ledger.kinds import EventKind, Family


def _worth(payload: dict[str, Any]) -> str:
    amount = payload.get("amount")
    return f"{settings.GUANXI_CURRENCY} {amount}" if amount else ""


DEALS = Family.DEALS
KINDS = [
    EventKind("account.goal_set", _("Goal set"), "target", _("Goal set: %(name)s"), _worth, DEALS),
    EventKind("account.goal_reached", _("Goal reached"), "trophy", _("Goal reached: %(name)s"), _worth, DEALS),
    EventKind("account.goal_missed", _("Goal missed"), "target-off", _("Goal missed: %(name)s"), _worth, DEALS),
    EventKind("account.goal_dropped", _("Goal given up"), "target-off", _("Goal given up: %(name)s"), _worth, DEALS),
    EventKind("account.reviewed", _("Account plan gone through"), "checklist", _("Account plan gone through"), "",
              DEALS),
]  # fmt: skip
