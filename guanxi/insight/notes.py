"""What a learning remarks, in sentences: notes are kept as a code with values, and said in the language of the reader.

A note that is not known here is shown as its code with its values: it is never lost, and never an error.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext

from guanxi.insight import naming
from guanxi.lake import figures

Note = dict[str, Any]
GOOD, PLAIN, WARNING = "success", "info", "warning"


def words(note: Note) -> str:
    """`note` as a sentence; its code and values where it is not known or lacks a value."""
    sentence = SENTENCES.get(str(note.get("code", "")))
    if sentence is not None:
        try:
            return sentence(note)
        except (KeyError, TypeError, ValueError):
            pass
    values = ", ".join(f"{name} = {value}" for name, value in note.items() if name != "code")
    return f"{note.get('code', '')} ({values})" if values else str(note.get("code", ""))


def listed(notes: list[Note] | None) -> list[tuple[str, str]]:
    """Tone and sentence of each note, for pages that say horizon and discount elsewhere."""
    return [(tone(note), words(note)) for note in notes or [] if note.get("code") not in SAID_ELSEWHERE]


def tone(note: Note) -> str:
    """How a note is coloured: what limits the figures stands out."""
    return PLAIN if note.get("code") in HARMLESS else WARNING


def _too_few(note: Note) -> str:
    least = int(note["least"])
    known = ngettext(
        "There is %(count)s customer with purchases", "There are %(count)s customers with purchases", int(note["count"])
    )
    return _("%(known)s; it takes %(least)s to fit a model. Values are given from then on.") % {
        "known": known % {"count": figures.whole(note["count"])},
        "least": figures.whole(least),
    }


def _too_few_repeating(note: Note) -> str:
    count = int(note["count"])
    known = ngettext("%(count)s customer has bought", "%(count)s customers have bought", count)
    if note.get("family") == "spend":
        return _(
            "%(known)s a second time at a price; it takes %(least)s to fit a model of spend. Until then everybody is "
            "expected to spend the mean."
        ) % {"known": known % {"count": figures.whole(count)}, "least": figures.whole(note["least"])}
    return _("%(known)s a second time; it takes %(least)s to fit a model. Expected values are given from then on.") % {
        "known": known % {"count": figures.whole(count)},
        "least": figures.whole(note["least"]),
    }


def _no_repeat(note: Note) -> str:
    return _(
        "None of the %(count)s customers has bought a second time, so nobody can say yet how often they come back: "
        "expected values are not given."
    ) % {"count": figures.whole(note["count"])}


REASONS = {
    "no repeat purchase": _lazy("nobody bought a second time"),
    "no time": _lazy("nobody has been watched for any time yet"),
    "too little": _lazy("there are fewer customers than the model has parameters"),
    "all alike": _lazy("customers do not differ in what the model says they differ in"),
    "unbounded": _lazy("the data fit a simpler model: a parameter runs to infinity or nothing"),
    "no optimum": _lazy("no set of parameters fits better than all others"),
}


def _not_converged(note: Note) -> str:
    why = REASONS.get(note.get("reason", ""), note.get("why", ""))
    return _("%(model)s could not be fitted: %(why)s") % {"model": naming.model(note["model"]), "why": why}


def _cost_unknown(note: Note) -> str:
    return _(
        "For %(share)s of the sales the cost of the goods is not known; there a margin of %(rate)s of the price is "
        "taken, as the assumptions say."
    ) % {"share": _share(note["share"]), "rate": _share(note["rate"])}


def _data_end(note: Note) -> str:
    days = int(note["days"])
    late = ngettext("%(days)s day before today", "%(days)s days before today", days) % {"days": figures.whole(days)}
    return _("The data end on %(day)s, %(late)s; everything here is as of that day.") % {
        "day": _day(note["day"]),
        "late": late,
    }


def _one_customer(note: Note) -> str:
    return _(
        "One customer brings %(share)s of the revenue. What the models say of everybody leans on him; look at his own "
        "page before you act on the sums."
    ) % {"share": _share(note["share"])}


def _negative_spend(note: Note) -> str:
    count = int(note["count"])
    return ngettext(
        "%(count)s customer got back as much as he paid or more; what he spends is taken as nothing.",
        "%(count)s customers got back as much as they paid or more; what they spend is taken as nothing.",
        count,
    ) % {"count": figures.whole(count)}


def _dependent(note: Note) -> str:
    return _(
        "Those who buy often spend differently per purchase (correlation %(correlation)s), which the model of spend "
        "supposes they do not: values of the most frequent may be off."
    ) % {"correlation": figures.rounded(note["correlation"], 2)}


def _refunds(note: Note) -> str:
    count = int(note["count"])
    return ngettext(
        "For %(count)s customer refunds exceed purchases: his value so far is below zero.",
        "For %(count)s customers refunds exceed purchases: their value so far is below zero.",
        count,
    ) % {"count": figures.whole(count)}


def _by_rule(note: Note) -> str:
    return _(
        "Stages go by a rule of each customer's own rhythm. To learn them from the data it takes %(least)s customers "
        "who came back, and some months of purchases."
    ) % {"least": figures.whole(note["least"])}


def _worse(note: Note) -> str:
    return _(
        "On purchases that it had not seen the new model is worse than the one in use (%(new)s against %(old)s), so "
        "the old one stays."
    ) % {"new": _figure(note["new"]), "old": _figure(note["old"])}


def _horizon(note: Note) -> str:
    years = int(note["years"])
    return ngettext(
        "Expected values look %(years)s year ahead.", "Expected values look %(years)s years ahead.", years
    ) % {"years": years}


def _contract(note: Note) -> str:
    days = int(note["days"])
    return ngettext(
        "Customers are taken as bound by contract that renews every %(days)s day, as the assumptions say.",
        "Customers are taken as bound by contract that renews every %(days)s days, as the assumptions say.",
        days,
    ) % {"days": figures.whole(days)}


def _future(note: Note) -> str:
    count = int(note["count"])
    return ngettext(
        "%(count)s order lies in the future and was left out; correct its date.",
        "%(count)s orders lie in the future and were left out; correct their dates.",
        count,
    ) % {"count": figures.whole(count)}


def _share(value: Any) -> str:
    """A share in per cent, without a decimal place where that is nought."""
    exact = round(100 * float(value), 1)
    return f"{figures.rounded(exact, 0 if exact == round(exact) else 1)} %"


def _day(value: Any) -> str:
    return date_format(date.fromisoformat(str(value)), "DATE_FORMAT")


def _figure(value: Any) -> str:
    return figures.rounded(float(value), 1 if abs(float(value)) >= 100 else 4)


SENTENCES: dict[str, Callable[[Note], str]] = {
    "too_few_customers": _too_few,
    "too_few_repeating": _too_few_repeating,
    "no_repeat": _no_repeat,
    "not_converged": _not_converged,
    "cost_unknown": _cost_unknown,
    "data_end": _data_end,
    "one_customer_half": _one_customer,
    "negative_spend": _negative_spend,
    "spend_not_independent": _dependent,
    "refunds_exceed": _refunds,
    "stage_by_rule": _by_rule,
    "no_orders": lambda _note: _("There are no orders yet: import some, and values, stages and models follow."),
    "worse_than_before": _worse,
    "horizon": _horizon,
    "perpetuity": lambda _note: _("Expected values look ahead without end."),
    "contract_used": _contract,
    "future_dates": _future,
}
SAID_ELSEWHERE = {"horizon", "perpetuity"}
HARMLESS = {"horizon", "perpetuity", "contract_used", "stage_by_rule", "no_orders", "data_end"}
