"""What the forecast hangs into the house."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from guanxi.foundation import hooks, shell, tasks
from guanxi.foundation.governing import Subject
from guanxi.foundation.shell import MenuEntry
from guanxi.sales.forecast import api, attaining, desk
from guanxi.sales.forecast.tasks import keep_night

hooks.register("subject", Subject("forecasts", _("Forecasts"), ("view", "edit"), owned=True), order=16)
hooks.register("subject", Subject("quotas", _("Quotas"), owned=True), order=17)
hooks.register(
    "menu",
    MenuEntry(shell.SELLING, _("Forecast"), "forecast:all", "chart-histogram", order=12, needs=("view", "forecasts")),
)
hooks.register("button:deals", desk.forecast_button)
hooks.register("filters:deals", [desk.OF_TEAM])
hooks.register("api", ("/forecast", api.router), order=26)
hooks.register("schedule", tasks.Daily(keep_night, at="01:20"))
hooks.register("lake_source", attaining.SOURCE)
for measure in attaining.MEASURES:
    hooks.register("measure", measure)
for dimension in attaining.DIMENSIONS:
    hooks.register("dimension", dimension)
hooks.register("hierarchy", attaining.HIERARCHY)
for tile in attaining.TILES:
    hooks.register("dashboard_tile:sales", tile)
