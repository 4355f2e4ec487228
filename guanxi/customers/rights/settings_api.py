"""What holds for everybody's data, for programs: purposes of consent, rules of retention, sensitive fields.

Rules and fields are listed and made under `/records/retention` and `/records/sensitive`.
"""

from __future__ import annotations

from datetime import time
from typing import Annotated, Any, Literal

from django.conf import settings
from django.http import Http404, HttpRequest
from ninja import Field, Router, Schema, Status
from pydantic import AfterValidator

from guanxi.customers import actions as customers
from guanxi.customers import purposes
from guanxi.customers.models import ConsentPurpose
from guanxi.customers.purposes import Purpose
from guanxi.customers.rights import actions, answering, retention
from guanxi.customers.rights.api import Code
from guanxi.customers.rights.models import RetentionRule
from guanxi.foundation.api.types import Moment, Number
from guanxi.foundation.visibility import require

purposes_router = Router(tags=["Rights"])
retention_router = Router(tags=["Rights"])
sensitive_router = Router(tags=["Rights"])


def _without_offset(moment: time) -> time:
    if moment.tzinfo is not None:
        raise ValueError("Write the time of the business's clock, without an offset.")
    return moment


Basis = Literal["consent", "contract", "legitimate_interest", "legal_duty"]
Language = Literal["en", "zh-hant", "zh-hans"]
Clock = Annotated[time, AfterValidator(_without_offset)]


class PurposeIn(Schema):
    """What is to hold of a purpose; what is left out stays, or of a new one is as usual."""

    names: dict[Language, Annotated[str, Field(max_length=100)]] = {}
    basis: Basis = "consent"
    months: Annotated[int, Field(ge=1, le=600)] | None = Field(
        None, description="That a consent holds; null: for ever."
    )
    double_opt_in: bool = Field(True, description="Has to be confirmed by mail.")
    public: bool = Field(True, description="On the page where customers choose.")
    least_age: Annotated[int, Field(ge=0, le=120)] | None = None
    quiet_from: Clock | None = Field(None, description="From then until `quiet_until` no telephone rings.")
    quiet_until: Clock | None = None
    texts: dict[Language, Annotated[str, Field(max_length=4000)]] = Field(
        {}, description="By which consent is asked for; one that differs becomes its new version."
    )


class PurposeOut(Schema):
    """What a purpose demands."""

    code: str
    label: str = Field(description="In the language asked for.")
    names: dict[str, str]
    basis: str
    months: int | None
    double_opt_in: bool
    public: bool
    least_age: int | None
    quiet_from: time | None
    quiet_until: time | None


class ConsentTextOut(Schema):
    text: str
    language: str
    version: int = Field(description="0: ours, as long as nobody wrote another.")


class PurposeWithTexts(PurposeOut):
    """What a purpose demands, and the words by which consent is asked for."""

    texts: list[ConsentTextOut]


class RetentionDoneIn(Schema):
    """What to do with a rule."""

    do: Literal["confirm", "pause", "run"]


class RetentionRuleOut(Schema):
    id: int
    kind: str
    what: str
    months: int
    state: str = Field(description="`proposed`, `active` or `paused`.")
    confirmed_at: Moment | None
    confirmed_by: int | None = Field(alias="confirmed_by_id")
    last_run: Moment | None
    last_deleted: int
    deleted: int


class RetentionOutlookOut(Schema):
    """What a rule would delete now."""

    count: int
    before: Moment = Field(description="What is older than this goes.")
    held: int = Field(description="Rows that stay because somebody's data are held by law.")
    oldest: list[str] = Field(alias="sample")


@purposes_router.get("", response=list[PurposeOut], summary="List purposes", operation_id="list_consent_purposes")
def list_purposes(request: HttpRequest) -> list[dict[str, Any]]:
    """For what consent is asked, the ready-made purposes first."""
    require(request.user, "view", ConsentPurpose)
    known = purposes.every()
    return [_told(one, known) for one in known.values()]


@purposes_router.get("/{code}", response=PurposeWithTexts, summary="Get a purpose", operation_id="get_consent_purpose")
def get_purpose(request: HttpRequest, code: Code) -> dict[str, Any]:
    """What it demands, and the newest text in each language."""
    require(request.user, "view", ConsentPurpose)
    known = purposes.every()
    if code not in known:
        raise Http404(code)
    texts = [purposes.text_of(code, language) for language, _name in settings.LANGUAGES]
    return {**_told(known[code], known), "texts": texts}


@purposes_router.put(
    "/{code}", response=PurposeWithTexts, summary="Say what a purpose demands", operation_id="set_consent_purpose"
)
def set_purpose(request: HttpRequest, code: Code, body: PurposeIn) -> dict[str, Any]:
    """Changed, or added under this code. It counts at once, for consents given before too."""
    values = body.model_dump(exclude_unset=True, exclude={"texts"})
    customers.set_purpose(code, {str(key): text for key, text in body.texts.items()}, by=request.user, **values)
    return get_purpose(request, code)


def _told(purpose: Purpose, known: dict[str, Purpose]) -> dict[str, Any]:
    names = ("code", "names", "basis", "months", "double_opt_in", "public", "least_age", "quiet_from", "quiet_until")
    return {"label": purposes.label_of(purpose.code, known), **{name: getattr(purpose, name) for name in names}}


@retention_router.get(
    "/{number}/outlook",
    response=RetentionOutlookOut,
    summary="What a rule would delete",
    operation_id="retention_outlook",
)
def retention_outlook(request: HttpRequest, number: Number) -> retention.Preview:
    """Now; nothing is changed."""
    require(request.user, "view", RetentionRule)
    return retention.preview(RetentionRule.objects.visible_to(request.user).get(pk=number))


@retention_router.post(
    "/{number}", response=RetentionRuleOut, summary="Confirm, pause or run a rule", operation_id="do_retention_rule"
)
def do_rule(request: HttpRequest, number: Number, body: RetentionDoneIn) -> RetentionRule:
    """A rule that is confirmed runs every night; `run` lets it run now. Only one that is in force deletes anything."""
    rule = RetentionRule.objects.visible_to(request.user).get(pk=number)
    answering.do_rule(rule, body.do, by=request.user)
    rule.refresh_from_db()
    return rule


@sensitive_router.delete(
    "/{number}", response={204: None}, summary="Let a field be no longer sensitive", operation_id="unmark_sensitive"
)
def unmark(request: HttpRequest, number: Number) -> Status[None]:
    """It is shown to everybody again."""
    actions.unmark_sensitive(number, by=request.user)
    return Status(204, None)
