"""Reports are sent in the morning; programs say which they want."""

from guanxi.foundation import hooks
from guanxi.foundation.reports import api
from guanxi.foundation.reports.tasks import send_due
from guanxi.foundation.tasks import Daily

hooks.register("schedule", Daily(send_due, at="06:00"))
hooks.register("api", ("/reports", api.router), order=53)
