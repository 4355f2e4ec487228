"""What programs see of the forecast: its lines, what people say instead. Quotas: /records/quotas."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema, Status

from guanxi.catalog.exchange import own_currency
from guanxi.foundation.actions import Refused
from guanxi.foundation.api.types import Day, Limit, Moment, Money, Number
from guanxi.foundation.models import User
from guanxi.foundation.roles.models import Team
from guanxi.sales.forecast import actions, asking, comparing, outlook, periods, queries, scoring, simulating, tasks
from guanxi.sales.forecast.models import Judgement
from guanxi.sales.forecast.outlook import Line
from guanxi.sales.forecast.periods import Period
from guanxi.sales.forecast.sums import ZERO

router = Router(tags=["Forecast"])
PeriodKey = Annotated[str, Field(max_length=7, description="A month, `2026-11`, or a quarter, `2026-Q4`.")]


class ForecastLineOut(Schema):
    """A person, a team, deals without an owner, or all together; amounts in the business's currency."""

    kind: str = Field(description="person, team, nobody, all")
    id: int | None = Field(description="The number of the person or team.")
    name: str
    team: int | None = Field(description="The team in which it counts.")
    quota: Money | None
    won: Money
    commit: Money
    best_case: Money
    pipeline: Money
    omitted: Money
    expected: Money = Field(description="Won, and open deals times their probability.")
    deals: int = Field(description="Open ones, without those omitted.")
    without_amount: int = Field(description="Of these, how many have no value, or no exchange rate.")
    original: Money = Field(description="What the deals add up to: won and commit.")
    forecast: Money = Field(description="What counts: said by people here or below, else the original.")
    attainment: float | None = Field(description="The share of the quota that is won.")
    gap: Money | None = Field(description="What the forecast lacks of the quota.")


class ForecastOut(Schema):
    period: str
    currency: str
    lines: list[ForecastLineOut]


class JudgementIn(Schema):
    """Another number than the deals add up to; `user` or `team` says whose."""

    period: PeriodKey
    user: Number | None = None
    team: Number | None = None
    value: Money | None = Field(None, description="Null takes back what was said.")
    reason: Annotated[str, Field(max_length=300)] = ""


class JudgementOut(Schema):
    id: int
    period: str
    user: int | None = Field(alias="user_id")
    team: int | None = Field(alias="team_id")
    value: Money | None
    original: Money = Field(description="What the deals added up to then.")
    reason: str
    by: int | None = Field(alias="author_id")
    by_himself: bool
    at: Moment


def read_period(text: str | None) -> Period:
    """The period that was asked for; else the quarter that is now. Raises Refused."""
    try:
        return periods.read(text) if text else periods.now()
    except ValidationError as error:
        raise Refused(error.messages[0], "period") from error


def told(line: Line) -> dict[str, Any]:
    """A line for programs."""
    sums = line.sums
    names = ("won", "commit", "best_case", "pipeline", "omitted", "deals", "without_amount")
    return {name: getattr(sums, name) for name in names} | {
        "kind": line.kind,
        "id": line.number,
        "name": line.name,
        "team": line.above,
        "quota": line.quota,
        "expected": sums.likely,
        "original": line.original,
        "forecast": line.said,
        "attainment": line.attainment,
        "gap": line.gap,
    }


@router.get("", response=ForecastOut, summary="The forecast of a period", operation_id="forecast")
def forecast(request: HttpRequest, period: PeriodKey = "") -> ForecastOut:
    """All people and teams that you see, each with what counts for it and what its deals add up to."""
    found = outlook.outlook(read_period(period), request.user)
    # Made without a check: a thousand lines of our own sums, which would take longer than adding them up.
    lines = [ForecastLineOut.model_construct(**told(line)) for line in found.lines.values()]
    return ForecastOut.model_construct(period=found.period.key, currency=own_currency(), lines=lines)


@router.get(
    "/judgements", response=list[JudgementOut], summary="What people said instead", operation_id="forecast_judgements"
)
def judgements(
    request: HttpRequest,
    period: PeriodKey = "",
    user: Annotated[Number | None, Query()] = None,
    team: Annotated[Number | None, Query()] = None,
    limit: Limit = 50,
) -> list[Judgement]:
    """The newest first; a `value` of null took back what was said before."""
    outlook.require_view(request.user)
    rows = queries.judgements(request.user, read_period(period) if period else None)
    if user is not None:
        rows = rows.filter(user=user)
    if team is not None:
        rows = rows.filter(team=team)
    return list(rows[:limit])


@router.post("/judgements", response={201: JudgementOut}, summary="Say another number", operation_id="judge_forecast")
def judge_forecast(request: HttpRequest, body: JudgementIn) -> Status[Judgement]:
    """For yourself, or for a person or team below you; what the deals add up to stays beside it."""
    user = User.objects.filter(pk=body.user).first() if body.user else None
    if body.user and user is None:
        raise Refused(_("There is no user %(number)s.") % {"number": body.user}, "user")
    team = Team.objects.filter(pk=body.team).first() if body.team else None
    if body.team and team is None:
        raise Refused(_("There is no team %(number)s.") % {"number": body.team}, "team")
    made = actions.judge(read_period(body.period), body.value, body.reason, user=user, team=team, by=request.user)
    return Status(201, made)


class StepOut(Schema):
    kind: str = Field(description="added, moved_in, reopened, handed_in, grown, shrunk, won, lost, slipped, …")
    deals: int
    amount: Money = Field(description="What it adds; less than nothing: what it takes off.")


class ForecastChangeOut(Schema):
    """What changed of a period's open deals between two nights."""

    period: str = Field(alias="period.key")
    since: Day
    until: Day
    start: Money
    steps: list[StepOut]
    end: Money


class MovedDealOut(Schema):
    deal: int
    amount: Money
    closes_on: Day | None


class SnapshotOut(Schema):
    """That it was kept how all deals stood, early on a day."""

    day: Day
    at: Moment
    deals: int
    changed: int = Field(description="Since the snapshot before.")
    seconds: float


class SnapshotTaskOut(Schema):
    task: int = Field(description="The background task; /records/tasks tells how it went.")


class ForecastRangeOut(Schema):
    """The middle eight in ten of what chance may bring."""

    won: Money
    low: Money
    middle: Money
    high: Money
    deals: int
    scored: int = Field(description="Deals whose chance comes from a score and not from their stage.")


class WayScoreOut(Schema):
    forecast: Money
    error: float | None = Field(description="The share by which it missed what came.")
    bias: float | None = Field(description="The share by which it was too high.")


class ScoreOut(Schema):
    """Forecasts beside what came."""

    days: int = Field(description="Before the end of the period.")
    user: int | None = None
    cases: int
    actual: Money
    original: WayScoreOut = Field(description="What the deals added up to.")
    said: WayScoreOut = Field(description="With what people said instead.")
    expected: WayScoreOut = Field(description="By the probability of each deal.")


class StageScoreOut(Schema):
    stage: str
    deals: int
    won_deals: int
    amount: Money
    expected: Money
    actual: Money


class ScoresOut(Schema):
    periods: list[str]
    by_horizon: list[ScoreOut]
    by_person: list[ScoreOut]
    by_stage: list[StageScoreOut] = Field(description="For those who see all forecasts.")


TeamAsked = Annotated[Number | None, Query()]


def _whose(request: HttpRequest, team: int | None, user: int | None) -> asking.Whose:
    """Whose deals are asked about. Raises Refused."""
    try:
        return asking.whose(request.user, team, user)
    except asking.NotSeen as error:
        raise Refused(_("You see no such team or colleague."), "user" if team is None else "team") from error


@router.get(
    "/changes", response=ForecastChangeOut, summary="What changed between two nights", operation_id="forecast_changes"
)
def forecast_changes(
    request: HttpRequest, since: Day, until: Day, period: PeriodKey = "", team: TeamAsked = None, user: TeamAsked = None
) -> Any:
    """Of a period's open deals; of all that you see, of a team or of a person. The amounts lead from start to end."""
    return comparing.compare(read_period(period), since, until, _whose(request, team, user).people)


@router.get(
    "/changes/{kind}", response=list[MovedDealOut], summary="The deals of one step", operation_id="forecast_moved"
)
def forecast_moved(
    request: HttpRequest,
    kind: str,
    since: Day,
    until: Day,
    period: PeriodKey = "",
    team: TeamAsked = None,
    user: TeamAsked = None,
) -> Any:
    """The largest first, at most a hundred."""
    return comparing.behind(read_period(period), since, until, _whose(request, team, user).people, kind)


@router.get("/range", response=ForecastRangeOut, summary="What chance may bring", operation_id="forecast_range")
def forecast_range(request: HttpRequest, period: PeriodKey = "", team: TeamAsked = None, user: TeamAsked = None) -> Any:
    """Each open deal is won or not, 4,000 times over; the same answer for the same deals."""
    whose, asked = _whose(request, team, user), read_period(period)
    line = outlook.outlook(asked, request.user).of(whose.kind, whose.number)
    return simulating.may_bring(asked, line.sums.won if line else ZERO, whose.people)


@router.get("/scores", response=ScoresOut, summary="How right past forecasts were", operation_id="forecast_scores")
def forecast_scores(
    request: HttpRequest, kind: Literal["month", "quarter"] = "quarter", days: int = scoring.USUAL
) -> dict[str, Any]:
    """Of the last periods that are over: by days before their end, and so many days before by person and by stage."""
    found = scoring.scores(request.user, kind, days)
    return {
        "periods": found.keys,
        "by_horizon": [_score(before, score) for before, score in found.by_horizon],
        "by_person": [_score(days, score, number) for _name, number, score in found.by_person],
        "by_stage": found.by_stage,
    }


def _score(days: int, score: scoring.Score, user: int | None = None) -> dict[str, Any]:
    ways = {
        way: {"forecast": score.forecast[way], "error": score.error(way), "bias": score.bias(way)}
        for way in scoring.WAYS
    }
    return {"days": days, "user": user, "cases": score.cases, "actual": score.actual, **ways}


@router.get("/snapshots", response=list[SnapshotOut], summary="The nights that were kept", operation_id="snapshots")
def snapshots(request: HttpRequest) -> Any:
    """The newest first; any two can be compared."""
    outlook.require_view(request.user)
    return queries.nights(request.user)


@router.post("/snapshots", response={202: SnapshotTaskOut}, summary="Take a snapshot now", operation_id="take_snapshot")
def take_snapshot(request: HttpRequest) -> Status[dict[str, int]]:
    """In the background; one taken on the same day is taken anew."""
    return Status(202, {"task": tasks.keep_now(by=request.user).pk})
