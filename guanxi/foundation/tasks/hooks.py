"""What the tasks hang into the house: their own housekeeping."""

from guanxi.foundation import hooks
from guanxi.foundation.tasks.schedule import Daily
from guanxi.foundation.tasks.tasks import clear_old

hooks.register("schedule", Daily(clear_old, at="03:30"))
