"""The win score on the page of a deal."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from guanxi.customers import contacting
from guanxi.foundation.visibility import Viewer, may
from guanxi.insight.explaining import percent
from guanxi.sales.deals.models import Deal, State
from guanxi.sales.winning import counting, queries, wording
from guanxi.sales.winning.models import WinModel


def is_open(deal: Deal, viewer: Viewer) -> bool:
    """Only an open deal has a chance."""
    return deal.state == State.OPEN


def score(deal: Deal, viewer: Viewer) -> dict[str, Any]:
    """How likely it is to be won, and why; or what is missing to say so."""
    found = queries.score_of(deal, viewer)
    context: dict[str, Any] = {"score": found, "may_see_models": may(viewer, "view", WinModel)}
    if found is None:
        return context | {"missing": missing(deal)}
    return context | {
        "chance": percent(found.probability),
        "tone": tone(found.probability, base_of(found.model)),
        "base": percent(base_of(found.model)),
        "reasons": wording.reasons(found),
        "made_up": found.model.made_up,
    }


def base_of(model: WinModel) -> float:
    """The share of open deals that were won before, among those that the model was tried on."""
    return float(model.quality.get("base") or 0.0)


def tone(chance: float, base: float) -> str:
    """How a chance is coloured: better than most, worse, or about as all."""
    return "good" if chance > base + 0.1 else "bad" if chance < base - 0.1 else ""


def missing(deal: Deal) -> str:
    """Why there is no score."""
    if contacting.unprofiled().filter(party=deal.party_id).exists():
        return _("Nothing is worked out of this customer: he restricted or objected to it.")
    if queries.is_used(made_up=deal.made_up):
        return _("It comes with the next scoring, at night.")
    counts = queries.known_counts() or counting.closed()
    if (
        counts["deals"] >= counts["least"]
        and min(counts["won"], counts["deals"] - counts["won"]) >= counts["least_of_each"]
    ):
        return _("There is no model yet that tells more than the share of deals won; it is tried again every night.")
    return wording.not_enough(counts)
