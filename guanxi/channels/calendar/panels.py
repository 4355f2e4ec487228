"""What the calendar shows on the pages of meetings and mails: invitations, answers, and what to do with them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from guanxi.channels.activities import repeating, rhythms
from guanxi.channels.activities.models import Activity, Participant
from guanxi.channels.calendar import queries
from guanxi.channels.calendar.models import Notice
from guanxi.channels.mail.models import Message
from guanxi.foundation.desk import Panel
from guanxi.foundation.visibility import Viewer, may

Answer = Participant.Answer
ANSWERS = ((Answer.ACCEPTED, _("Accept")), (Answer.TENTATIVE, _("Perhaps")), (Answer.DECLINED, _("Decline")))


def of_meeting(row: Activity, viewer: Viewer) -> dict[str, Any]:
    """Who invited to it or is invited, what the viewer answered, what other calendars said, when it is again."""
    participants = list(row.participants.select_related("user", "party").order_by("id"))
    mine = next((one for one in participants if one.user_id == viewer.pk), None)
    ours = not row.organizer and row.owner_id == viewer.pk and row.state == Activity.State.PLANNED
    ours = ours and (not row.series or repeating.is_ours(row))
    every, until = rhythms.of(row.series) if repeating.is_ours(row) else ("", None)
    return {
        "activity": row,
        "mine": mine if mine is not None and (row.organizer or row.owner_id != viewer.pk) else None,
        "answers": ANSWERS,
        "invited": [one for one in participants if one.told_sequence is not None or one.not_told],
        "to_tell": sum(one.told_sequence != row.sequence for one in participants) if ours else 0,
        "notices": queries.notices(row, viewer),
        "times": repeating.upcoming(row) if row.series else [],
        "may_repeat": ours and may(viewer, "edit", row),
        "rhythms": rhythms.EVERY,
        "every": every,
        "until": until,
    }


def of_mail(row: Message, viewer: Viewer) -> dict[str, Any]:
    """What the calendar in a mail said, and what became of it."""
    notice: Notice | None = queries.notice_of(row, viewer)
    activity = queries.meeting_of(notice, viewer) if notice is not None else None
    mine = Participant.objects.filter(activity=activity, user=viewer.pk).first() if activity is not None else None
    asks = activity is not None and activity.organizer and activity.state == Activity.State.PLANNED
    return {"notice": notice, "activity": activity, "mine": mine if asks else None, "answers": ANSWERS}


MEETING = Panel(
    "middle",
    _("Invitations"),
    "calendar/meeting.html",
    context=of_meeting,
    order=6,
    key="invitations",
    when=lambda row, viewer: row.kind != Activity.Kind.CALL,
)
MAIL = Panel(
    "middle",
    _("What it tells the calendar"),
    "calendar/mail.html",
    context=of_mail,
    order=4,
    key="calendar",
    when=lambda row, viewer: bool(row.calendar),
)
