"""Why somebody stands where he stands, in words that a manager understands."""

from __future__ import annotations

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


def purchases_of(party: Party) -> PurchaseSummary | None:
    """What his orders say in sum; None where there are none."""
    try:
        return party.purchases  # type: ignore[attr-defined, no-any-return]
    except ObjectDoesNotExist:
        return None


def reason(standing: Standing, purchases: PurchaseSummary | None) -> str:
    """Why he is in his stage: “Buys every 9 days, silent for 31.”"""
    if purchases is None or purchases.purchase_days == 0:
        return _("Has not bought yet.")
    silent = _silent(standing.day, purchases.last_day)
    if purchases.purchase_days == 1 or not purchases.gap_mean:
        return _("Bought once, %(silent)s.") % {"silent": silent}
    often = _often(purchases.gap_mean)
    if standing.stage in (Stage.DECLINE, Stage.BROKEN):
        return _("Bought %(often)s, %(silent)s.") % {"often": often, "silent": silent}
    return _("Buys %(often)s, %(silent)s.") % {"often": often, "silent": silent}


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
    """Since when he is in his stage, and how sure that is."""
    if standing.stage_since is None:
        return ""
    day = date_format(standing.stage_since, "DATE_FORMAT")
    if standing.stage_chance is None:
        return _("since %(day)s") % {"day": day}
    return _("since %(day)s, %(sure)s sure") % {"day": day, "sure": percent(standing.stage_chance)}


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
    return ngettext("every day", "every %(days)s days", days) % {"days": days}


def _silent(day: date, last: date) -> str:
    days = max((day - last).days, 0)
    return ngettext("silent for %(days)s day", "silent for %(days)s days", days) % {"days": figures.whole(days)}
