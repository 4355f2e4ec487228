"""Invitations that go out by mail, what follows them, and answers to invitations of others (RFC 5546, 6047).

Nothing is ever sent because a mail came: an invitation and an answer go out because somebody pressed a button, an
update and a cancellation because somebody moved or called off what he had invited to. So no two programs can write to
each other for ever.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from guanxi.channels.activities import actions as activities
from guanxi.channels.activities import repeating
from guanxi.channels.activities.models import Activity, Participant
from guanxi.channels.calendar import ical
from guanxi.channels.mail import actions as mail
from guanxi.channels.mail import queries as boxes
from guanxi.channels.mail.models import Mailbox
from guanxi.foundation import clock, notifications
from guanxi.foundation.actions import Refused, acting, action, change
from guanxi.foundation.models import User
from guanxi.foundation.visibility import SYSTEM, Viewer, require

REQUEST, CANCEL = "REQUEST", "CANCEL"


@dataclass(frozen=True)
class Time:
    """One time of a series: when it is by the rule, and as it is."""

    at: datetime
    one: Activity


ANSWERS = (Participant.Answer.ACCEPTED, Participant.Answer.TENTATIVE, Participant.Answer.DECLINED)


@action
def invite(number: int, *, by: Viewer) -> list[Participant]:
    """Invite by mail everybody who takes part and was not told of this version yet; all who take part, with what
    became of it. Each customer is asked for consent as for any personal mail; who may not be written to is named."""
    activity = activities.held(number, by)
    require(by, "edit", activity)
    _refuse_unfit(activity, by)
    box = _mailbox(activity.owner)
    _tell(activity, REQUEST, _guests(activity), box, again=False)
    return _guests(activity)


def _refuse_unfit(activity: Activity, by: Viewer) -> None:
    if activity.organizer:
        raise Refused(_("%(who)s invites to this; answer instead.") % {"who": activity.organizer}, "organizer")
    if activity.state != Activity.State.PLANNED:
        raise Refused(_("Only to what is still to come can be invited."), "state")
    if activity.owner_id is None or activity.owner_id != by.pk:
        raise Refused(_("Only whose it is invites to it: the mail goes out from his mailbox."), "owner")
    if not activity.participants.exists():
        raise Refused(_("Say first who takes part."), "participants")
    if activity.series and not repeating.is_ours(activity):
        raise Refused(_("It repeats: invite to it in the calendar that it comes from."), "series")


def _mailbox(owner: User | None) -> Mailbox:
    found = boxes.boxes(owner) if owner is not None else []
    if not found:
        raise Refused(_("Connect your mailbox first: System → Mailboxes."), "mailbox")
    return found[0]


def _guests(activity: Activity) -> list[Participant]:
    return list(Participant.objects.filter(activity=activity).select_related("user", "party").order_by("id"))


def _tell(
    activity: Activity,
    method: str,
    guests: Iterable[Participant],
    box: Mailbox,
    *,
    again: bool = True,
    time: Time | None = None,
) -> None:
    """Write to each guest by himself, so that one who may not be written to keeps no other from hearing of it."""
    everybody = _guests(activity)
    for one in guests:
        if one.user_id == activity.owner_id or (not again and one.told_sequence == activity.sequence):
            continue
        try:
            _write(activity, method, one, box, [one] if method == CANCEL else everybody, time)
        except Refused as refusal:
            change(one, not_told=refusal.message[:300])
        else:
            change(one, told_sequence=activity.sequence, not_told="")


def _write(
    activity: Activity,
    method: str,
    guest: Participant,
    box: Mailbox,
    named: Collection[Participant],
    time: Time | None,
) -> None:
    address = ical.mail_of(guest)
    if not address:
        raise Refused(_("No mail address is known."), "mail")
    owner = box.owner
    with translation.override(owner.language or None):
        subject, text = _words(time.one if time else activity, method, guest)
        said = ical.invitation(activity, method, box.address, named, time.at if time else None)
        record = None if guest.user_id else activity
        mail.write(box.pk, mail.Draft([address], subject, text, record=record, calendar=said), by=owner)


def _words(activity: Activity, method: str, guest: Participant) -> tuple[str, str]:
    what = {"what": activity.subject, "when": activities.when(activity)}
    if method == CANCEL:
        subject = _("Called off: %(what)s, %(when)s") % what
    elif guest.told_sequence is None:
        subject = _("Invitation: %(what)s, %(when)s") % what
    else:
        subject = _("Changed: %(what)s, %(when)s") % what
    lines = [activity.subject, activities.when(activity), activity.place]
    if method == REQUEST:
        lines += ["", _("Please answer in your calendar, or simply by mail.")]
    return subject, "\n".join(line for line in lines if line is not None)


def tell_of_time(activity: Activity, method: str, at: datetime, one: Activity) -> None:
    """Tell those who were invited to a series what became of one time of it, which by the rule is at `at`."""
    told = Participant.objects.filter(activity=activity, told_sequence__isnull=False)
    _tell_all(activity, method, list(told.select_related("user", "party").order_by("id")), Time(at, one))


def follow(activity: Activity, what: str, participants: Collection[Participant], *, by: Viewer) -> None:
    """Tell those who were invited by mail what became of it: hears of every change, within its transaction."""
    if activity.organizer or what in (activities.PLANNED, activities.CHANGED):
        return
    told = Participant.objects.filter(activity=activity, told_sequence__isnull=False)
    if what == activities.LEFT:
        told = told.filter(pk__in=[one.pk for one in participants])
    if activity.state == Activity.State.HELD or (
        what == activities.REMOVED and activity.state == Activity.State.CANCELLED
    ):
        return
    guests = list(told.select_related("user", "party").order_by("id"))
    _tell_all(activity, REQUEST if what == activities.ANNOUNCED_ANEW else CANCEL, guests)


def _tell_all(activity: Activity, method: str, guests: list[Participant], time: Time | None = None) -> None:
    if not guests:
        return
    try:
        box = _mailbox(activity.owner)
    except Refused as refusal:
        for one in guests:
            change(one, not_told=refusal.message[:300])
        return
    _tell(activity, method, guests, box, time=time)


@action
def respond(number: int, answer: str, comment: str = "", *, by: Viewer) -> Participant:
    """Accept an invitation, perhaps, or decline it; whoever invited is told by mail, from one's own mailbox."""
    activity = Activity.objects.visible_to(by).select_related("owner", "party").get(pk=number)
    part: Participant | None = Participant.objects.filter(activity=activity, user=by.pk).first()
    if part is None:
        raise Refused(_("You are not invited to this."), "answer")
    if answer not in ANSWERS:
        raise Refused(_("The answer is accepted, tentative or declined."), "answer")
    if activity.state != Activity.State.PLANNED:
        raise Refused(_("It was called off, or is over."), "state")
    comment = " ".join(comment.replace("\x00", "").split())[:500]
    values: dict[str, Any] = {"answer": answer, "comment": comment, "answered_at": clock.now()}
    _note(part, values | {"answered_sequence": activity.sequence})
    part = Participant.objects.select_related("user", "party").get(pk=part.pk)
    if activity.organizer:
        _send_answer(activity, part, User.objects.get(pk=by.pk))
    elif activity.owner is not None and activity.owner_id != by.pk:
        tell_answer(activity, part)
    return part


def _note(part: Participant, values: dict[str, Any]) -> None:
    """One's own answer is one's own to give, whoever may edit the meeting."""
    with acting(SYSTEM, "calendar.respond"):
        change(part, **values)


def _send_answer(activity: Activity, part: Participant, me: User) -> None:
    box = _mailbox(me)
    with translation.override(me.language or None):
        subject = f"{part.get_answer_display()}: {activity.subject}"
        text = "\n".join(line for line in (subject, activities.when(activity), "", part.comment) if line)
        record = activity if activity.party is not None else None
        said = ical.reply(activity, part, box.address)
        mail.write(box.pk, mail.Draft([activity.organizer], subject, text, record=record, calendar=said), by=me)


def tell_answer(activity: Activity, part: Participant) -> None:
    """Tell whose meeting it is what somebody answered."""
    if activity.owner is None:
        return
    with translation.override(activity.owner.language or None):
        title = f"{part}: {part.get_answer_display()} · {activity.subject}"
        notifications.notify(activity.owner, title, part.comment, f"/activities/{activity.pk}/")
