"""Reports are sent in the morning."""

from guanxi.foundation import hooks
from guanxi.foundation.reports.tasks import send_due
from guanxi.foundation.tasks import Daily

hooks.register("schedule", Daily(send_due, at="06:00"))
