"""What programs see of the win score: that of a deal with its reasons, and how good it is."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from guanxi.foundation import visibility
from guanxi.foundation.api.types import Moment, Number
from guanxi.sales.deals import queries as deals
from guanxi.sales.winning import counting, panels, queries, tasks, wording
from guanxi.sales.winning.models import WinModel, WinScore

router = Router(tags=["Win score"])
of_deal = Router(tags=["Win score"])


class WinReasonOut(Schema):
    """Why a deal is likelier, or less likely, to be won than the mean open deal."""

    code: str
    words: str = Field(description="In the language asked for.")
    weight: float = Field(description="What it adds to the log-odds.")


class WinScoreOut(Schema):
    """The chance that an open deal is won."""

    deal: int = Field(alias="deal_id")
    probability: float = Field(description="0 to 1, calibrated on deals that closed later than those learned from.")
    base: float = Field(description="The share of open deals that were won before.")
    at: Moment = Field(description="When it last changed: the facts that were known then.")
    model: int = Field(alias="model_id")
    reasons: list[WinReasonOut]
    features: dict[str, Any] = Field(description="What the model was told; null where not known.")


class WinModelOut(Schema):
    """One version of the model with its quality on deals that closed after those it was fitted on."""

    id: int
    kind: str = Field(description="logistic, boosted")
    state: str = Field(description="used, compared, refused, replaced")
    deals: int = Field(description="Closed deals that it was learned from.")
    won: int
    until: Moment | None
    made_up: bool = Field(description="Learned from deals made up for demonstration.")
    fitted_at: Moment
    quality: dict[str, Any] = Field(description="Brier score, base rate, area under the curve, reliability, lift.")
    reason: str = Field(description="Why it is not used, in words.")


class WinModelsOut(Schema):
    """The versions, the one in use first; how many closed deals there are, and how many it takes."""

    closed: dict[str, Any]
    stability: dict[str, float] = Field(description="Population stability index of each feature since the fit.")
    later: dict[str, Any] = Field(description="How deals that closed since the fit ended.")
    models: list[WinModelOut]


class WinTaskOut(Schema):
    """The task that was queued; `/tasks/{id}/` shows how far it is."""

    task: int
    state: str


@of_deal.get("/{number}/win-score", response=WinScoreOut, summary="The win score of a deal", operation_id="win_score")
def win_score(request: HttpRequest, number: Number) -> dict[str, Any]:
    """404 where it has none: closed, or not scored yet."""
    deal = deals.deals(request.user).get(pk=number)
    found = queries.score_of(deal, request.user)
    if found is None:
        raise WinScore.DoesNotExist
    return {
        **{name: getattr(found, name) for name in ("deal_id", "probability", "at", "model_id")},
        "base": panels.base_of(found.model),
        "reasons": [{"code": one.code, "words": one.words, "weight": one.weight} for one in wording.reasons(found)],
        "features": wording.facts_of(found),
    }


@router.get("/models", response=WinModelsOut, summary="How good the win score is", operation_id="win_models")
def win_models(request: HttpRequest) -> dict[str, Any]:
    """The model in use and those before it."""
    visibility.require(request.user, "view", WinModel)
    newest = queries.newest_run(request.user)
    figures = newest.figures if newest is not None else {}
    return {
        "closed": figures.get("closed") or counting.closed(),
        "stability": figures.get("stability") or {},
        "later": figures.get("later") or {},
        "models": [_model(row) for row in queries.versions(request.user)],
    }


@router.get("/models/{number}", response=WinModelOut, summary="A version of the win score", operation_id="win_model")
def win_model(request: HttpRequest, number: Number) -> dict[str, Any]:
    """With its quality on later deals."""
    return _model(WinModel.objects.visible_to(request.user).get(pk=number))


@router.post("/score", response={202: WinTaskOut}, summary="Score deals now", operation_id="score_deals")
def score_deals(request: HttpRequest) -> Status[dict[str, Any]]:
    """Queues a scoring, or joins the one that waits."""
    task = tasks.score_now(by=request.user)
    return Status(202, {"task": task.pk, "state": task.state})


def _model(row: WinModel) -> dict[str, Any]:
    names = ("id", "kind", "state", "deals", "won", "until", "made_up", "fitted_at", "quality")
    return {**{name: getattr(row, name) for name in names}, "reason": wording.remark(row.reason) if row.reason else ""}
