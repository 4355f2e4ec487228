"""What programs see of insight: customer equity, the models behind it, the standing of each party."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from guanxi.customers import contacting
from guanxi.customers.queries import party_numbered
from guanxi.foundation import visibility
from guanxi.foundation.api.types import Day, Moment, Money, Number
from guanxi.foundation.visibility import Viewer
from guanxi.insight import actions, notes, queries, tasks
from guanxi.insight.models import Assumptions, EquityPoint, Learning, ModelVersion, Standing

router = Router(tags=["Insight"])
of_party = Router(tags=["Insight"])


class StandingOut(Schema):
    """What a relationship is worth and what state it is in. Null is what cannot be said yet."""

    day: Day = Field(description="The last day that the data told of.")
    value_so_far: Money = Field(description="Revenue less what it cost: goods, and events times cost rates.")
    expected_value: Money | None = Field(description="The margin expected from now on, in today's money.")
    expected_low: Money | None = Field(description="With `expected_high` the interval of four in five.")
    expected_high: Money | None
    lifetime_value: Money | None = Field(description="`value_so_far` and `expected_value` together.")
    at_stake: Money | None
    growth: Money | None = Field(description="What similar customers spend in a year beyond him.")
    spend: Money | None = Field(description="Expected of one purchase.")
    p_alive: float | None = Field(description="The chance that he is still a customer, 0 to 1.")
    purchases_ahead: float | None = Field(description="Expected in a year.")
    risk: float | None = Field(description="The chance of no purchase in the days ahead that the assumptions name.")
    risk_before: float | None
    next_from: Day | None = Field(description="The next purchase is expected from this day …")
    next_to: Day | None = Field(description="… until this day.")
    stage: str = Field(description="none, exploration, formation, stability, decline, broken")
    stage_since: Day | None
    stage_chance: float | None
    tier: str = Field(description="most_valuable, most_growable, regular, below_zero")
    grade: str = Field(description="A, B, C")
    rfm: str = Field(description="Fifths of recency, frequency, money, such as “543”.")
    strength: float | None = Field(description="0 to 100")
    loyalty: int = Field(description="0 not known, 1 satisfied, 2 buys again, 3 brings others")
    categories: int
    channels: int
    warned_on: Day | None
    learning: int = Field(alias="learning_id")


class LearningNote(Schema):
    """A remark: its code and values for programs, its words in the language asked for."""

    code: str
    words: str
    values: dict[str, Any]


class ModelOut(Schema):
    """One fitted model: names of parameters as in the papers, their errors, what it came to on the hold-out."""

    id: int
    family: str = Field(description="purchases, spend, stage, growth, contract")
    name: str
    segment: str = Field(description="Empty: all customers.")
    state: str = Field(description="used, compared, refused, failed, replaced")
    parameters: dict[str, Any]
    standard_errors: dict[str, Any]
    log_likelihood: float | None
    customers: int
    holdout: dict[str, Any]
    reason: LearningNote | None
    fitted_at: Moment
    learning: int = Field(alias="learning_id")


class LearningOut(Schema):
    """One run of `guanxi learn`."""

    id: int
    day: Day
    customers: int
    started_at: Moment
    finished_at: Moment | None
    seconds: dict[str, Any]


class ModelsOut(Schema):
    """The newest published learning with its models, those in use first; null and empty until something was learned."""

    learning: LearningOut | None
    models: list[ModelOut]


class EquityPointOut(Schema):
    """Customer equity at the end of a month, and what moved it."""

    day: date
    equity: Money
    acquired: Money
    developed: Money
    retained: Money
    lost: Money
    customers: int


class EquityOut(Schema):
    """What all customers are worth, with the interval of four in five; null until something was learned."""

    day: Day | None
    customers: int
    expected: str | None
    low: str | None
    high: str | None
    value_so_far: str | None
    lifetime: str | None
    horizon_years: int | None = Field(description="Null: for ever.")
    discount_rate: float | None
    best_fifth: float | None = Field(description="The share of the value that the best fifth of the customers bring.")
    stages: dict[str, Any]
    tiers: dict[str, Any]
    grades: dict[str, Any]
    notes: list[LearningNote]
    over_time: list[EquityPointOut]


class TaskOut(Schema):
    """The task that was queued; `/tasks/{id}/` shows how far it is."""

    task: int
    state: str


class AssumptionsOut(Schema):
    """What values rest on beside the data."""

    discount_rate: float = Field(description="A year, as a fraction.")
    horizon_years: int | None = Field(description="Null: for ever.")
    margin_rate: float = Field(description="Of the price, where the cost is not known; as a fraction.")
    risk_days: int
    bond: str = Field(description="`open`: customers come and go; `contract`: they renew or leave.")
    contract_days: int
    share_a: float = Field(description="Of the value, that grade A brings; as a fraction.")
    share_b: float = Field(description="That grades A and B bring.")
    resources_a: str
    resources_b: str
    resources_c: str


Fraction = Annotated[float, Field(ge=0, le=1)]
Words = Annotated[str, Field(max_length=200)]


class AssumptionsChange(Schema):
    """What is to change; leave out the rest."""

    discount_rate: Fraction | None = None
    horizon_years: Annotated[int, Field(ge=1, le=32767)] | None = Field(None, description="Null, said: for ever.")
    margin_rate: Fraction | None = None
    risk_days: Annotated[int, Field(ge=1, le=730)] | None = None
    bond: Literal["open", "contract"] | None = None
    contract_days: Annotated[int, Field(ge=1, le=32767)] | None = None
    share_a: Fraction | None = None
    share_b: Fraction | None = None
    resources_a: Words | None = None
    resources_b: Words | None = None
    resources_c: Words | None = None
    expected: dict[str, Any] | None = Field(None, description="The values that you saw; 409 where they changed.")


@router.get("/assumptions", response=AssumptionsOut, summary="What values rest on", operation_id="get_assumptions")
def get_assumptions(request: HttpRequest) -> Assumptions:
    """As people set it; what events cost stands under `/records/costs`."""
    visibility.require(request.user, "view", Assumptions)
    return queries.assumptions(request.user)


@router.patch(
    "/assumptions", response=AssumptionsOut, summary="Change what values rest on", operation_id="change_assumptions"
)
def change_assumptions(request: HttpRequest, body: AssumptionsChange) -> Assumptions:
    """It counts from the next learning on."""
    said = body.model_dump(exclude_unset=True, exclude={"expected"})
    changes = {name: value for name, value in said.items() if value is not None or name == "horizon_years"}
    return actions.change_assumptions(changes, body.expected, by=request.user)


@router.get("/models", response=ModelsOut, summary="The models", operation_id="insight_models")
def get_models(request: HttpRequest) -> dict[str, Any]:
    """Those in use and those that the newest learning compared with them."""
    visibility.require(request.user, "view", ModelVersion)
    learning = queries.current(request.user)
    rows = sorted(queries.models(request.user), key=lambda row: row.state != ModelVersion.State.USED)
    return {"learning": learning and _learning(learning), "models": [_model(row) for row in rows]}


@router.get("/equity", response=EquityOut, summary="Customer equity", operation_id="insight_equity")
def get_equity(request: HttpRequest) -> dict[str, Any]:
    """What the whole base is worth, by stage, tier and grade, and month by month."""
    visibility.require(request.user, "view", EquityPoint)
    learning = queries.current(request.user)
    figures = learning.figures if learning else {}
    equity = figures.get("equity") or {}
    return {
        "day": learning and learning.day,
        "customers": learning.customers if learning else 0,
        "expected": _text(equity.get("expected")),
        "low": _text(equity.get("low")),
        "high": _text(equity.get("high")),
        "value_so_far": _text(equity.get("so_far")),
        "lifetime": _text(equity.get("lifetime")),
        "horizon_years": figures.get("horizon_years"),
        "discount_rate": figures.get("discount_rate"),
        "best_fifth": figures.get("best_fifth"),
        **{name: figures.get(name) or {} for name in ("stages", "tiers", "grades")},
        "notes": [_note(note) for note in figures.get("notes") or []],
        "over_time": queries.equity_points(request.user),
    }


@router.post("/learn", response={202: TaskOut}, summary="Learn now", operation_id="insight_learn")
def learn(request: HttpRequest) -> Status[dict[str, Any]]:
    """Queues a learning, or joins the one that waits. It takes about a minute for a million customers."""
    task = tasks.learn_now(by=request.user)
    return Status(202, {"task": task.pk, "state": task.state})


@of_party.get(
    "/{number}/standing", response=StandingOut, summary="The standing of a party", operation_id="get_party_standing"
)
def get_standing(request: HttpRequest, number: Number) -> Standing:
    """404 where nothing was learned of the party yet."""
    party = party_numbered(number, request.user)
    return Standing.objects.visible_to(request.user).get(party=party)


def standings(parties: Collection[int], viewer: Viewer) -> dict[int, Any]:
    """The standings that go with answers about parties."""
    found = queries.standings(parties, viewer)
    hidden = set(contacting.unprofiled().filter(party__in=found).values_list("party", flat=True)) if found else set()
    return {number: row for number, row in found.items() if number not in hidden}


def _learning(row: Learning) -> dict[str, Any]:
    names = ("day", "customers", "started_at", "finished_at")
    return {"id": row.pk, **{name: getattr(row, name) for name in names}, "seconds": row.figures.get("seconds") or {}}


def _model(row: ModelVersion) -> dict[str, Any]:
    names = ("family", "name", "segment", "state", "parameters", "log_likelihood", "customers", "holdout", "fitted_at")
    known = {name: getattr(row, name) for name in names}
    reason = _note(row.reason) if row.reason else None
    return {"id": row.pk, **known, "standard_errors": row.errors, "reason": reason, "learning_id": row.learning_id}


def _note(note: dict[str, Any]) -> dict[str, Any]:
    values = {name: value for name, value in note.items() if name != "code"}
    return {"code": str(note.get("code", "")), "words": notes.words(note), "values": values}


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
