"""Account plans for programs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema, Status

from guanxi.foundation.actions import Refused
from guanxi.foundation.api.types import Day, Moment, Money, Number
from guanxi.foundation.models import User
from guanxi.foundation.visibility import require
from guanxi.sales.accounts import actions, queries, strength, whitespace
from guanxi.sales.accounts.models import AccountGoal, AccountReview

of_party = Router(tags=["Account plans"])
router = Router(tags=["Account plans"])
Title = Annotated[str, Field(min_length=1, max_length=200)]
Words = Annotated[str, Field(max_length=5_000)]
GoalState = Literal["open", "reached", "missed", "dropped"]


class AccountGoalOut(Schema):
    """A goal with an organisation."""

    id: int
    party: int = Field(alias="party_id")
    title: str
    amount: Money | None = Field(description="In the business's currency.")
    since: Day
    due_on: Day
    state: str
    closed_on: Day | None
    owner: int | None = Field(alias="owner_id")
    note: str


class AimOut(AccountGoalOut):
    sold: Money | None = Field(description="What orders came to from `since` until `due_on`; null without an amount.")


class AccountReviewOut(Schema):
    id: int
    party: int = Field(alias="party_id")
    day: Day
    todo: int | None = Field(alias="todo_id", description="The task that reminds of it.")
    held_at: Moment | None
    text: str


class DepartmentStrengthOut(Schema):
    """How strong the relationship with a department is."""

    name: str = Field(description="Empty: people of no department.")
    people: int
    spoken_with: int = Field(description="In the last 90 days.")
    contacts: int = Field(description="In the last 180 days.")
    last_contact: Moment | None
    score: int = Field(description="0 to 100.")
    band: str = Field(description="strong, fair, weak, none")
    why: list[str]


class AccountPlanOut(Schema):
    goals: list[AimOut]
    review: AccountReviewOut | None = Field(description="When it is gone through next.")
    held: list[AccountReviewOut]
    departments: list[DepartmentStrengthOut]


class WhiteSpaceGapOut(Schema):
    category: str
    buyers: int
    share: float = Field(description="Of those like it.")
    yearly: Money = Field(description="What a buyer in the middle spends on it in a year.")


class WhiteSpaceOut(Schema):
    own: int = Field(description="How many categories it buys.")
    alike: int = Field(description="How many organisations are like it.")
    industry: str
    gaps: list[WhiteSpaceGapOut]


class AccountGoalIn(Schema):
    title: Title
    due_on: Day
    amount: Money | None = Field(None, ge=0)
    since: Day | None = Field(None, description="From when orders count; today, if left out.")
    owner: Number | None = Field(None, description="The number of a user; without it, yourself.")
    note: Words | None = None


class AccountGoalChange(Schema):
    """What is to change; leave out the rest."""

    title: Title | None = None
    due_on: Day | None = None
    amount: Money | None = Field(None, ge=0)
    since: Day | None = None
    owner: Number | None = None
    note: Words | None = None
    state: GoalState | None = None
    expected: dict[str, Any] | None = Field(None, description="The values that you saw; 409 where they changed.")


class AccountReviewIn(Schema):
    day: Day


class AccountReviewHeldIn(Schema):
    text: Annotated[str, Field(max_length=10_000)] = ""
    next_day: Day | None = None


@of_party.get(
    "/{number}/account-plan", response=AccountPlanOut, summary="The account plan", operation_id="get_account_plan"
)
def get_account_plan(request: HttpRequest, number: Number) -> dict[str, Any]:
    """Goals, reviews and the strength of the relationship by department."""
    require(request.user, "view", AccountGoal)
    party = queries.organisation(number, request.user)
    return {
        "goals": [_aim(aim) for aim in queries.aims(party, request.user)],
        "review": queries.to_come(party, request.user),
        "held": queries.held(party, request.user),
        "departments": strength.departments(party, request.user),
    }


def _aim(aim: queries.Aim) -> AccountGoal:
    aim.goal.sold = aim.sold  # type: ignore[attr-defined]
    return aim.goal


@of_party.get(
    "/{number}/white-space", response=WhiteSpaceOut, summary="What others like it buy", operation_id="get_white_space"
)
def get_white_space(request: HttpRequest, number: Number) -> whitespace.WhiteSpace:
    """What similar organisations buy and this one does not."""
    require(request.user, "view", AccountGoal)
    return whitespace.of(queries.organisation(number, request.user), request.user)


@of_party.post(
    "/{number}/account-goals", response={201: AccountGoalOut}, summary="Set a goal", operation_id="set_account_goal"
)
def set_account_goal(request: HttpRequest, number: Number, body: AccountGoalIn) -> Status[AccountGoal]:
    """With an organisation, until a day; with an amount, orders are counted towards it."""
    party = queries.organisation(number, request.user)
    values = body.model_dump(exclude={"owner"}, exclude_none=True)
    if body.owner is not None:
        values["owner"] = _owner(body.owner)
    return Status(201, actions.add_goal(by=request.user, party=party, **values))


@of_party.put(
    "/{number}/account-review", response=AccountReviewOut, summary="Plan a review", operation_id="plan_account_review"
)
def plan_account_review(request: HttpRequest, number: Number, body: AccountReviewIn) -> AccountReview:
    """When the plan is gone through next; one that was planned is moved, with its task."""
    return actions.plan_review(queries.organisation(number, request.user), body.day, by=request.user)


@router.patch("/goals/{number}", response=AccountGoalOut, summary="Change a goal", operation_id="change_account_goal")
def change_account_goal(request: HttpRequest, number: Number, body: AccountGoalChange) -> AccountGoal:
    """Only what is sent changes; `state` says what came of it."""
    values = body.model_dump(exclude_unset=True, exclude={"expected", "owner", "state"})
    if "owner" in body.model_fields_set:
        values["owner"] = _owner(body.owner)
    for name in ("title", "due_on", "since"):
        if name in values and values[name] is None:
            raise Refused(_("This cannot be left empty."), name)
    if values:
        actions.edit_goal(number, values, body.expected, by=request.user)
    if body.state is not None:
        actions.decide_goal(number, body.state, by=request.user)
    found: AccountGoal = queries.goals(request.user).get(pk=number)
    return found


@router.delete("/goals/{number}", response={204: None}, summary="Delete a goal", operation_id="delete_account_goal")
def delete_account_goal(request: HttpRequest, number: Number) -> Status[None]:
    """The audit log keeps what it said."""
    actions.remove_goal(number, by=request.user)
    return Status(204, None)


@router.post(
    "/reviews/{number}/held", response=AccountReviewOut, summary="Hold a review", operation_id="hold_account_review"
)
def hold_account_review(request: HttpRequest, number: Number, body: AccountReviewHeldIn) -> AccountReview:
    """Say what came of it, and when the plan is gone through next."""
    return actions.hold_review(number, body.text, body.next_day, by=request.user)


def _owner(number: int | None) -> User | None:
    if number is None:
        return None
    user = User.objects.filter(pk=number).first()
    if user is None:
        raise Refused(_("There is no user %(number)s.") % {"number": number}, "owner")
    return user
