"""What the lake hangs into lower floors."""

from __future__ import annotations

from guanxi.foundation import hooks
from guanxi.foundation.tasks import Daily, Every
from guanxi.lake import tables, tasks

hooks.register("schedule", Every(tasks.refresh, seconds=30))
hooks.register("schedule", Daily(tasks.tidy, at="03:30"))
hooks.register("ready", tables.ready)
