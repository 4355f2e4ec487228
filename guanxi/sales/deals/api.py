"""What programs do with deals beyond the records: move, win, lose, reopen; where they have been; credit; committee."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema, Status

from guanxi.customers.models import Party
from guanxi.foundation.actions import Refused
from guanxi.foundation.api.types import Day, Moment, Money, Number
from guanxi.foundation.models import User
from guanxi.foundation.visibility import Viewer, sees
from guanxi.sales.deals import actions, committee, guides, queries
from guanxi.sales.deals.models import CommitteeSeat, Contender, Credit, Deal, Stage, StageChange

router = Router(tags=["Deals"])
Role = Literal["initiator", "user", "influencer", "gatekeeper", "decider", "buyer"]
Words = Annotated[str, Field(max_length=300)]


class DealOut(Schema):
    """Where a deal stands; all of it is told by /records/deals."""

    id: int
    name: str
    party: int = Field(alias="party_id")
    state: str
    pipeline: int = Field(alias="pipeline_id")
    stage: int = Field(alias="stage_id")
    probability: int
    value: Money | None
    currency: str
    amount: Money | None = Field(description="In the business's currency; null where no rate is known.")
    expected_close: Day | None
    closed_on: Day | None


class DealMoveIn(Schema):
    stage: Number
    seen: Number | None = Field(None, description="The stage in which you saw it; 409 where it is in another by now.")


class LossIn(Schema):
    reason: Number = Field(description="The number of a reason of loss.")
    competitor: Number | None = Field(None, description="The number of the party that won; most reasons ask for it.")
    note: Annotated[str, Field(max_length=500)] = ""


class StageChangeOut(Schema):
    """One step of a deal."""

    from_stage: int | None = Field(alias="from_stage_id")
    to_stage: int = Field(alias="to_stage_id")
    from_state: str
    to_state: str
    at: Moment
    by: int | None = Field(alias="by_id")
    days: int = Field(description="That it had stood before.")
    amount: Money | None
    probability: int
    expected_close: Day | None


class CreditShareIn(Schema):
    user: Number
    percent: Annotated[int, Field(ge=1, le=100)]


class CreditOut(Schema):
    user: int = Field(alias="user_id")
    percent: int


class CreditsIn(Schema):
    credits: Annotated[list[CreditShareIn], Field(max_length=50)]


class CommitteeSeatIn(Schema):
    """A role in deciding."""

    person: Number
    role: Role
    stance: Annotated[int, Field(ge=-2, le=2)] | None = None
    influence: Annotated[int, Field(ge=1, le=5)] | None = None
    note: Words = ""


class CommitteeSeatOut(Schema):
    id: int
    person: int = Field(alias="person_id")
    role: str
    stance: int | None
    influence: int | None
    note: str


class CommitteeOut(Schema):
    seats: list[CommitteeSeatOut]
    gaps: list[str] = Field(description="What is missing, in words.")


class ContenderIn(Schema):
    party: Number
    strength: Annotated[int, Field(ge=1, le=5)] | None = None
    note: Words = ""


class ContenderOut(Schema):
    id: int
    party: int = Field(alias="party_id")
    strength: int | None
    note: str


class ItemOut(Schema):
    """One thing to do on a deal."""

    id: int
    text: str
    step: str = Field(description="The step of the buyer; empty: of the stage's checklist.")
    required: bool
    done: bool


class DoneIn(Schema):
    done: bool = True


def _party(number: int | None, field: str, viewer: Viewer) -> Party | None:
    if number is None:
        return None
    found = Party.objects.visible_to(viewer).filter(pk=number).first()
    if found is None:
        raise Refused(_("There is no customer with the number %(value)s.") % {"value": number}, field)
    return found


def _found(number: int, request: HttpRequest) -> Deal:
    return queries.deals(request.user).get(pk=number)


@router.post("/{number}/move", response=DealOut, summary="Move a deal", operation_id="move_deal")
def move_deal(request: HttpRequest, number: Number, body: DealMoveIn) -> Deal:
    """To a stage; 422 with what it asks for and the deal lacks."""
    stage = Stage.objects.filter(pk=body.stage).select_related("pipeline").first()
    if stage is None:
        raise Refused(_("There is no stage %(number)s.") % {"number": body.stage}, "stage")
    return actions.move(number, stage, ... if body.seen is None else body.seen, by=request.user)


@router.post("/{number}/win", response=DealOut, summary="Win a deal", operation_id="win_deal")
def win_deal(request: HttpRequest, number: Number) -> Deal:
    """Its party is a customer from then on; one that comes again makes the next one."""
    return actions.win(number, by=request.user)


@router.post("/{number}/lose", response=DealOut, summary="Lose a deal", operation_id="lose_deal")
def lose_deal(request: HttpRequest, number: Number, body: LossIn) -> Deal:
    """For a reason, and to whom."""
    competitor = _party(body.competitor, "competitor", request.user)
    return actions.lose(number, body.reason, competitor, note=body.note, by=request.user)


@router.post("/{number}/reopen", response=DealOut, summary="Open a deal again", operation_id="reopen_deal")
def reopen_deal(request: HttpRequest, number: Number) -> Deal:
    """In the stage where it was."""
    return actions.reopen(number, by=request.user)


@router.get(
    "/{number}/changes", response=list[StageChangeOut], summary="Where a deal has been", operation_id="deal_changes"
)
def deal_changes(request: HttpRequest, number: Number) -> list[StageChange]:
    """Each step with what was known then, the newest first."""
    return queries.history(_found(number, request))


@router.get("/{number}/credits", response=list[CreditOut], summary="Whose merit it is", operation_id="deal_credits")
def deal_credits(request: HttpRequest, number: Number) -> list[Credit]:
    """In percent; none: the owner's alone."""
    return list(_found(number, request).credits.order_by("-percent", "user"))


@router.put("/{number}/credits", response=list[CreditOut], summary="Split the credit", operation_id="set_deal_credits")
def set_deal_credits(request: HttpRequest, number: Number, body: CreditsIn) -> list[Credit]:
    """All together 100 %; an empty list: the owner's alone."""
    users = User.objects.in_bulk([one.user for one in body.credits])
    missing = [one.user for one in body.credits if one.user not in users]
    if missing:
        raise Refused(_("There is no user %(number)s.") % {"number": missing[0]}, "credits")
    return actions.set_credits(number, {users[one.user]: one.percent for one in body.credits}, by=request.user)


@router.get(
    "/{number}/committee", response=CommitteeOut, summary="Who decides over a deal", operation_id="deal_committee"
)
def deal_committee(request: HttpRequest, number: Number) -> dict[str, Any]:
    """The buying committee, and what is missing in it."""
    found = committee.members(_found(number, request), request.user)
    return {"seats": [seat for member in found for seat in member.seats], "gaps": committee.gaps(found)}


@router.post(
    "/{number}/committee",
    response={201: CommitteeSeatOut},
    summary="Give somebody a role",
    operation_id="seat_in_committee",
)
def seat_in_committee(request: HttpRequest, number: Number, body: CommitteeSeatIn) -> Status[CommitteeSeat]:
    """Said again, stance, influence and note are changed."""
    person = _party(body.person, "person", request.user)
    assert person is not None
    values = body.model_dump(include={"stance", "influence", "note"}, exclude_unset=True)
    return Status(201, actions.seat(number, person, body.role, by=request.user, **values))


@router.delete(
    "/{number}/committee/{seat}", response={204: None}, summary="Take a role away", operation_id="leave_committee"
)
def leave_committee(request: HttpRequest, number: Number, seat: Number) -> Status[None]:
    """The person stays; he has this role no more."""
    actions.remove_seat(_found(number, request).committee.get(pk=seat).pk, by=request.user)
    return Status(204, None)


@router.get(
    "/{number}/competitors",
    response=list[ContenderOut],
    summary="Who stands against us",
    operation_id="deal_contenders",
)
def deal_contenders(request: HttpRequest, number: Number) -> list[Contender]:
    """The competitors in this deal."""
    deal = _found(number, request)
    return list(deal.contenders.filter(sees(request.user, Party, "party")).order_by("id"))


@router.post(
    "/{number}/competitors", response={201: ContenderOut}, summary="Name a competitor", operation_id="add_contender"
)
def add_contender(request: HttpRequest, number: Number, body: ContenderIn) -> Status[Contender]:
    """Said again, strength and note are changed."""
    party = _party(body.party, "party", request.user)
    assert party is not None
    made = actions.add_contender(number, party, strength=body.strength, note=body.note, by=request.user)
    return Status(201, made)


@router.get("/{number}/checks", response=list[ItemOut], summary="What to do on a deal", operation_id="deal_checks")
def deal_checks(request: HttpRequest, number: Number) -> list[dict[str, Any]]:
    """The checklist of its stage, then the playbook of its kind of purchase."""
    deal = _found(number, request)
    lines = [line for part in (guides.checklist(deal), *guides.playbook(deal)) for line in part.lines]
    return [
        {"id": line.item.pk, "text": str(line.item), "step": line.item.step, "required": line.item.required,
         "done": line.tick is not None}
        for line in lines
    ]  # fmt: skip


@router.put("/{number}/checks/{item}", response={204: None}, summary="Tick something", operation_id="tick_deal_check")
def tick_deal_check(request: HttpRequest, number: Number, item: Number, body: DoneIn) -> Status[None]:
    """Done, or not after all."""
    actions.tick(number, item, body.done, by=request.user)
    return Status(204, None)
