"""What stands of the account plan on the page of an organisation."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from guanxi.customers.models import Party
from guanxi.foundation.visibility import Viewer, may
from guanxi.sales.accounts import queries
from guanxi.sales.accounts.models import AccountGoal

SHOWN = 4


def brief(party: Party, viewer: Viewer) -> dict[str, Any]:
    """The goals aimed at, and when the plan is gone through next."""
    aims = [aim for aim in queries.aims(party, viewer) if aim.goal.state == AccountGoal.State.OPEN]
    return {
        "party": party,
        "aims": aims[:SHOWN],
        "review": queries.to_come(party, viewer),
        "url": reverse("account_plans:plan", args=[party.pk]),
    }


def has_plan(party: Party, viewer: Viewer) -> bool:
    """Whether an account plan can be made of it, and seen."""
    return party.kind == Party.Kind.ORGANISATION and may(viewer, "view", AccountGoal)
