"""Relationships for programs: who works where and under whom, households, companies that belong together, the chart."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema, Status

from guanxi.customers import actions, queries
from guanxi.customers.merged import root_of
from guanxi.customers.models import Party, Relationship
from guanxi.customers.relations import charts
from guanxi.foundation.actions import Refused
from guanxi.foundation.api.types import Day, Moment, Number

router = Router(tags=["Relationships"])

TieKind = Literal["works_at", "household", "parent", "referred_by", "sells_for"]
BuyingRole = Literal["", "initiator", "user", "influencer", "gatekeeper", "decider", "buyer"]
Words = Annotated[str, Field(max_length=100)]
Stance = Annotated[int, Field(ge=-2, le=2, description="-2 against us … 2 for us")]
Influence = Annotated[int, Field(ge=1, le=5, description="1 little … 5 decisive")]
SUPERIOR = Field(None, description="Of “works_at”: the number of the party to whom he reports there.")


class RelationshipIn(Schema):
    """`party` (of the address) is *kind* of `other`."""

    kind: TieKind
    other: Number
    title: Words = ""
    department: Words = ""
    reports_to: Number | None = SUPERIOR
    buying_role: BuyingRole = ""
    stance: Stance | None = None
    influence: Influence | None = None
    since: Day | None = None
    until: Day | None = None


class RelationshipChange(Schema):
    """What is to change; leave out the rest. `null` empties."""

    title: Words | None = None
    department: Words | None = None
    reports_to: Number | None = SUPERIOR
    buying_role: BuyingRole | None = None
    stance: Stance | None = None
    influence: Influence | None = None
    since: Day | None = None
    until: Day | None = Field(None, description="From that day on it is a former one.")
    expected: dict[str, Any] | None = Field(None, description="The values that you saw; 409 with both otherwise.")


class RelationshipOut(Schema):
    id: int
    party: int = Field(alias="party_id")
    kind: str
    other: int = Field(alias="other_id")
    title: str
    department: str
    reports_to: int | None
    buying_role: str
    stance: int | None
    influence: int | None
    since: Day | None
    until: Day | None
    former: bool = Field(alias="is_former")

    @staticmethod
    def resolve_reports_to(row: Relationship) -> int | None:
        return row.reports_to_id if row.reports_to_id != row.party_id else None


class SeatOut(Schema):
    """One person's place. People come in the order of the tree, superiors before those whom they lead."""

    party: int
    name: str
    relationship: int
    depth: int
    reports_to: int | None = Field(description="Null at the top, also where the superior has left or a circle was cut.")
    leads: list[int] = Field(description="Those directly beneath.")
    title: str
    department: str
    buying_role: str
    stance: int | None
    influence: int | None
    last_contact: Moment | None


class CompanyOut(Schema):
    """An organisation of those that belong together, in the order of the tree."""

    party: int
    name: str
    depth: int
    parent: int | None
    people: int


class ChartOut(Schema):
    organisation: int
    people: list[SeatOut]
    left_out: int = Field(description=f"People beyond {charts.MOST}.")
    companies: list[CompanyOut]


class MoveIn(Schema):
    """`party` reports to `under` from now on; null: to nobody."""

    party: Number
    under: Number | None
    expected: Number | None = Field(None, description="To whom he was seen to report; 409 with both otherwise.")


def _party(request: HttpRequest, number: int) -> Party:
    return queries.party_numbered(number, request.user)


def _named(request: HttpRequest, number: int, field: str) -> Party:
    found = queries.parties(request.user).filter(pk=root_of(number)).first()
    if found is None:
        raise Refused(_("There is no customer %(number)s.") % {"number": number}, field)
    return found


def _row(request: HttpRequest, number: int, row: int) -> Relationship:
    party = _party(request, number)
    return Relationship.objects.visible_to(request.user).get(Q(party=party) | Q(other=party), pk=row)


@router.get(
    "/{number}/relationships",
    response=list[RelationshipOut],
    summary="List relationships",
    operation_id="list_relationships",
)
def list_relationships(request: HttpRequest, number: Number) -> list[Relationship]:
    """In both directions: `party` or `other` is the party of the address. The first 200 each; see also the chart."""
    return [tie.relationship for tie in queries.ties(_party(request, number), request.user)]


@router.post(
    "/{number}/relationships",
    response={201: RelationshipOut},
    summary="Add a relationship",
    operation_id="add_relationship",
)
def add_relationship(request: HttpRequest, number: Number, body: RelationshipIn) -> Status[Relationship]:
    """Say how the party stands to another. Circles of superiors or parent companies are refused."""
    values = body.model_dump(exclude={"kind", "other"})
    if body.reports_to is not None:
        values["reports_to"] = _named(request, body.reports_to, "reports_to")
    other = _named(request, body.other, "other")
    row = actions.add_relationship(_party(request, number), body.kind, other, by=request.user, **values)
    return Status(201, row)


@router.patch(
    "/{number}/relationships/{row}",
    response=RelationshipOut,
    summary="Change a relationship",
    operation_id="change_relationship",
)
def change_relationship(request: HttpRequest, number: Number, row: Number, body: RelationshipChange) -> Relationship:
    """Only what is sent changes. With `expected`, 409 and both values where somebody else was quicker."""
    found = _row(request, number, row)
    changes = body.model_dump(exclude_unset=True, exclude={"expected"})
    changes |= {name: "" for name in ("title", "department", "buying_role") if name in changes and not changes[name]}
    if changes.get("reports_to") is not None:
        changes["reports_to"] = _named(request, changes["reports_to"], "reports_to")
    return actions.change_relationship(found.pk, changes, body.expected, by=request.user)


@router.delete(
    "/{number}/relationships/{row}",
    response={204: None},
    summary="Remove a relationship",
    operation_id="remove_relationship",
)
def remove_relationship(request: HttpRequest, number: Number, row: Number) -> Status[None]:
    """Take it away as if it had never been; to keep it as a former one, change `until`."""
    actions.remove_relationship(_row(request, number, row).pk, by=request.user)
    return Status(204, None)


@router.get("/{number}/chart", response=ChartOut, summary="The organisation chart", operation_id="get_chart")
def get_chart(request: HttpRequest, number: Number) -> dict[str, Any]:
    """Who works at an organisation now and under whom, and the companies that belong together with it."""
    organisation = _party(request, number)
    drawn = charts.chart(organisation, request.user)
    names = ("title", "department", "buying_role", "stance", "influence")
    people = [
        {name: getattr(seat.relationship, name) for name in names}
        | {"party": number, "name": seat.party.name, "relationship": seat.relationship.pk, "depth": seat.depth}
        | {"reports_to": seat.superior.pk if seat.superior and seat.depth else None, "leads": seat.leads}
        | {"last_contact": seat.last_contact}
        for number, seat in drawn.seats.items()
    ]
    companies = [
        {"party": one.party.pk, "name": one.party.name, "depth": one.depth, "parent": one.parent, "people": one.people}
        for one in charts.companies(organisation, request.user)
    ]
    return {"organisation": organisation.pk, "people": people, "left_out": drawn.left_out, "companies": companies}


@router.post(
    "/{number}/chart/moves", response=RelationshipOut, summary="Move in the chart", operation_id="move_in_chart"
)
def move_in_chart(request: HttpRequest, number: Number, body: MoveIn) -> Relationship:
    """Let somebody report to somebody else. Refused where a circle would come about, with the circle in words."""
    under = _named(request, body.under, "under") if body.under is not None else None
    seen = {"seen": body.expected} if "expected" in body.model_fields_set else {}
    party = _named(request, body.party, "party")
    return actions.move_in_chart(_party(request, number), party, under, by=request.user, **seen)
