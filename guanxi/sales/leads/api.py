"""What programs do with leads beyond the records: answer, assign, drop, convert, and take that back."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Field, Router, Schema

from guanxi.foundation.api.types import Day, Moment, Money, Number
from guanxi.sales.leads import actions, assigning
from guanxi.sales.leads.models import Assignment, Lead

router = Router(tags=["Leads"])


class LeadOut(Schema):
    """Where a lead stands; all of it is told by /records/leads."""

    id: int
    state: str
    owner: int | None = Field(alias="owner_id")
    known_as: int | None = Field(alias="same_as_id", description="The customer that it is, or seems to be.")
    deal: int | None = Field(alias="deal_id")
    first_activity_at: Moment | None
    seconds_to_activity: int | None


class ConvertIn(Schema):
    deal_name: Annotated[str, Field(max_length=200)] = ""
    value: Money | None = None
    expected_close: Day | None = None
    use_known: bool = Field(True, description="False: a customer of his own, though he seems to be known.")
    with_deal: bool = True


class DropIn(Schema):
    because: Annotated[str, Field(min_length=1, max_length=300)]


class AssignmentOut(Schema):
    user: int | None = Field(alias="user_id")
    rule: int | None = Field(alias="rule_id")
    at: Moment
    why: list[str]

    @staticmethod
    def resolve_why(row: Assignment) -> list[str]:
        return [assigning.words(step) for step in row.steps]


@router.post("/{number}/answered", response=LeadOut, summary="Say that somebody answered", operation_id="answer_lead")
def answer_lead(request: HttpRequest, number: Number) -> Lead:
    """The first time counts for the speed to lead."""
    return actions.note_activity(number, by=request.user)


@router.post("/{number}/assign", response=LeadOut, summary="Assign a lead by the rules", operation_id="assign_lead")
def assign_lead(request: HttpRequest, number: Number) -> Lead:
    """To whom the first rule that fits gives it."""
    return actions.assign(number, by=request.user)


@router.get(
    "/{number}/assignments",
    response=list[AssignmentOut],
    summary="Why a lead is whose",
    operation_id="lead_assignments",
)
def lead_assignments(request: HttpRequest, number: Number) -> Any:
    """What each rule said, the newest first."""
    lead = Lead.objects.visible_to(request.user).get(pk=number)
    return list(lead.assignments.order_by("-at", "-id")[:100])


@router.post("/{number}/drop", response=LeadOut, summary="Drop a lead", operation_id="drop_lead")
def drop_lead(request: HttpRequest, number: Number, body: DropIn) -> Lead:
    """Nothing comes of it."""
    return actions.drop(number, body.because, by=request.user)


@router.post("/{number}/convert", response=LeadOut, summary="Convert a lead", operation_id="convert_lead")
def convert_lead(request: HttpRequest, number: Number, body: ConvertIn) -> Lead:
    """Into a customer, a contact and a deal, all or nothing."""
    return actions.convert(number, by=request.user, **body.model_dump())


@router.post(
    "/{number}/convert/undo", response=LeadOut, summary="Take a conversion back", operation_id="undo_lead_conversion"
)
def undo_lead_conversion(request: HttpRequest, number: Number) -> Lead:
    """While its deal is open; customers that somebody has worked with since stay."""
    return actions.undo_conversion(number, by=request.user)
