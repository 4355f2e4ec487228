"""What the figures of selling hang into the house: facts of the lake, measures, dimensions, a dashboard."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from guanxi.foundation import hooks
from guanxi.foundation.desk import Panel
from guanxi.lake.explore import behind
from guanxi.sales.reports import api, boards, facts, figures, panels

for source in facts.SOURCES:
    hooks.register("lake_source", source)
for measure in figures.MEASURES:
    hooks.register("measure", measure)
for dimension in figures.DIMENSIONS:
    hooks.register("dimension", dimension)
for levels in figures.HIERARCHIES:
    hooks.register("hierarchy", levels)
hooks.register("dashboard", boards.SALES)
hooks.register(
    "panel:deals",
    Panel(
        "left", _("What it has cost so far"), "sales_reports/cost.html", context=panels.cost, order=40, lazy=True,
        key="cost", when=panels.may_see_costs,
    ),
)  # fmt: skip
hooks.register("api", ("/deals", api.router), order=26)
for slug in ("deals", "activities"):
    hooks.register(f"questions:{slug}", behind.OF_RECORDS)
