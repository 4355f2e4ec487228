"""The form of a calendar elsewhere."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from guanxi.channels.calendar.models import Account
from guanxi.channels.connecting import ConnectionForm


class AccountForm(ConnectionForm[Account]):
    """Where the calendar is and how one gets in."""

    class Meta:
        model = Account
        fields = ("address", "username", "password", "name", "shared")
        help_texts = {
            "address": _("As your provider names it for CalDAV, such as https://calendar.example.com/."),
            "name": _("Only needed where there are several calendars."),
        }
