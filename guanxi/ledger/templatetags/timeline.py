"""How a timeline says when."""

from __future__ import annotations

from datetime import datetime, timedelta

from django import template
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from guanxi.foundation import clock

register = template.Library()


@register.filter
def when(moment: datetime) -> str:
    """Today and yesterday with the time of day, else the day, in the business's time zone."""
    local = moment.astimezone(clock.zone())
    day, today = local.date(), clock.today()
    words = {today: _("today"), today - timedelta(days=1): _("yesterday")}
    if day in words:
        return f"{words[day]} {formats.time_format(local, 'H:i')}"
    return formats.date_format(day, pgettext("date format", "j M"))
