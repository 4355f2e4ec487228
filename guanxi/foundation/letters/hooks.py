"""Waiting mails are looked for every minute."""

from guanxi.foundation import hooks
from guanxi.foundation.letters import tasks
from guanxi.foundation.tasks import Every

hooks.register("schedule", Every(tasks.send_waiting, minutes=1))
