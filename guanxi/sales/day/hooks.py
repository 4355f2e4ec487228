"""What the day hangs into the house, and what stands on it by itself."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from guanxi.foundation import hooks, shell
from guanxi.foundation.keys import LIST, Shortcut
from guanxi.sales.day import api, queries
from guanxi.sales.day.sections import customers, deals, leads, meetings, mentions, work

hooks.register(
    "menu",
    shell.MenuEntry(shell.TOP, _("My day"), "day:mine", "sun", order=2, key="y", needs=("view", "tasks")),
)
hooks.register("today_section", queries.brief, order=4)
hooks.register("shortcut", Shortcut("d", "next-done", _("On My day: do it, and open the next"), LIST), order=21)
hooks.register("shortcut", Shortcut("u", "undo-done", _("On My day: take back what was done last"), LIST), order=22)

for position, section in enumerate(
    [work.next_actions, work.tasks, meetings.today, leads.waiting, deals.ageing, customers.slipping, mentions.unread]
):
    hooks.register("day_section", section, order=10 * (position + 1))
hooks.register("day_worth", ("deals.deal", deals.worth))
hooks.register("day_worth", ("customers.party", customers.worth))
hooks.register("day_worth", ("leads.lead", leads.worth))
hooks.register("api", ("/day", api.router), order=23)
