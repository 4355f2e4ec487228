"""Mailboxes at real servers, and calendars as others write them."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import pytest

from guanxi.channels.mail import syncing
from guanxi.channels.mail.models import Mailbox
from guanxi.channels.mail.tests.conftest import letter, mailbox, mei  # noqa: F401  fixtures
from tests.dovecot import Dovecot

TAIPEI = """BEGIN:VTIMEZONE
TZID:Taipei by hand
BEGIN:STANDARD
DTSTART:19700101T000000
TZOFFSETFROM:+0800
TZOFFSETTO:+0800
END:STANDARD
END:VTIMEZONE"""


def written(method: str, *lines: str, uid: str = "their-1@example.tw", zone: str = "", more: str = "") -> str:
    """A calendar object with one event of these lines; `more` stands behind it."""
    event = ["BEGIN:VEVENT", f"UID:{uid}", *lines, "END:VEVENT"]
    parts = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Them//EN",
        f"METHOD:{method}",
        *zone.splitlines(),
        *event,
        more,
    ]
    return "\r\n".join([*filter(None, parts), "END:VCALENDAR", ""])


@pytest.fixture
def comes(mailbox: Mailbox, letter: Callable[..., EmailMessage], imap_server: Dovecot) -> Callable[..., None]:  # noqa: F811
    """Let a mail with a calendar come and be read: `comes(calendar, sender=…)`."""

    def come(calendar: str, sender: str = "王美玲 <mei@example.tw>", **headers: Any) -> None:
        message = letter("日曆", "見日曆。", sender=sender, **headers)
        method = calendar.partition("METHOD:")[2].split("\r\n")[0] or "REQUEST"
        message.add_alternative(calendar, subtype="calendar", params={"method": method})
        imap_server.put(mailbox.username, message)
        syncing.sync(mailbox.pk)

    return come
