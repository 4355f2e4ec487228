"""Who is who, for programs: merge, undo, decide of pairs, ask who is meant."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status

from guanxi.customers import actions, queries
from guanxi.customers.api import PartyOut
from guanxi.customers.api import one as party_out
from guanxi.customers.identity import queries as asking
from guanxi.customers.identity import tasks
from guanxi.customers.models import MatchPair, Merge, Party
from guanxi.foundation.api import keyset
from guanxi.foundation.api.tasks import BackgroundTaskOut
from guanxi.foundation.api.types import Cursor, Limit, Moment, Number, Page
from guanxi.foundation.tasks.models import BackgroundTask
from guanxi.foundation.visibility import require

of_party = Router(tags=["Identity"])
merges = Router(tags=["Identity"])
duplicates = Router(tags=["Identity"])

Text = Annotated[str, Field(max_length=300)]
FieldName = Annotated[str, Field(max_length=100)]


class MergeIn(Schema):
    """Who becomes part of the party, and for which fields whose value is taken (the rest follows from the sources)."""

    others: Annotated[list[Number], Field(min_length=1, max_length=19)]
    choices: dict[FieldName, Number] = {}


class MergeOut(Schema):
    id: int
    survivor: int = Field(alias="survivor_id")
    merged: int = Field(alias="merged_id")
    how: str
    probability: float | None
    choices: dict[str, Any]
    moved: dict[str, int] = Field(description="How many rows of each kind were re-pointed.")
    at: Moment
    by: int | None = Field(alias="by_id")
    undone_at: Moment | None
    undone_by: int | None = Field(alias="undone_by_id")


class MergeFilter(Schema):
    """How the list of merges is narrowed."""

    party: Number | None = None
    undone: bool | None = None
    cursor: Cursor | None = None
    limit: Limit = 50


class PairOut(Schema):
    id: int
    low: int = Field(alias="low_id")
    high: int = Field(alias="high_id")
    probability: float
    weights: list[dict[str, Any]] = Field(description="The prior, then each field: what was found, weight in bits.")
    state: str
    found_at: Moment
    until: Moment | None
    decided_at: Moment | None
    decided_by: int | None = Field(alias="decided_by_id")


class PairFilter(Schema):
    """How the list of possible duplicates is narrowed."""

    state: Literal["open", "later", "merged", "different"] | None = None
    least: Annotated[float, Field(ge=0, le=1, description="Probability at the least.")] = 0.0
    cursor: Cursor | None = None
    limit: Limit = 50


class DecisionIn(Schema):
    """What is decided of a pair; `survivor` is one of the two, else the one known longer."""

    decision: Literal["merge", "different", "later", "open"]
    survivor: Number | None = None


class LikelyIn(Schema):
    """What is known of somebody who may be a party already."""

    kind: Literal["person", "organisation"] = "person"
    name: Text = ""
    family_name: Text = ""
    given_name: Text = ""
    date_of_birth: Annotated[str, Field(max_length=10)] = ""
    gender: Text = ""
    mail: Text = ""
    phone: Text = ""
    address: Text = ""
    city: Text = ""
    country: Text = ""
    occupation: Text = ""


class LikelyOut(Schema):
    party: PartyOut
    probability: float


@of_party.post("/{number}/merge", response=PartyOut, summary="Merge parties into one", operation_id="merge_parties")
def merge_parties(request: HttpRequest, number: Number, body: MergeIn) -> Party:
    """`others` become part of the party; their numbers lead to it from now on. Can be undone at any time."""
    survivor = queries.party_numbered(number, request.user)
    actions.merge_parties(survivor, body.others, choices=body.choices, by=request.user)
    return party_out(request, survivor.pk)


@of_party.post("/likely", response=list[LikelyOut], summary="Who is probably meant", operation_id="list_likely_parties")
def likely(request: HttpRequest, body: LikelyIn) -> list[dict[str, Any]]:
    """The parties that are probably the one described, the likeliest first. Nothing is written."""
    require(request.user, "view", Party)
    from guanxi.customers.identity import proposing  # here: it loads what only comparing needs

    found = proposing.likely(body.model_dump(exclude={"kind"}), body.kind)
    visible = set(queries.parties(request.user).filter(pk__in=[n for n, _ in found]).values_list("pk", flat=True))
    return [{"party": party_out(request, n), "probability": chance} for n, chance in found if n in visible]


@merges.get("", response=Page[MergeOut], summary="List merges", operation_id="list_merges")
def list_merges(request: HttpRequest, asked: Query[MergeFilter]) -> dict[str, Any]:
    """Newest first."""
    rows = Merge.objects.visible_to(request.user)
    if asked.party is not None:
        rows = rows.filter(survivor=asked.party) | rows.filter(merged=asked.party)
    if asked.undone is not None:
        rows = rows.filter(undone_at__isnull=not asked.undone)
    items, following = keyset.page(rows, ["-id"], asked.cursor, asked.limit)
    return {"items": items, "next": following}


@merges.post("/{number}/undo", response=PartyOut, summary="Undo a merge", operation_id="undo_merge")
def undo_merge(request: HttpRequest, number: Number) -> Party:
    """The party that had become part of another, itself again with all that was recorded for it."""
    return party_out(request, actions.undo_merge(number, by=request.user).pk)


@duplicates.get("", response=Page[PairOut], summary="List possible duplicates", operation_id="list_duplicates")
def list_duplicates(request: HttpRequest, asked: Query[PairFilter]) -> dict[str, Any]:
    """Pairs of parties that may be one, with what speaks for it."""
    rows = MatchPair.objects.visible_to(request.user).filter(probability__gte=asked.least)
    if asked.state:
        rows = rows.filter(state=asked.state)
    items, following = keyset.page(rows, ["id"], asked.cursor, asked.limit)
    return {"items": items, "next": following}


class LookOut(Schema):
    """When all customers were last compared with all, and the comparison that waits or runs."""

    last_looked: Moment | None
    task: BackgroundTaskOut | None


@duplicates.get("/look", response=LookOut, summary="How far the search is", operation_id="get_duplicates_look")
def get_look(request: HttpRequest) -> dict[str, Any]:
    """The task as far as you may see background tasks."""
    require(request.user, "view", MatchPair)
    return {"last_looked": asking.last_looked(request.user), "task": asking.under_way(request.user)}


@duplicates.post(
    "/look", response={202: BackgroundTaskOut}, summary="Look for duplicates now", operation_id="look_for_duplicates"
)
def look_now(request: HttpRequest) -> Status[BackgroundTask]:
    """Compares all customers with all, in the background, or joins the comparison that waits."""
    return Status(202, tasks.find_duplicates_now(by=request.user))


@duplicates.post("/{number}", response={200: PairOut}, summary="Decide of a pair", operation_id="decide_duplicate")
def decide(request: HttpRequest, number: Number, body: DecisionIn) -> Status[MatchPair]:
    """One (`merge`), not one (`different`), put off (`later`), or undecided again (`open`)."""
    if body.decision == "open":
        actions.reopen_pair(number, by=request.user)
    else:
        actions.decide_pair(number, body.decision, survivor=body.survivor, by=request.user)
    return Status(200, MatchPair.objects.visible_to(request.user).get(pk=number))
