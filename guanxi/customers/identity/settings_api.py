"""The settings of identity for programs: thresholds and what they would do, rules of which value counts, junk.

How far sources are trusted is read and changed under `/records/sources`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status

from guanxi.customers import following, junk
from guanxi.customers.actions import matching as deciding
from guanxi.customers.identity.story import fields_of
from guanxi.customers.models import FieldRule, JunkValue, MatchingSettings, MatchPair
from guanxi.customers.survivorship import field_names, rules
from guanxi.foundation.api import keyset
from guanxi.foundation.api.tasks import BackgroundTaskOut
from guanxi.foundation.api.types import Cursor, Limit, Moment, Number, Page
from guanxi.foundation.tasks.models import BackgroundTask
from guanxi.foundation.visibility import Viewer, require

identity_router = Router(tags=["Identity"])

Chance = Annotated[float, Field(ge=0, le=1, description="A probability.")]
FieldPath = Annotated[str, Field(max_length=100, description="Such as `city` or `profile.age`.")]
RuleName = Literal["trusted", "newest", "complete", "frequent"]


class MatchingOut(Schema):
    """From which probability on pairs are merged, and people asked; on what the model of likeness rests."""

    ask_from: float
    merge_from: float
    by_itself: bool = Field(description="Whether what is probable enough is merged without asking.")
    trained_at: Moment | None
    trained_on: int
    compared_at: Moment | None = Field(description="When all were last compared with all.")


class MatchingChange(Schema):
    """What is to change; leave out the rest."""

    ask_from: Chance | None = None
    merge_from: Chance | None = None
    by_itself: bool | None = None


class ThresholdsAsked(Schema):
    """Thresholds to try; those set now where left out."""

    ask_from: Chance | None = None
    merge_from: Chance | None = None


class NearPair(Schema):
    """A pair just above or below a threshold."""

    id: int
    low: int = Field(alias="low_id")
    high: int = Field(alias="high_id")
    probability: float


class PairBucketOut(Schema):
    """How many pairs have a probability from `least` on, below `most`."""

    least: float
    most: float
    pairs: int


class ThresholdsOutlook(Schema):
    """What thresholds would do with the pairs that nobody has decided."""

    merged: int
    asked: int
    histogram: list[PairBucketOut]
    near: dict[str, dict[str, list[NearPair]]] = Field(description="By threshold: pairs `above` and `below` it.")


class SurvivalRule(Schema):
    """Which of several sources is believed for a field."""

    field: str
    label: str
    rule: RuleName


class SurvivalRuleIn(Schema):
    rule: RuleName


class FollowingOut(Schema):
    """Whether known customers are following the rules just now, and what came of it the last time."""

    now: BackgroundTaskOut | None
    last: BackgroundTaskOut | None


class JunkIn(Schema):
    """A value that says nothing of who somebody is."""

    kind: Literal["mail", "phone", "name"]
    value: Annotated[str, Field(max_length=200)]
    note: Annotated[str, Field(max_length=200)] = ""


class JunkOut(Schema):
    id: int
    kind: str
    value: str = Field(alias="key", description="As it is compared.")
    note: str


class JunkPaging(Schema):
    cursor: Cursor | None = None
    limit: Limit = 50


class ReadyMadeJunk(Schema):
    label: str
    values: list[str]


@identity_router.get("/settings", response=MatchingOut, summary="The thresholds", operation_id="get_matching_settings")
def get_settings(request: HttpRequest) -> MatchingSettings:
    """From which probability on pairs are merged by themselves, and people asked."""
    require(request.user, "view", MatchingSettings)
    return deciding.settings()


@identity_router.patch(
    "/settings", response=MatchingOut, summary="Set the thresholds", operation_id="change_matching_settings"
)
def change_settings(request: HttpRequest, body: MatchingChange) -> MatchingSettings:
    """They hold from now on; what was merged before stays."""
    now = deciding.settings()
    said = body.model_dump(exclude_none=True)
    values = {name: said.get(name, getattr(now, name)) for name in ("ask_from", "merge_from", "by_itself")}
    return deciding.set_matching(**values, by=request.user)


@identity_router.get(
    "/outlook", response=ThresholdsOutlook, summary="What thresholds would do", operation_id="matching_outlook"
)
def outlook(request: HttpRequest, asked: Query[ThresholdsAsked]) -> dict[str, Any]:
    """Before they are set: nothing is changed."""
    require(request.user, "view", MatchingSettings)
    from guanxi.customers.identity import proposing  # here: it loads what only comparing needs

    now = deciding.settings()
    ask_from = now.ask_from if asked.ask_from is None else asked.ask_from
    merge_from = now.merge_from if asked.merge_from is None else asked.merge_from
    deciding.check_thresholds(merge_from, ask_from)
    found = proposing.outlook(merge_from, ask_from)
    return {
        "merged": found["merged"],
        "asked": found["asked"],
        "histogram": [{"least": least, "most": most, "pairs": pairs} for least, most, pairs in found["histogram"]],
        "near": _near(found["samples"], request.user),
    }


def _near(samples: dict[str, dict[str, list[MatchPair]]], viewer: Viewer) -> dict[str, dict[str, list[MatchPair]]]:
    numbers = [pair.pk for sides in samples.values() for pairs in sides.values() for pair in pairs]
    seen = set(MatchPair.objects.visible_to(viewer).filter(pk__in=numbers).values_list("pk", flat=True))
    return {
        name: {side: [pair for pair in pairs if pair.pk in seen] for side, pairs in sides.items()}
        for name, sides in samples.items()
    }


@identity_router.get(
    "/rules", response=list[SurvivalRule], summary="Which source is believed", operation_id="list_field_rules"
)
def list_rules(request: HttpRequest) -> list[dict[str, Any]]:
    """For each field of customers."""
    require(request.user, "view", FieldRule)
    known = rules()
    return [
        {"field": one.name, "label": str(one.label), "rule": known.get(one.name, FieldRule.Rule.TRUSTED.value)}
        for one in fields_of(field_names())
    ]


@identity_router.put(
    "/rules/{field}", response={204: None}, summary="Say which source is believed", operation_id="set_field_rule"
)
def set_rule(request: HttpRequest, field: FieldPath, body: SurvivalRuleIn) -> Status[None]:
    """For one field. Known customers follow in the background: see `/identity/following`."""
    deciding.set_rule(field, body.rule, by=request.user)
    return Status(204, None)


@identity_router.get(
    "/following", response=FollowingOut, summary="How far customers follow the rules", operation_id="get_following"
)
def get_following(request: HttpRequest) -> dict[str, BackgroundTask | None]:
    """As far as you may see background tasks."""
    require(request.user, "view", FieldRule)
    return {"now": following.under_way(request.user), "last": following.last_followed(request.user)}


@identity_router.get("/junk", response=Page[JunkOut], summary="What tells nothing", operation_id="list_junk")
def list_junk(request: HttpRequest, asked: Query[JunkPaging]) -> dict[str, Any]:
    """Values that are passed over when customers are compared, beside the ready-made ones."""
    require(request.user, "view", JunkValue)
    items, after = keyset.page(JunkValue.objects.visible_to(request.user), ["id"], asked.cursor, asked.limit)
    return {"items": items, "next": after}


@identity_router.post("/junk", response={201: JunkOut}, summary="Say what tells nothing", operation_id="add_junk")
def add_junk(request: HttpRequest, body: JunkIn) -> Status[JunkValue]:
    """A mail address (`@example.com` for all of a domain), a telephone number or a name."""
    return Status(201, deciding.add_junk(body.kind, body.value, body.note, by=request.user))


@identity_router.get(
    "/junk/ready-made",
    response=list[ReadyMadeJunk],
    summary="What tells nothing anywhere",
    operation_id="ready_made_junk",
)
def ready_made_junk(request: HttpRequest) -> list[dict[str, Any]]:
    """The values that are passed over by themselves."""
    require(request.user, "view", JunkValue)
    return [{"label": str(label), "values": [str(one) for one in values]} for label, values in junk.ready_made()]


@identity_router.delete(
    "/junk/{number}", response={204: None}, summary="Let it tell something again", operation_id="remove_junk"
)
def remove_junk(request: HttpRequest, number: Number) -> Status[None]:
    """Take a value from the list."""
    deciding.remove_junk(number, by=request.user)
    return Status(204, None)
