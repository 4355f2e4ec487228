"""Threads, however their messages come in."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from email.message import EmailMessage

import pytest

from guanxi.channels.mail import syncing
from guanxi.channels.mail.models import Mailbox, Message, Thread
from tests.dovecot import Dovecot

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("order", list(itertools.permutations(range(4)))[2::4])
@pytest.mark.parametrize("together", [True, False])
def test_messages_of_one_thread_find_each_other_in_any_order(
    mailbox: Mailbox, letter: Callable[..., EmailMessage], imap_server: Dovecot, order: tuple[int, ...], together: bool
) -> None:
    """Two answers to one message, and an answer to one of them; in one reading, or each in its own."""
    mails = [
        letter("甲", Message_ID="<1@x.example>"),
        letter("乙", Message_ID="<2@x.example>", In_Reply_To="<1@x.example>"),
        letter("丙", Message_ID="<3@x.example>", In_Reply_To="<1@x.example>"),
        letter("丁", Message_ID="<4@x.example>", In_Reply_To="<3@x.example>"),
    ]
    for number in order:
        imap_server.put(mailbox.username, mails[number])
        if not together:
            syncing.sync(mailbox.pk)
    syncing.sync(mailbox.pk)
    assert Message.objects.count() == 4
    assert Message.objects.values("thread").distinct().count() == 1
    assert Thread.objects.count() == 1


def test_messages_that_answer_each_other_in_a_circle_are_one_thread(
    mailbox: Mailbox, letter: Callable[..., EmailMessage], imap_server: Dovecot
) -> None:
    first = letter("甲", Message_ID="<1@x.example>", In_Reply_To="<2@x.example>")
    second = letter("乙", Message_ID="<2@x.example>", In_Reply_To="<1@x.example>")
    alone = letter("丙", Message_ID="<3@x.example>", In_Reply_To="<3@x.example>")
    imap_server.put(mailbox.username, first, second, alone)
    assert syncing.sync(mailbox.pk) == 3
    assert Message.objects.values("thread").distinct().count() == 2
