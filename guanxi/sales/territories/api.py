"""What programs do with territories beyond their records: try a re-cut and do it; ask where a customer is, and why."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field

from guanxi.customers.models import Party
from guanxi.foundation.api.types import Moment, Number
from guanxi.foundation.visibility import require
from guanxi.sales.territories import actions
from guanxi.sales.territories.models import Assigned, Recut

router = Router(tags=["Territories"])


class RecutIn(Schema):
    """How territories are cut anew by their rules."""

    hand_over: bool = Field(True, description="Customers go to who has their territory.")
    with_deals: bool = Field(True, description="Open deals of whoever had the customer go along.")


class RecutOut(Schema):
    """A re-cut: a plan until it is done. `figures`: between colleagues, between territories, and each one's balance."""

    id: int
    at: Moment
    hand_over: bool
    with_deals: bool
    total: int = Field(description="How many customers move.")
    figures: dict[str, Any]
    applied_at: Moment | None
    change: int | None = Field(description="The bulk change that did it: /bulk-changes/{number}/undo takes it back.")


class TerritoryMoveOut(Schema):
    before: int | None = Field(alias="before_id")
    after: int | None = Field(alias="after_id")
    how: str
    rule: str
    recut: int | None = Field(alias="recut_id")
    undone: bool
    at: Moment


class TerritoryOfPartyOut(Schema):
    """Where a customer is, and how he came there, the newest move first."""

    territory: int | None
    how: str
    moves: list[TerritoryMoveOut]


@router.post("/recuts", response={201: RecutOut}, summary="Simulate a re-cut", operation_id="simulate_recut")
def simulate_recut(request: HttpRequest, body: RecutIn) -> Status[Recut]:
    """What would move by the rules as they are now. Nothing moves yet."""
    require(request.user, "run", Recut)
    return Status(201, actions.simulate(by=request.user, hand_over=body.hand_over, with_deals=body.with_deals))


@router.get("/recuts/{number}", response=RecutOut, summary="Get a re-cut", operation_id="get_recut")
def get_recut(request: HttpRequest, number: Number) -> Recut:
    """Its figures."""
    return Recut.objects.visible_to(request.user).get(pk=number)


@router.post("/recuts/{number}/apply", response={202: RecutOut}, summary="Do a re-cut", operation_id="apply_recut")
def apply_recut(request: HttpRequest, number: Number) -> Status[Recut]:
    """Move the customers; in the background where they are many. Whom somebody moved since stays."""
    require(request.user, "run", Recut)
    return Status(202, actions.carry_out(number, by=request.user))


@router.get("/of/{number}", response=TerritoryOfPartyOut, summary="The territory of a customer",
            operation_id="get_territory_of_party")  # fmt: skip
def get_territory_of_party(request: HttpRequest, number: Number) -> dict[str, Any]:
    """And why it is his."""
    row = Party.objects.visible_to(request.user).get(pk=number)
    mine = Assigned.objects.filter(party=row, origin__isnull=True).first()
    return {
        "territory": mine.territory_id if mine else None,
        "how": mine.how if mine else "",
        "moves": actions.history(row, request.user),
    }
