"""What the forecast hangs into the house."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from guanxi.foundation import hooks, shell, tasks
from guanxi.foundation.governing import Subject
from guanxi.foundation.shell import MenuEntry
from guanxi.sales.forecast import api, desk
from guanxi.sales.forecast.tasks import keep_night

hooks.register("subject", Subject("forecasts", _("Forecasts"), ("view", "edit"), owned=True), order=16)
hooks.register("subject", Subject("quotas", _("Quotas"), owned=True), order=17)
hooks.register(
    "menu",
    MenuEntry(shell.WORK, _("Forecast"), "forecast:all", "chart-histogram", order=12, needs=("view", "forecasts")),
)
hooks.register("button:deals", desk.forecast_button)
hooks.register("filters:deals", [desk.OF_TEAM])
hooks.register("api", ("/forecast", api.router), order=26)
hooks.register("schedule", tasks.Daily(keep_night, at="01:20"))
