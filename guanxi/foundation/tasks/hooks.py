"""What the tasks hang into the house: their screen and their own housekeeping."""

from guanxi.foundation import hooks
from guanxi.foundation.tasks import desk  # noqa: F401  registers the desk of background tasks
from guanxi.foundation.tasks.schedule import Daily
from guanxi.foundation.tasks.tasks import clear_old

hooks.register("schedule", Daily(clear_old, at="03:30"))
