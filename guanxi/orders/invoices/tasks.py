"""Reminders proposed every morning."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from guanxi.foundation.tasks import task
from guanxi.foundation.visibility import SYSTEM
from guanxi.orders.invoices import actions


@task(label=_("Reminders proposed"))
def propose_reminders() -> int:
    """Propose what is due; returns how many. Nothing is sent by that."""
    return actions.propose(by=SYSTEM)
