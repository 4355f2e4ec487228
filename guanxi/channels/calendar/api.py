"""Invitations, calendars elsewhere and the calendar of the team for programs."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema, Status

from guanxi.channels.activities import repeating
from guanxi.channels.activities.models import Activity, Participant
from guanxi.channels.calendar import actions, queries, tasks, team
from guanxi.channels.calendar.models import Account, Clash, Feed, Notice
from guanxi.channels.mail import tasks as mail
from guanxi.foundation import tasks as background
from guanxi.foundation.actions import Refused
from guanxi.foundation.api.types import Moment, Number
from guanxi.foundation.models import User
from guanxi.foundation.visibility import require

router = Router(tags=["Calendar"])


class GuestOut(Schema):
    """Who takes part, and what became of inviting him."""

    id: int
    user: int | None = Field(alias="user_id")
    party: int | None = Field(alias="party_id")
    mail: str
    answer: str
    comment: str
    told_sequence: int | None = Field(description="The version that he was last told of by mail.")
    not_told: str = Field(description="Why he could not be written to.")


class AnswerIn(Schema):
    """Your answer to an invitation."""

    answer: Literal["accepted", "tentative", "declined"]
    comment: Annotated[str, Field(max_length=500)] = ""


class NoticeOut(Schema):
    """What another calendar said by mail, and what became of it."""

    id: int
    message: int = Field(alias="message_id")
    activity: int | None = Field(alias="activity_id")
    method: str
    state: str
    words: str
    mail: str
    answer: str
    comment: str
    starts_at: Moment | None
    minutes: int | None
    place: str


class SettledIn(Schema):
    """What to do with a notice."""

    do: Literal["take", "dismiss"]


@router.post("/meetings/{number}/invitations", response=list[GuestOut], summary="Invite by mail who takes part")
def invite(request: HttpRequest, number: int) -> list[Participant]:
    """From your own mailbox; those who were told of this version already are not written to again."""
    guests = actions.invite(number, by=request.user)
    background.enqueue(mail.send, by=request.user, key="mail:send")
    return guests


@router.post("/meetings/{number}/answer", response=GuestOut, summary="Answer an invitation")
def answer(request: HttpRequest, number: int, body: AnswerIn) -> Participant:
    """Whoever invited is told by mail, from your own mailbox."""
    given = actions.respond(number, body.answer, body.comment, by=request.user)
    background.enqueue(mail.send, by=request.user, key="mail:send")
    return given


@router.get("/meetings/{number}/notices", response=list[NoticeOut], summary="What other calendars said of a meeting")
def notices(request: HttpRequest, number: int) -> list[Notice]:
    """Answers, proposals and cancellations, as far as you may see the mails that brought them."""
    return queries.notices(Activity.objects.visible_to(request.user).get(pk=number), request.user)


@router.post("/notices/{number}", response=NoticeOut, summary="Take over what a notice says, or set it aside")
def settle(request: HttpRequest, number: int, body: SettledIn) -> Notice:
    """A proposed time is taken, an answer of who was not invited is noted."""
    done = actions.take_over if body.do == "take" else actions.dismiss
    return done(number, by=request.user)


class RhythmIn(Schema):
    """How often a meeting of yours repeats; empty: not any more."""

    every: Literal["", "day", "week", "fortnight", "month"]
    until: date | None = Field(None, description="The last day; without, for ever.")


class MeetingTimeOut(Schema):
    """One time of a series."""

    at: Moment = Field(alias="by_rule", description="When it is by the rule: what it is known by.")
    starts_at: Moment
    minutes: int
    place: str


class MeetingTimeIn(Schema):
    """What becomes of one time of a series of yours."""

    at: Moment = Field(description="When it is by the rule.")
    do: Literal["move", "cancel"]
    starts_at: Moment | None = None
    minutes: Annotated[int, Field(ge=0, le=60 * 24 * 31)] | None = None
    place: Annotated[str, Field(max_length=250)] | None = None


@router.get("/meetings/{number}/times", response=list[MeetingTimeOut], summary="The next times of a series")
def list_meeting_times(request: HttpRequest, number: int) -> list[Activity]:
    """The next twenty of a year, without those that were held; none of a meeting that does not repeat."""
    row = Activity.objects.visible_to(request.user).get(pk=number)
    return repeating.upcoming(row, 20) if row.series else []


@router.put("/meetings/{number}/rhythm", response=list[MeetingTimeOut], summary="Let a meeting repeat, or not any more")
def repeat(request: HttpRequest, number: int, body: RhythmIn) -> list[Activity]:
    """Single times that were moved or called off go by the rule again; whoever was invited hears of it by mail."""
    row = actions.repeat(number, body.every, body.until, by=request.user)
    background.enqueue(mail.send, by=request.user, key="mail:send")
    return repeating.upcoming(row, 20) if row.series else []


@router.post("/meetings/{number}/times", response=list[MeetingTimeOut], summary="Move or call off one time of a series")
def change_meeting_time(request: HttpRequest, number: int, body: MeetingTimeIn) -> list[Activity]:
    """Whoever was invited hears of that time alone."""
    if body.do == "cancel":
        row = actions.cancel_time(number, body.at, by=request.user)
    else:
        changes = body.model_dump(include={"starts_at", "minutes", "place"}, exclude_none=True)
        row = actions.move_time(number, body.at, changes, by=request.user)
    background.enqueue(mail.send, by=request.user, key="mail:send")
    return repeating.upcoming(row, 20)


class LeftOutEntryOut(Schema):
    """What is not the same on both sides, and why."""

    path: str
    subject: str
    why: str


class ClashOut(Schema):
    """What was changed on both sides: what stood here, and what stands there (iCalendar)."""

    id: int
    activity: int = Field(alias="activity_id")
    ours: str
    theirs: str
    settled: bool


class CalendarHealthOut(Schema):
    """How a calendar elsewhere stands."""

    state: str
    error: str
    synced_at: Moment | None
    kept: int = Field(description="Appointments that are the same on both sides.")
    past: int
    left_out: list[LeftOutEntryOut]
    clashes: list[ClashOut]


class CalendarDoneIn(Schema):
    """What to do with a calendar elsewhere."""

    do: Literal["look", "again", "pause", "resume"]


class ClashIn(Schema):
    """Which side counts."""

    ours: bool


@router.get("/accounts/{number}/health", response=CalendarHealthOut, summary="How a calendar elsewhere stands")
def health(request: HttpRequest, number: int) -> dict[str, Any]:
    """State, what is the same, what was left out with its reason, and clashes."""
    return _health(Account.objects.visible_to(request.user).get(pk=number))


@router.post("/accounts/{number}", response=CalendarHealthOut, summary="Look at a calendar elsewhere, or pause it")
def do(request: HttpRequest, number: int, body: CalendarDoneIn) -> dict[str, Any]:
    """`again` reads anew what was left out."""
    account = Account.objects.visible_to(request.user).get(pk=number)
    if body.do in ("pause", "resume"):
        actions.pause_calendar(number, body.do == "pause", by=request.user)
        account.refresh_from_db()
    else:
        if body.do == "again":
            actions.try_left_out_again(number, by=request.user)
        background.enqueue(tasks.sync, number, by=request.user, key=tasks.key_of(number))
    return _health(account)


@router.post("/clashes/{number}", response=ClashOut, summary="Say which side of a clash counts")
def settle_clash(request: HttpRequest, number: int, body: ClashIn) -> Clash:
    """What stands at the server counts until it is said otherwise."""
    return actions.settle_clash(number, body.ours, by=request.user)


def _health(account: Account) -> dict[str, Any]:
    found = queries.health(account)
    stands = {"state": account.state, "error": account.error, "synced_at": account.synced_at}
    return {**found, **stands, "clashes": [one.clash for one in found["clashes"]]}


# The address of one's own calendar -----------------------------------------------------------------------------------


class CalendarAddressOut(Schema):
    """By what calendar programs read your calendar, without log-in."""

    address: str | None = Field(description="Null where it cannot be read.")
    since: Moment | None
    last_read_at: Moment | None


@router.get("/address", response=CalendarAddressOut, summary="The address of your calendar")
def get_address(request: HttpRequest) -> dict[str, Any]:
    """What the calendar of a telephone or a computer subscribes to."""
    return _address(request, Feed.objects.visible_to(request.user).first())


@router.put("/address", response=CalendarAddressOut, summary="Let your calendar be read by its address")
def open_address(request: HttpRequest) -> dict[str, Any]:
    """An address that there is stays as it is."""
    return _address(request, actions.open_feed(_caller(request), by=request.user))


@router.post("/address/renew", response=CalendarAddressOut, summary="Give your calendar another address")
def renew_address(request: HttpRequest) -> dict[str, Any]:
    """The old one is worthless from then on."""
    return _address(request, actions.renew_feed(_caller(request), by=request.user))


@router.delete("/address", response={204: None}, summary="Let nobody read your calendar any more")
def close_address(request: HttpRequest) -> Status[None]:
    """Its address is worthless from then on."""
    actions.close_feed(_caller(request), by=request.user)
    return Status(204, None)


def _caller(request: HttpRequest) -> User:
    return User.objects.get(username=request.user.get_username())


def _address(request: HttpRequest, feed: Feed | None) -> dict[str, Any]:
    return {
        "address": request.build_absolute_uri(queries.path_of(feed)) if feed else None,
        "since": feed and feed.created_at,
        "last_read_at": feed and feed.last_read_at,
    }


# The calendar of the team -------------------------------------------------------------------------------------------

LONGEST_SPAN = timedelta(days=62)


class SpanIn(Schema):
    """Whose calendars, and from when to when."""

    since: Moment
    until: Moment
    users: Annotated[list[Number], Field(max_length=team.MOST_PEOPLE)] = []


class FreeIn(SpanIn):
    """How long all have to be free."""

    minutes: Annotated[int, Field(gt=0, le=9 * 60)] = 60


class TakenOut(Schema):
    """A time that is taken; without a title where you may not see what it is."""

    user: int
    starts_at: Moment
    ends_at: Moment
    title: str
    url: str
    whole_day: bool
    tentative: bool


class FreeOut(Schema):
    starts_at: Moment
    ends_at: Moment


@router.get("/team", response=list[TakenOut], summary="What stands in the calendars of colleagues")
def taken(request: HttpRequest, asked: Query[SpanIn]) -> list[dict[str, Any]]:
    """Without `users` those of you and your team; at most 62 days."""
    found = team.blocks(_users(request, asked), asked.since, asked.until, request.user)
    return [{"user": user, **asdict(block)} for user, blocks in found.items() for block in blocks]


@router.get("/free", response=list[FreeOut], summary="When all are free")
def free(request: HttpRequest, asked: Query[FreeIn]) -> list[team.Free]:
    """The first times on working days between 9 and 18 o'clock at which nobody has anything."""
    return team.free(_users(request, asked), asked.since, asked.until, asked.minutes)


def _users(request: HttpRequest, asked: SpanIn) -> list[User]:
    require(request.user, "view", Activity)
    if not asked.since < asked.until <= asked.since + LONGEST_SPAN:
        raise Refused(_("Ask for at most 62 days, the first moment first."), "until")
    return team.people(request.user, asked.users)
