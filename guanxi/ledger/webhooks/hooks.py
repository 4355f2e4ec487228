"""What webhooks hang into the house: their screen, their API, their sending by the clock."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from guanxi.foundation import hooks
from guanxi.foundation.tasks import Daily, Every
from guanxi.ledger.webhooks import (
    api,
    desk,  # noqa: F401  registers the desks
    tasks,
)
from guanxi.ledger.webhooks.models import Delivery

MOST = 100_000  # deliveries that are counted


def waiting() -> int:
    """How many deliveries wait, counted up to a hundred thousand."""
    return Delivery.objects.filter(state=Delivery.State.WAITING)[:MOST].count()


hooks.register("waiting", ("webhooks", _("Webhooks"), waiting))
hooks.register("api", ("/webhooks", api.router), order=60)
hooks.register("schedule", Every(tasks.send, seconds=1, when=tasks.is_needed))
hooks.register("schedule", Daily(tasks.forget, at="03:40"))
