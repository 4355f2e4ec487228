"""Reasons and remarks in sentences: kept as codes and figures, said in the language of the reader."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext

from guanxi.foundation.desk.display import rounded
from guanxi.insight.explaining import percent
from guanxi.insight.models import Stage as CustomerStage
from guanxi.sales.deals.models import BuyerKind, PurchaseKind, Source, Stage
from guanxi.sales.winning.features import NAMES, NUMBERS
from guanxi.sales.winning.models import WinScore

Told = dict[str, Any]
STRONG = 0.5  # log-odds from which on a reason counts much
LATE = 1.0  # times the expected days of a stage

LABELS: dict[str, Any] = {
    "stage": _lazy("Stage"),
    "standing_still": _lazy("Time in the stage"),
    "age": _lazy("Age of the deal"),
    "moves": _lazy("Moves between stages"),
    "amount": _lazy("Amount"),
    "amount_change": _lazy("Change of the amount"),
    "close": _lazy("Expected close"),
    "contact": _lazy("Contacts"),
    "committee": _lazy("Buying committee"),
    "competitors": _lazy("Competitors"),
    "owner": _lazy("Owner’s share of wins"),
    "customer": _lazy("Customer"),
    "source": _lazy("Source"),
    "kind": _lazy("Kind of purchase and buyer"),
}
FEATURES: dict[str, Any] = {
    "age_days": _lazy("Age in days"),
    "days_in_stage": _lazy("Days in the stage"),
    "pace": _lazy("Days in the stage against those expected"),
    "progress": _lazy("How far along the pipeline"),
    "moves": _lazy("Moves between stages"),
    "moves_back": _lazy("Moves back"),
    "amount": _lazy("Amount (logarithm)"),
    "amount_change": _lazy("Change of the amount"),
    "close_moves": _lazy("How often the close was put off"),
    "days_to_close": _lazy("Days to the expected close"),
    "contacts": _lazy("Contacts in 30 days"),
    "quiet_days": _lazy("Days without contact"),
    "competitors": _lazy("Competitors"),
    "seats": _lazy("Known members of the committee"),
    "deciders": _lazy("Known deciders"),
    "owner_rate": _lazy("Owner’s share of wins"),
    "party_won": _lazy("Deals won with the customer"),
    "party_lost": _lazy("Deals lost with the customer"),
    "stage": _lazy("Stage"),
    "source": _lazy("Source"),
    "purchase_kind": _lazy("Kind of purchase"),
    "buyer_kind": _lazy("Kind of buyer"),
    "standing": _lazy("Stage of the relationship"),
}


@dataclass(frozen=True)
class Reason:
    """Why a deal is likelier, or less likely, to be won than the mean open deal."""

    code: str
    words: str
    weight: float  # log-odds

    @property
    def is_for(self) -> bool:
        return self.weight > 0

    @property
    def is_strong(self) -> bool:
        return abs(self.weight) >= STRONG

    @property
    def label(self) -> str:
        """What it does to the chance, in words for who does not see the arrow."""
        return _("makes it likelier") if self.is_for else _("makes it less likely")


def facts_of(score: WinScore) -> Told:
    """The features of a deal as they were kept with its score; None where not known."""
    told: Told = dict.fromkeys(NAMES)
    for name, text in zip(NAMES, score.facts.split("|"), strict=False):
        told[name] = (float(text) if text else None) if name in NUMBERS else text
    return told


def reasons(score: WinScore) -> list[Reason]:
    """The strongest reasons, the strongest first."""
    told, found = facts_of(score), []
    for part in score.reasons.split():
        code, _colon, weight = part.partition(":")
        if code in SENTENCES:
            found.append(Reason(code, SENTENCES[code](told, float(weight)), float(weight)))
    return found


def _whole(value: Any) -> int:
    return round(value or 0)


def _stage(told: Told, _weight: float) -> str:
    row = Stage.objects.filter(pk=told["stage"]).first() if str(told["stage"] or "").isdigit() else None
    return _("It is in the stage “%(stage)s”.") % {"stage": row or "?"}


def _standing_still(told: Told, _weight: float) -> str:
    days, pace = _whole(told["days_in_stage"]), told["pace"]
    if pace and pace > LATE:
        usual = max(round((told["days_in_stage"] or 0) / pace), 1)
        words = ngettext(
            "It has stood in its stage for %(count)s day; %(usual)s are usual.",
            "It has stood in its stage for %(count)s days; %(usual)s are usual.",
            days,
        )
        return words % {"count": days, "usual": usual}
    words = ngettext(
        "It has been in its stage for %(count)s day.", "It has been in its stage for %(count)s days.", days
    )
    return words % {"count": days}


def _age(told: Told, _weight: float) -> str:
    days = _whole(told["age_days"])
    return ngettext("It began %(count)s day ago.", "It began %(count)s days ago.", days) % {"count": days}


def _moves(told: Told, _weight: float) -> str:
    back, moves = _whole(told["moves_back"]), _whole(told["moves"])
    if back:
        return ngettext("It went back a stage %(count)s time.", "It went back a stage %(count)s times.", back) % {
            "count": back
        }
    if not moves:
        return _("It has not left its first stage.")
    return ngettext("It moved on %(count)s time.", "It moved on %(count)s times.", moves) % {"count": moves}


def _amount(told: Told, weight: float) -> str:
    if told["amount"] is None:
        return _("It is not known what it is worth.")
    return _("Deals of its size are won oftener.") if weight > 0 else _("Deals of its size are won more rarely.")


def _amount_change(told: Told, _weight: float) -> str:
    change = told["amount_change"]
    if not change:
        return _("Its amount is what it was at the beginning.")
    share = math.exp(change) - 1
    words = _("Its amount grew by %(share)s.") if share > 0 else _("Its amount shrank by %(share)s.")
    return words % {"share": percent(abs(share))}


def _close(told: Told, _weight: float) -> str:
    moves, days = _whole(told["close_moves"]), told["days_to_close"]
    if moves:
        words = ngettext(
            "Its expected close was put off %(count)s time.", "Its expected close was put off %(count)s times.", moves
        )
        return words % {"count": moves}
    if days is None:
        return _("Nobody said when it is to close.")
    days = _whole(days)
    if days < 0:
        words = ngettext(
            "Its expected close was %(count)s day ago.", "Its expected close was %(count)s days ago.", -days
        )
        return words % {"count": -days}
    words = ngettext("It is to close in %(count)s day.", "It is to close in %(count)s days.", days)
    return words % {"count": days}


def _contact(told: Told, _weight: float) -> str:
    contacts, quiet = _whole(told["contacts"]), _whole(told["quiet_days"])
    if contacts:
        words = ngettext("%(count)s contact in the last 30 days.", "%(count)s contacts in the last 30 days.", contacts)
        return words % {"count": contacts}
    words = ngettext("Nobody was in touch for %(count)s day.", "Nobody was in touch for %(count)s days.", quiet)
    return words % {"count": quiet}


def _committee(told: Told, _weight: float) -> str:
    if not _whole(told["seats"]):
        return _("Nobody who decides at the customer is named.")
    if not _whole(told["deciders"]):
        return _("The decider is not known.")
    return _("The decider is known.")


def _competitors(told: Told, _weight: float) -> str:
    count = _whole(told["competitors"])
    if not count:
        return _("Nobody is known to stand against us.")
    return ngettext("%(count)s competitor stands against us.", "%(count)s competitors stand against us.", count) % {
        "count": count
    }


def _owner(told: Told, weight: float) -> str:
    if told["owner_rate"] is None:
        return _("Nothing is known yet of how its owner’s deals end.")
    if weight > 0:
        return _("Its owner wins more of the deals than others.")
    return _("Its owner wins fewer of the deals than others.")


def _customer(told: Told, weight: float) -> str:
    won, lost = _whole(told["party_won"]), _whole(told["party_lost"])
    if won and (weight > 0 or not lost):
        return ngettext(
            "%(count)s deal with this customer was won before.",
            "%(count)s deals with this customer were won before.",
            won,
        ) % {"count": won}
    if lost:
        return ngettext(
            "%(count)s deal with this customer was lost before.",
            "%(count)s deals with this customer were lost before.",
            lost,
        ) % {"count": lost}
    if told["standing"]:
        label = dict(CustomerStage.choices).get(told["standing"], told["standing"])
        return _("The relationship with the customer: %(stage)s.") % {"stage": label}
    return _("No deal with this customer has ended yet.")


def _source(told: Told, _weight: float) -> str:
    label = dict(Source.choices).get(told["source"] or "")
    return _("How it began: %(source)s.") % {"source": label} if label else _("It is not said how it began.")


def _kind(told: Told, _weight: float) -> str:
    labels = [dict(PurchaseKind.choices).get(told["purchase_kind"]), dict(BuyerKind.choices).get(told["buyer_kind"])]
    known = ", ".join(str(label) for label in labels if label)
    return _("Kind of purchase: %(kind)s.") % {"kind": known} if known else _("The kind of purchase is not said.")


SENTENCES: dict[str, Callable[[Told, float], str]] = {
    "stage": _stage,
    "standing_still": _standing_still,
    "age": _age,
    "moves": _moves,
    "amount": _amount,
    "amount_change": _amount_change,
    "close": _close,
    "contact": _contact,
    "committee": _committee,
    "competitors": _competitors,
    "owner": _owner,
    "customer": _customer,
    "source": _source,
    "kind": _kind,
}


# Remarks --------------------------------------------------------------------------------------------------------------


def remark(note: Told) -> str:
    """What a run remarked, as a sentence; its code where it is not known here."""
    code = str(note.get("code", ""))
    if code == "no_better_than_base":
        return _(
            "On later deals the new model is no better than telling every deal the same chance (Brier score %(brier)s "
            "against %(base)s), so it is not used."
        ) % {"brier": rounded(note.get("brier"), 4), "base": rounded(note.get("base"), 4)}
    if code == "worse_than_before":
        return _(
            "On later deals the new model is worse than the one in use (Brier score %(new)s against %(old)s), so the "
            "old one stays."
        ) % {"new": rounded(note.get("new"), 4), "old": rounded(note.get("old"), 4)}
    if code == "too_short":
        return _(
            "The closed deals were open too briefly, or all ended at the same time: nothing can be learned of how open "
            "ones go on."
        )
    return code


def not_enough(counts: Told) -> str:
    """How many closed deals there are, and how many it takes."""
    known = ngettext("There is %(count)s closed deal", "There are %(count)s closed deals", counts["deals"])
    return _(
        "Not enough deals yet. %(known)s, %(won)s of them won; it takes %(least)s, with at least %(each)s won and "
        "%(each)s lost."
    ) % {
        "known": known % {"count": rounded(counts["deals"])},
        "won": rounded(counts["won"]),
        "least": rounded(counts["least"]),
        "each": rounded(counts["least_of_each"]),
    }
