"""What happens by itself: new customers are put into their territories at night."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from guanxi.foundation import tasks
from guanxi.foundation.visibility import SYSTEM
from guanxi.sales.territories import actions
from guanxi.sales.territories.models import Territory


@tasks.task(label=_("New customers into territories"))
def place_new() -> dict[str, int]:
    """Put customers who are in none yet into the territory whose rule they fulfil."""
    return {"placed": actions.place_new(by=SYSTEM) if Territory.objects.filter(active=True).exists() else 0}
