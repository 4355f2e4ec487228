"""What insight hangs into lower floors."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from guanxi.customers.hanging import Hanging
from guanxi.foundation import hooks, shell
from guanxi.foundation.api.additions import Addition
from guanxi.foundation.desk import Panel
from guanxi.foundation.governing import Subject
from guanxi.foundation.reports import Report, Rhythm
from guanxi.foundation.shell import Command, MenuEntry
from guanxi.foundation.tasks import Daily, Every
from guanxi.insight import (
    actions,
    api,
    booking,
    bulk,
    cost_facts,
    costing,
    desk,  # noqa: F401  registers the desk
    events,
    figures,
    lists,
    panels,
    rights,
    tasks,
)
from guanxi.insight.models import Cost
from guanxi.insight.reports import equity, today

# What people see -----------------------------------------------------------------------------------------------------

hooks.register(
    "subject", Subject("insight", _("Value, stage and models"), ("view", "edit", "export", "run"), owned=True), order=80
)
hooks.register(
    "menu", MenuEntry(shell.KNOW, _("Customer equity"), "insight:equity", "coin", order=30, needs=("view", "insight"))
)
hooks.register(
    "menu", MenuEntry(shell.KNOW, _("Models"), "insight:models", "chart-dots-3", order=40, needs=("view", "insight"))
)
hooks.register("palette", Command(_("Assumptions"), "insight:assumptions", "adjustments", needs=("view", "insight")))
hooks.register("palette", Command(_("Cost rates"), "/costs/", "coins", needs=("view", "insight")))

EQUITY = Report(
    "equity", _("Customer equity"), "insight/equity.html", equity.context, Rhythm.MONTHLY, "coin", "/insight/"
)
hooks.register("report", EQUITY)
hooks.register("today_tile", today.tile)
hooks.register("today_section", today.base)
hooks.register("slipping_away", today.slipping, order=200)  # after the rule of orders, which it takes the place of

hooks.register(
    "panel:customers",
    Panel("right", _("Standing"), "insight/standing.html", context=panels.standing, order=20, bare=True),
)
hooks.register("pills:customers", panels.pills, order=50)
hooks.register("beside:customers", "standing")
hooks.register("columns:customers", lists.COLUMNS)
hooks.register("filters:customers", lists.FILTERS)
hooks.register("board:customers", lists.BOARD)
for position, kind in enumerate(events.KINDS):
    hooks.register("event_kind", kind, order=70 + position)

for kept in rights.KEPT:
    hooks.register("kept_about", kept)

# What programs see ---------------------------------------------------------------------------------------------------

hooks.register("answer:parties", Addition("standing", api.StandingOut, api.standings))
hooks.register("api", ("/parties", api.of_party), order=13)
hooks.register("api", ("/insight", api.router), order=60)

hooks.register("party_reassigned", actions.follow_merges)
hooks.register("happened", actions.follow_restrictions)

# What happens by itself ----------------------------------------------------------------------------------------------

hooks.register("schedule", Daily(tasks.learn, at="02:30"))
hooks.register("schedule", Every(tasks.learn_when_much_is_new, minutes=1))
hooks.register("schedule", Every(booking.what_is_new, minutes=1))
hooks.register("activity_changed", costing.follow)
hooks.register("hangs_on_party", Hanging(Cost))
hooks.register("lake_source", cost_facts.SOURCE)
hooks.register("sample_removed", tasks.forget_sample)
hooks.register("lake_table", bulk.STANDING)
hooks.register("lake_table", bulk.HISTORY)
for measure in (*figures.MEASURES, *cost_facts.MEASURES):
    hooks.register("measure", measure)
for tile in figures.TILES:
    hooks.register("dashboard_tile:management", tile)
for dimension in (*figures.DIMENSIONS, *cost_facts.DIMENSIONS):
    hooks.register("dimension", dimension)
