"""Why somebody stands where he stands, in words that a manager understands."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from django.db.models import ObjectDoesNotExist
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from guanxi.customers.models import Party
from guanxi.insight.models import Stage, Standing
from guanxi.lake import figures
from guanxi.orders.models import PurchaseSummary

RARE_DAYS = 60  # gaps from which on people count in months
MONTH = 30.4
WINDOW, WINDOWS = 30, 6  # days, and how many of them are compared


def purchases_of(party: Party) -> PurchaseSummary | None:
    """What his orders say in sum; None where there are none."""
    try:
        return party.purchases
    except ObjectDoesNotExist:
        return None


def reason(standing: Standing, purchases: PurchaseSummary | None, bought: Collection[date] = ()) -> str:
    """Why he is in his stage: “Buys every 9 days, silent for 31.”

    `bought` are the days of the last half year on which he bought: where he cools off without being silent for long,
    they tell how much less he buys than at his best.
    """
    if purchases is None or purchases.purchase_days == 0:
        return _("Has not bought yet.")
    silent = _silent(standing.day, purchases.last_day)
    if purchases.purchase_days == 1 or not purchases.gap_mean:
        return _("Bought once, %(silent)s.") % {"silent": silent}
    often = _often(purchases.gap_mean)
    if standing.stage not in (Stage.DECLINE, Stage.BROKEN):
        return _("Buys %(often)s, %(silent)s.") % {"often": often, "silent": silent}
    overdue = purchases.overdue_from is not None and purchases.overdue_from <= standing.day
    now, best = pace(bought, standing.day)
    if standing.stage == Stage.DECLINE and not overdue and now < best:
        days = ngettext("Bought on %(now)s day of the last 30", "Bought on %(now)s days of the last 30", now)
        return _("%(days)s, on %(best)s at his best this half year.") % {"days": days % {"now": now}, "best": best}
    return _("Bought %(often)s, %(silent)s.") % {"often": often, "silent": silent}


def pace(bought: Collection[date], until: date) -> tuple[int, int]:
    """On how many days of the last 30 he bought, and on how many of the best 30 of the half year."""
    windows = [0] * WINDOWS
    for day in bought:
        place = (until - day).days // WINDOW
        if 0 <= place < WINDOWS:
            windows[place] += 1
    return windows[0], max(windows)


def meaning(stage: str) -> str:
    """What a stage means."""
    words = {
        Stage.NONE: _("There was no purchase yet."),
        Stage.EXPLORATION: _("Trying us out: few purchases, or known for a short time only."),
        Stage.FORMATION: _("Growing into a habit: buys more than before, or is getting used to us."),
        Stage.STABILITY: _("A habit: buys as he is used to."),
        Stage.DECLINE: _("Cooling off: less active than at his best, or likely gone."),
        Stage.BROKEN: _("Gone, as far as anybody can tell."),
    }
    return words.get(Stage(stage), "") if stage in Stage.values else ""


def since(standing: Standing) -> str:
    """Since when he is in his stage."""
    if standing.stage_since is None:
        return ""
    return _("since %(day)s") % {"day": date_format(standing.stage_since, "DATE_FORMAT")}


def warning(standing: Standing) -> str:
    """The early warning, where his risk has moved; empty where there is none."""
    if standing.warned_on is None:
        return ""
    day = date_format(standing.warned_on, "DATE_FORMAT")
    if standing.risk is None or standing.risk_before is None:
        return _("Early warning of %(day)s: he buys later than he used to.") % {"day": day}
    return _("Early warning of %(day)s: the risk rose from %(before)s to %(now)s.") % {
        "day": day,
        "before": percent(standing.risk_before),
        "now": percent(standing.risk),
    }


def percent(share: float | None) -> str:
    """A chance as whole per cent; never 0 or 100 where it is neither."""
    if share is None:
        return "–"
    whole = round(100 * share)
    if whole == 0 and share > 0:
        return _("under 1 %")
    if whole == 100 and share < 1:
        return _("over 99 %")
    return f"{whole} %"


def _often(gap: float) -> str:
    days = max(round(gap), 1)
    if days >= RARE_DAYS:
        months = round(gap / MONTH)
        return ngettext("every %(months)s month", "every %(months)s months", months) % {"months": months}
    return ngettext("every day", "every %(count)s days", days) % {"count": days}


def _silent(day: date, last: date) -> str:
    days = max((day - last).days, 0)
    return ngettext("silent for %(days)s day", "silent for %(days)s days", days) % {"days": figures.whole(days)}
