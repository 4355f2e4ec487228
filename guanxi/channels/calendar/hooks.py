"""What the calendar hangs into the house: a card on one's own page, invitations on meetings and mails, calendars
elsewhere, and its ears."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from guanxi.channels.activities.models import Activity
from guanxi.channels.calendar import actions, api, desk, panels, tasks, views
from guanxi.channels.calendar.actions import accounts, inviting, repeating
from guanxi.channels.calendar.models import Clash, Entry, Notice
from guanxi.foundation import hooks, shell
from guanxi.foundation.tasks import Every

hooks.register("account_card", views.card, order=40)
MENU = shell.MenuEntry(
    shell.WORK, _("Calendar of the team"), "calendar:team", "calendar-user", order=8, needs=("view", Activity)
)
hooks.register("menu", MENU, order=8)
hooks.register("panel:activities", panels.MEETING)
hooks.register("panel:messages", panels.MAIL)
hooks.register("panel:calendars", desk.HEALTH)
hooks.register("schedule", Every(tasks.look, minutes=1, when=tasks.is_needed))
hooks.register("mail_came", actions.take)
hooks.register("activity_changed", repeating.follow, order=5)
hooks.register("activity_changed", inviting.follow)
hooks.register("activity_changed", accounts.follow_here)
hooks.register("loose_text", (Notice, ["mail", "comment", "words", "place"]))
hooks.register("loose_text", (Entry, ["subject", "text"]))
hooks.register("loose_text", (Clash, ["ours", "theirs"]))
hooks.register("api", ("/calendar", api.router), order=78)
