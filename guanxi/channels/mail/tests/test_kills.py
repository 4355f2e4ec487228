"""A reading killed at random moments, as a real process: nothing is lost, nothing is double."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from guanxi.channels.mail.models import Folder, Mailbox, Message, Thread
from guanxi.customers.models import Party
from guanxi.foundation.attachments.models import Attachment
from guanxi.ledger.models import Event
from tests.dovecot import Dovecot
from tests.forked import Forked

PROGRAM = """
from guanxi.project.cli import boot
boot()
import sys
from guanxi.channels.mail import syncing
syncing.CHUNK = 12
syncing.sync(int(sys.argv[1]))
"""
COUNT, PATIENCE = 210, 120


@pytest.mark.end_to_end
@pytest.mark.django_db(transaction=True)
def test_a_reading_killed_at_random_moments(
    mailbox: Mailbox, mei: Party, letter: Callable[..., EmailMessage], imap_server: Dovecot,
    process_environment: dict[str, str], settings: Any, tmp_path: Path,
) -> None:  # fmt: skip
    for number in range(COUNT):
        first = number - number % 3
        answers = {"In_Reply_To": f"<{first}@kill.example>"} if number % 3 else {}
        one = letter(f"信 {number}", Message_ID=f"<{number}@kill.example>", **answers)
        if number % 10 == 0:
            one.add_attachment(b"%d" % number, maintype="text", subtype="csv", filename="a.csv")
        imap_server.put(mailbox.username, one)
    environment = {
        **process_environment, "GUANXI_MAIL_HOSTS": "127.0.0.1", "GUANXI_SECRET_KEY": settings.SECRET_KEY,
        "GUANXI_COUNTRY": "TW",
    }  # fmt: skip

    def start() -> Forked:
        return Forked(PROGRAM, [str(mailbox.pk)], environment, tmp_path / "said", tmp_path / "erred")

    chance = random.Random(11)
    for mark in (1, 70, 140):
        process, end = start(), time.monotonic() + PATIENCE
        while Message.objects.count() < mark:
            assert process.poll() is None, (tmp_path / "erred").read_text()
            assert time.monotonic() < end
            time.sleep(0.005)
        time.sleep(chance.random() / 20)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
    assert Message.objects.count() < COUNT, "it was killed on its way"
    assert start().wait(PATIENCE) == 0, (tmp_path / "erred").read_text()

    ids = list(Message.objects.values_list("message_id", flat=True))
    assert sorted(ids) == sorted(f"{number}@kill.example" for number in range(COUNT))
    assert Thread.objects.count() == COUNT / 3
    assert Event.objects.filter(kind="mail.in", party=mei).count() == COUNT
    assert Attachment.objects.count() == COUNT / 10
    folder = Folder.objects.get(name="INBOX")
    assert (folder.last_uid, folder.backlog) == (COUNT, 0)
