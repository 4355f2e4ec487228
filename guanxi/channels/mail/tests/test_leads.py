"""Leads from mail: strangers become leads, each once; programs, lists, colleagues and customers never."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from guanxi.channels.mail import actions, posting, syncing
from guanxi.channels.mail.models import Mailbox, Message
from guanxi.customers.models import Party
from guanxi.foundation.actions import Refused
from guanxi.foundation.models import Notification, User
from guanxi.sales.leads.models import AssignmentRule, Lead, RuleMember
from tests.dovecot import Dovecot

pytestmark = pytest.mark.django_db
Letter = Callable[..., EmailMessage]
SENDER = "Anna Chen <anna@nowhere.example>"


@pytest.fixture
def office(mailbox: Mailbox, staff: User) -> Mailbox:
    """A mailbox whose strangers become leads."""
    return actions.edit(mailbox.pk, {"makes_leads": True}, by=staff)


def test_a_stranger_becomes_one_lead_and_whose_it_is_sees_the_mail(
    office: Mailbox,
    letter: Letter,
    imap_server: Dovecot,
    colleague: Any,
    client: Client,
    smtp_server: Any,
) -> None:
    rep, other = colleague("lin", "sales"), colleague("wu", "sales")
    rule = AssignmentRule.objects.create(name="Mail")
    RuleMember.objects.create(rule=rule, user=rep)
    imap_server.put(office.username, letter("需要茶葉", "請報價。", sender=SENDER))
    syncing.sync(office.pk)
    lead = Lead.objects.get()
    assert (lead.name, lead.mail, lead.owner) == ("Anna Chen", "anna@nowhere.example", rep)
    assert lead.message == "需要茶葉\n\n請報價。" and str(lead.source) == "Mail meihua@guanxi.example"
    imap_server.put(office.username, letter("還有一事", sender=SENDER), letter("Re", sender="ANNA@nowhere.example"))
    syncing.sync(office.pk)
    assert Lead.objects.count() == 1
    assert Message.objects.filter(object_type="leads.lead", object_id=lead.pk).count() == 3
    assert Notification.objects.filter(user=rep).count() == 3

    client.force_login(rep)
    first = Message.objects.order_by("id").first()
    assert first is not None
    assert client.get(f"/messages/{first.pk}/").status_code == 200
    assert "需要茶葉" in client.get(f"/mail/of/leads.lead/{lead.pk}/").content.decode()
    client.force_login(other)
    assert client.get(f"/messages/{first.pk}/").status_code == 404
    # An answer from the page of the lead says that somebody turned to it.
    client.force_login(office.owner)
    sent = {"mailbox": office.pk, "to": lead.mail, "subject": "Re", "text": "好", "once": "x", "purpose": "service"}
    assert client.post(f"/mail/of/leads.lead/{lead.pk}/", sent).status_code == 200
    posting.send_waiting()
    lead.refresh_from_db()
    assert lead.state == Lead.State.WORKING and lead.first_activity_at is not None


def test_addresses_of_nobody_are_one_lead_each_too(
    office: Mailbox,
    letter: Letter,
    imap_server: Dovecot,
) -> None:
    for subject in ("一", "二"):
        imap_server.put(office.username, letter(subject, sender="info@firm.example"))
        syncing.sync(office.pk)
    imap_server.put(office.username, letter("三", sender="info@other.example"))
    syncing.sync(office.pk)
    assert sorted(Lead.objects.values_list("mail", flat=True)) == ["info@firm.example", "info@other.example"]


def test_what_is_no_stranger_who_wants_something_is_no_lead(
    office: Mailbox,
    mei: Party,
    letter: Letter,
    imap_server: Dovecot,
    colleague: Any,
) -> None:
    boss = colleague("boss", "manager")
    User.objects.filter(pk=boss.pk).update(email="Boss@guanxi.example".lower())
    yesterday = format_datetime(timezone.now() - timedelta(days=1))
    old = letter("昨天", sender=SENDER)
    del old["Date"]
    old["Date"] = yesterday
    imap_server.put(
        office.username,
        letter("已知"),
        old,
        letter("不在", sender=SENDER, Auto_Submitted="auto-replied"),
        letter("新聞", sender=SENDER, List_Id="<news.example>"),
        letter("大量", sender=SENDER, Precedence="bulk"),
        letter("機器", sender="No-Reply@shop.example"),
        letter("退信", sender="MAILER-DAEMON@shop.example"),
        letter("同事", sender="boss@guanxi.example"),
        letter("自己", sender="meihua@guanxi.example"),
    )
    imap_server.put(office.username, letter("寄出", sender=SENDER), folder="Sent")
    assert syncing.sync(office.pk) == 10
    assert not Lead.objects.exists()


def test_only_mail_to_the_addresses_named(
    office: Mailbox,
    letter: Letter,
    imap_server: Dovecot,
    staff: User,
) -> None:
    with pytest.raises(Refused, match="no mail address"):
        actions.edit(office.pk, {"lead_addresses": "sales@guanxi.example, nonsense"}, by=staff)
    actions.edit(office.pk, {"lead_addresses": "sales@guanxi.example", "strangers": False}, by=staff)
    imap_server.put(
        office.username,
        letter("甲", sender=SENDER),
        letter("乙", sender="bob@nowhere.example", To="Sales <Sales@guanxi.example>"),
    )
    assert syncing.sync(office.pk) == 1, "other strangers are not kept"
    assert Lead.objects.get().mail == "bob@nowhere.example"


def test_who_may_make_no_leads_does_not_let_a_mailbox_do_so(
    mailbox: Mailbox,
    colleague: Any,
    client: Client,
) -> None:
    reader = colleague("reader", "read-only")
    Mailbox.objects.filter(pk=mailbox.pk).update(owner=reader)
    with pytest.raises(Refused, match="make leads"):
        actions.edit(mailbox.pk, {"makes_leads": True}, by=reader)
    client.force_login(reader)
    assert "makes_leads" not in client.get(f"/mail/mailboxes/{mailbox.pk}/edit/").content.decode()
