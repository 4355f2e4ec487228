"""What the API hangs into the house: the purge of old answers."""

from __future__ import annotations

from guanxi.foundation import hooks
from guanxi.foundation.api import idempotency
from guanxi.foundation.tasks import Every

hooks.register("schedule", Every(idempotency.purge, minutes=60))
