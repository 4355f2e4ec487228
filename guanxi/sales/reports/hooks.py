"""What the figures of selling hang into the house: facts of the lake, measures, dimensions, a dashboard."""

from __future__ import annotations

from guanxi.foundation import hooks
from guanxi.lake.explore import behind
from guanxi.sales.reports import boards, facts, figures

for source in facts.SOURCES:
    hooks.register("lake_source", source)
for measure in figures.MEASURES:
    hooks.register("measure", measure)
for dimension in figures.DIMENSIONS:
    hooks.register("dimension", dimension)
for levels in figures.HIERARCHIES:
    hooks.register("hierarchy", levels)
hooks.register("dashboard", boards.SALES)
for slug in ("deals", "activities"):
    hooks.register(f"questions:{slug}", behind.OF_RECORDS)
