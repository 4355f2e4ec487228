"""What the win score hangs into deals and into the house."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from guanxi.foundation import hooks, shell
from guanxi.foundation.desk import Panel
from guanxi.foundation.shell import MenuEntry
from guanxi.foundation.tasks import Daily
from guanxi.sales.winning import actions, api, lists, panels, queries, rights, tasks

hooks.register(
    "menu", MenuEntry(shell.KNOW, _("Win score"), "winning:models", "target", order=45, needs=("view", "insight"))
)
hooks.register(
    "panel:deals",
    Panel("right", _("Win score"), "winning/score.html", context=panels.score, order=5, key="win", when=panels.is_open),
)
hooks.register("columns:deals", lists.COLUMNS)
hooks.register("card:deals", lists.NAME)
hooks.register("deal_probabilities", queries.probabilities)
hooks.register("api", ("/deals", api.of_deal), order=26)
hooks.register("api", ("/winning", api.router), order=61)
hooks.register("happened", actions.follow)
for kept in rights.KEPT:
    hooks.register("kept_about", kept)
hooks.register("schedule", Daily(tasks.score_deals, at="03:00"))  # after the standings, which it goes by
