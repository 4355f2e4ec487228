"""Mailboxes at a real server."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

import pytest
from django.utils import timezone

from guanxi.channels.mail import actions
from guanxi.channels.mail.models import Mailbox
from guanxi.customers.actions import add_contact_point, create_party
from guanxi.customers.models import Party
from guanxi.foundation.models import User
from tests.dovecot import PASSWORD, Dovecot

NUMBERS = itertools.count(1)


@pytest.fixture
def mailbox(staff: User, imap_server: Dovecot, smtp_server: Any, settings: Any, home: Any) -> Mailbox:
    """The mailbox of `staff`, empty, at a user name of its own."""
    settings.GUANXI_MAIL_HOSTS = ["127.0.0.1"]
    return actions.connect(
        by=staff, address="meihua@guanxi.example", username=f"user{next(NUMBERS)}", password=PASSWORD,
        imap_host="127.0.0.1", imap_port=imap_server.port, imap_security="none",
        smtp_host=smtp_server.host, smtp_port=smtp_server.port, smtp_security="none",
    )  # fmt: skip


@pytest.fixture
def mei(staff: User) -> Party:
    """A customer with a mail address."""
    party = create_party(name="王美玲", kind="person", by=staff)
    add_contact_point(party, "mail", "Mei@Example.TW", by=staff)
    return party


@pytest.fixture
def letter() -> Callable[..., EmailMessage]:
    """Make a message: `letter("subject", "text", sender=…, In_Reply_To=…)`."""

    def make(
        subject: str = "詢價", text: str = "請報價。", sender: str = "王美玲 <mei@example.tw>", **headers: str
    ) -> EmailMessage:
        message = EmailMessage()
        message["From"] = sender
        message["To"] = headers.pop("To", "meihua@guanxi.example")
        message["Subject"] = subject
        message["Date"] = format_datetime(timezone.now())
        message["Message-ID"] = headers.pop("Message_ID", f"<{next(NUMBERS)}@example.tw>")
        for name, value in headers.items():
            message[name.replace("_", "-")] = value
        message.set_content(text)
        return message

    return make
