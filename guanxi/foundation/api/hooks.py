"""What the API hangs into the house: what it has of its own, and the purge of old answers."""

from __future__ import annotations

from guanxi.foundation import hooks
from guanxi.foundation.api import history, idempotency, tasks, tokens
from guanxi.foundation.tasks import Every

hooks.register("api", ("/history", history.router), order=890)
hooks.register("api", ("/tasks", tasks.router), order=895)
hooks.register("api", ("/tokens", tokens.router), order=900)
hooks.register("api_admin", "tokens")
hooks.register("api_admin", "erasures")
hooks.register("api_reads", "query")
hooks.register("schedule", Every(idempotency.purge, minutes=60))
