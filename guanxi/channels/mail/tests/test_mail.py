"""Mail at real servers: read, filed, answered, sent; what is broken, large, automatic or private; kills."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from guanxi.channels.mail import actions, fetching, parsing, posting, syncing, tasks
from guanxi.channels.mail.actions import Draft, keeping
from guanxi.channels.mail.models import Folder, LeftOut, Mailbox, Message
from guanxi.customers.models import Party
from guanxi.foundation.actions import Refused
from guanxi.foundation.attachments.models import Attachment
from guanxi.foundation.models import User
from guanxi.ledger.models import Event
from tests.dovecot import Dovecot

pytestmark = pytest.mark.django_db
Letter = Callable[..., EmailMessage]


def test_what_comes_is_filed_with_who_wrote_it_and_stands_on_the_timeline(
    mailbox: Mailbox, mei: Party, letter: Letter, imap_server: Dovecot, staff_client: Client
) -> None:
    with_file = letter("詢價", "請報價。\n\n在 2026年11月29日，陳美華 写道：\n> 您好")
    with_file.add_attachment(b"a,b\n1,2\n", maintype="text", subtype="csv", filename="清單.csv")
    imap_server.put(mailbox.username, with_file, letter("天氣", sender="who@nowhere.example"))

    assert syncing.sync(mailbox.pk) == 2
    assert syncing.sync(mailbox.pk) == 0

    message = Message.objects.get(subject="詢價")
    assert (message.party, message.direction, message.text) == (mei, "in", "請報價。")
    assert message.quoted.startswith("在 2026年")
    assert Attachment.objects.of(message).get().name == "清單.csv"
    event = Event.objects.get(kind="mail.in")
    assert (event.party, event.channel, event.object_id) == (mei, "mail", message.pk)
    page = staff_client.get(f"/customers/{mei.pk}/").content.decode()
    assert "請報價。" in page
    assert Message.objects.get(subject="天氣").party is None
    assert "詢價" in staff_client.get("/messages/").content.decode()


def test_an_answer_follows_its_thread_even_from_another_address(
    mailbox: Mailbox, mei: Party, letter: Letter, imap_server: Dovecot, staff: User, smtp_server: Any
) -> None:
    sent = actions.write(mailbox.pk, Draft(["mei@example.tw"], "報價單", "如附。", record=mei), by=staff)
    assert (sent.state, posting.send_waiting()) == ("waiting", {"sent": 1, "failed": 0})
    came = smtp_server[0]
    assert came["Message-ID"] == f"<{sent.message_id}>"
    assert came["From"].endswith("<meihua@guanxi.example>")
    assert Event.objects.get(kind="mail.out").party == mei
    # Our own copy in the folder of what was sent, then an answer from elsewhere that knows only the References.
    copy = letter("報價單", sender="meihua@guanxi.example", Message_ID=came["Message-ID"])
    imap_server.put(mailbox.username, copy, folder="Sent")
    answer = letter("Re: 報價單", sender="assistant@other.example", References=f"<x@y>, {came['Message-ID']}")
    imap_server.put(mailbox.username, answer)

    assert syncing.sync(mailbox.pk) == 1, "the copy is known"
    row = Message.objects.get(sender="assistant@other.example")
    assert (row.thread, row.party) == (sent.thread, mei)
    # And ours to that carries the whole chain.
    ours = actions.write(mailbox.pk, Draft([row.sender], "", "好。", answers=row), by=staff)
    posting.send_waiting()
    assert smtp_server[1]["In-Reply-To"] == f"<{row.message_id}>"
    assert smtp_server[1]["References"].split()[-2:] == [f"<{sent.message_id}>", f"<{row.message_id}>"]
    assert (ours.subject, ours.thread) == ("Re: 報價單", sent.thread)


def test_another_password_is_kept_and_an_empty_one_changes_nothing(mailbox: Mailbox, staff: User) -> None:
    for given in ("another", ""):
        actions.edit(mailbox.pk, {"password": given, "name": "美華"}, by=staff)
        mailbox.refresh_from_db()
        assert (mailbox.password, mailbox.name) == ("another", "美華")


def test_a_subject_alone_files_nothing(mailbox: Mailbox, mei: Party, letter: Letter, imap_server: Dovecot) -> None:
    imap_server.put(mailbox.username, letter("詢價"), letter("Re: 詢價", sender="stranger@nowhere.example"))
    syncing.sync(mailbox.pk)
    first, second = Message.objects.order_by("id")
    assert first.thread != second.thread
    assert second.party is None


def test_automatic_mail_is_kept_and_told_to_nobody(
    mailbox: Mailbox, mei: Party, letter: Letter, imap_server: Dovecot
) -> None:
    imap_server.put(
        mailbox.username,
        letter("不在", Auto_Submitted="auto-replied"),
        letter("列表", List_Id="<news.example.tw>"),
        letter("人", Auto_Submitted="no"),
    )
    syncing.sync(mailbox.pk)
    assert dict(Message.objects.values_list("subject", "automatic")) == {"不在": True, "列表": True, "人": False}
    assert Event.objects.filter(kind="mail.in").count() == 1


def test_of_what_is_too_large_the_text_is_kept_and_its_files_can_be_fetched_later(
    mailbox: Mailbox, mei: Party, letter: Letter, imap_server: Dovecot, settings: Any, staff_client: Client
) -> None:
    settings.GUANXI_MAIL_LARGEST = 20_000
    large = letter("很大", "圖在附件。")
    large.add_attachment(b"x" * 40_000, maintype="application", subtype="octet-stream", filename="plan.bin")
    imap_server.put(mailbox.username, letter("前"), large, letter("後"))
    assert syncing.sync(mailbox.pk) == 3
    message = Message.objects.get(subject="很大")
    assert (message.text, message.party, message.whole) == ("圖在附件。", mei, False)
    assert message.flaws == ["plan.bin"]
    assert not Attachment.objects.of(message)
    left = LeftOut.objects.get()
    assert (left.subject, left.folder.last_uid, left.size) == ("很大", 3, message.size)
    page = staff_client.get(f"/mailboxes/{mailbox.pk}/").content.decode()
    assert "很大" in page and "larger than" in page
    assert "too large to be kept whole" in staff_client.get(f"/messages/{message.pk}/").content.decode()
    settings.GUANXI_MAIL_LARGEST = 1_000_000
    staff_client.post(f"/mail/mailboxes/{mailbox.pk}/do/", {"what": "again"})
    message.refresh_from_db()
    assert message.whole and not LeftOut.objects.exists()
    assert Attachment.objects.of(message).get().content.size == 40_000
    assert Message.objects.count() == 3


def test_a_message_that_cannot_be_kept_holds_up_no_other(
    mailbox: Mailbox, letter: Letter, imap_server: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = keeping.attach_received

    def poisoned(row: Message, parsed: parsing.Parsed) -> None:
        if row.subject == "毒":
            raise ValueError("odd")
        whole(row, parsed)

    monkeypatch.setattr(keeping, "attach_received", poisoned)
    imap_server.put(mailbox.username, letter("前"), letter("毒"), letter("後"))
    assert syncing.sync(mailbox.pk) == 2
    left = LeftOut.objects.get()
    assert (left.subject, "odd" in left.why, left.folder.last_uid) == ("毒", True, 3)
    monkeypatch.setattr(keeping, "attach_received", whole)
    assert syncing.try_again(left.folder_id) == 1
    assert Message.objects.count() == 3 and not LeftOut.objects.exists()


def test_pieces_of_much_are_no_larger_than_memory_allows(
    mailbox: Mailbox, letter: Letter, imap_server: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    imap_server.put(mailbox.username, *[letter(f"信 {number}", "長" * 2_000) for number in range(5)])
    monkeypatch.setattr(syncing, "AT_ONCE", 20_000)
    pieces: list[int] = []
    whole = syncing._keep

    def counted(folder: Folder, fetched: list[fetching.Fetched], *rest: Any) -> int:
        pieces.append(len(fetched))
        return whole(folder, fetched, *rest)

    monkeypatch.setattr(syncing, "_keep", counted)
    assert syncing.sync(mailbox.pk) == 5
    assert len(pieces) > 1 and sum(pieces) == 5
    assert Folder.objects.get(name="INBOX").backlog == 0


def test_a_kill_loses_and_doubles_nothing_and_new_numbers_neither(
    mailbox: Mailbox, letter: Letter, imap_server: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    imap_server.put(mailbox.username, *[letter(f"信 {number}") for number in range(25)])
    monkeypatch.setattr(syncing, "CHUNK", 10)
    whole = syncing._keep

    def killed(folder: Folder, *rest: Any) -> int:
        if Message.objects.exists():
            raise KeyboardInterrupt
        return whole(folder, *rest)

    monkeypatch.setattr(syncing, "_keep", killed)
    with pytest.raises(KeyboardInterrupt):
        syncing.sync(mailbox.pk)
    assert Message.objects.count() == 10
    monkeypatch.setattr(syncing, "_keep", whole)
    assert syncing.sync(mailbox.pk) == 15
    Folder.objects.filter(name="INBOX").update(validity=7)  # as after a server was rebuilt
    imap_server.put(mailbox.username, letter("新"))
    assert syncing.sync(mailbox.pk) == 1
    assert sorted(Message.objects.values_list("subject", flat=True)) == sorted([*(f"信 {n}" for n in range(25)), "新"])


def test_a_server_that_is_away_is_asked_less_and_less_and_says_why(mailbox: Mailbox, staff_client: Client) -> None:
    Mailbox.objects.filter(pk=mailbox.pk).update(imap_port=1)
    for _attempt in range(3):
        assert syncing.sync(mailbox.pk) == 0
    mailbox.refresh_from_db()
    assert (mailbox.state, mailbox.failures) == ("failing", 3)
    assert "cannot be reached" in mailbox.error
    assert mailbox.error in staff_client.get(f"/mailboxes/{mailbox.pk}/").content.decode().replace("&#x27;", "'")
    assert not syncing.is_due(mailbox)
    assert syncing.is_due(mailbox, timezone.now() + timedelta(minutes=6))
    assert tasks.look.call() == 0


def test_a_wrong_password_and_a_host_within_the_house_are_refused(
    mailbox: Mailbox, staff_client: Client, settings: Any, imap_server: Dovecot
) -> None:
    form = {
        "address": "zwei@guanxi.example", "username": "zwei", "password": "wrong", "imap_host": "127.0.0.1",
        "imap_port": imap_server.port, "imap_security": "none", "smtp_port": 25, "smtp_security": "none", "once": "a",
    }  # fmt: skip
    answer = staff_client.post("/mailboxes/new/", form)
    assert answer.status_code == 422 and "does not accept" in answer.content.decode()
    answer = staff_client.post("/mailboxes/new/", {**form, "password": "relation-8-ship"})
    assert answer.status_code == 302
    assert Mailbox.objects.get(address="zwei@guanxi.example").password == "relation-8-ship"
    settings.GUANXI_MAIL_HOSTS = []
    answer = staff_client.post("/mailboxes/new/", {**form, "address": "drei@guanxi.example"})
    assert "within this network" in answer.content.decode()
    with connection.cursor() as cursor:
        cursor.execute("SELECT password FROM mail_mailbox WHERE address = 'zwei@guanxi.example'")
        assert "relation-8-ship" not in cursor.fetchone()[0]


def test_nothing_is_sent_against_a_customers_will(mailbox: Mailbox, mei: Party, staff: User) -> None:
    with pytest.raises(Refused, match="has not agreed"):
        actions.write(mailbox.pk, Draft(["mei@example.tw"], "新品", "來看"), by=staff, purpose="marketing")
    with pytest.raises(Refused, match="no mail address"):
        actions.write(mailbox.pk, Draft(["mei"], "x", "y"), by=staff)
    assert not Message.objects.exists()


def test_what_a_server_refuses_is_shown_and_sent_again(
    mailbox: Mailbox, staff: User, smtp_server: Any, staff_client: Client, mei: Party
) -> None:
    Mailbox.objects.filter(pk=mailbox.pk).update(smtp_port=1)
    row = actions.write(mailbox.pk, Draft(["mei@example.tw"], "x", "y"), by=staff)
    assert posting.send_waiting() == {"sent": 0, "failed": 1}
    row.refresh_from_db()
    assert (row.state, bool(row.error)) == ("waiting", True), "a server that is away is asked again"
    actions.note_unsent(row.pk, "550 no such user", True, by=staff)
    assert "550 no such user" in staff_client.get(f"/messages/{row.pk}/").content.decode()
    Mailbox.objects.filter(pk=mailbox.pk).update(smtp_port=smtp_server.port)
    staff_client.post(f"/mail/messages/{row.pk}/mark/", {"again": "1"})
    assert posting.send_waiting()["sent"] == 1


def test_private_mail_stays_private_and_mail_is_seen_with_its_customer(
    mailbox: Mailbox, mei: Party, letter: Letter, imap_server: Dovecot, colleague: Callable[..., User], client: Client
) -> None:
    imap_server.put(mailbox.username, letter("公事"), letter("晚飯", sender="friend@nowhere.example"))
    syncing.sync(mailbox.pk)
    business, dinner = Message.objects.get(subject="公事"), Message.objects.get(subject="晚飯")
    manager, reader = colleague("boss", "manager"), colleague("reader", "read-only")
    assert list(Message.objects.visible_to(manager)) == [business]
    assert not Message.objects.visible_to(reader)
    client.force_login(manager)
    assert client.get(f"/messages/{business.pk}/").status_code == 200
    assert client.get(f"/messages/{dinner.pk}/").status_code == 404
    assert client.get(f"/mailboxes/{mailbox.pk}/").status_code == 404
    assert client.post(f"/mail/messages/{business.pk}/mark/", {"private": "1"}).status_code == 403
    actions.set_private(business.pk, True, by=mailbox.owner)
    assert not Message.objects.visible_to(manager)
    filed = actions.file(dinner.pk, mei, by=mailbox.owner)
    assert filed.party == mei and Event.objects.filter(kind="mail.in").count() == 2


def test_mail_from_the_page_of_a_customer(mailbox: Mailbox, mei: Party, staff_client: Client, smtp_server: Any) -> None:
    here = f"/mail/of/customers.party/{mei.pk}/"
    assert "mei@example.tw" in staff_client.get(f"{here}?write").content.decode()
    sent = {
        "mailbox": mailbox.pk,
        "to": "mei@example.tw",
        "subject": "您好",
        "text": "謝謝",
        "once": "t",
        "purpose": "service",
    }
    for _twice in range(2):
        assert staff_client.post(here, sent).status_code == 200
    refused = staff_client.post(here, {**sent, "once": "u", "purpose": "marketing", "text": "別丟掉"})
    assert refused.status_code == 422 and "別丟掉" in refused.content.decode()
    assert Message.objects.count() == 1
    posting.send_waiting()
    assert smtp_server[0]["Subject"] == "您好"


def test_programs_write_and_ask_how_a_mailbox_stands(mailbox: Mailbox, api: Client, mei: Party) -> None:
    body = {"mailbox": mailbox.pk, "to": ["mei@example.tw"], "subject": "您好", "text": "謝謝"}
    made = api.post("/api/v1/mail/messages", body, content_type="application/json")
    assert (made.status_code, made.json()["state"], made.json()["party"]) == (201, "waiting", mei.pk)
    health = api.get(f"/api/v1/mail/mailboxes/{mailbox.pk}/health").json()
    assert (health["state"], health["backlog"], health["left_out"]) == ("active", 0, [])
    filed = api.post(
        f"/api/v1/mail/messages/{made.json()['id']}/filing", {"private": True}, content_type="application/json"
    )
    assert (filed.json()["private"], filed.json()["party"]) == (True, None)


BROKEN = [
    b"",
    b"\xff\xfe\x00garbage",
    b"From: =?utf-8?b?broken\r\nSubject: =?x-unknown?q?=E4?=\r\n\r\nbody",
    b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain; charset=none\r\n\r\n\xa7A\r\n",
    b"Content-Transfer-Encoding: base64\r\nContent-Type: text/plain\r\n\r\n!!!!not base64",
    b"Date: never\r\nFrom: a@b, c@d\r\nTo: <>\r\nReferences: <a@b>,c@d e\r\n\r\nx",
    b"Subject: a\x00b\r\n\r\na\x00b",
]


@pytest.mark.parametrize("raw", BROKEN)
def test_broken_mail_is_kept_as_far_as_it_can_be_read(mailbox: Mailbox, imap_server: Dovecot, raw: bytes) -> None:
    parsed = parsing.parse(raw)
    assert parsed.message_id
    assert "\x00" not in parsed.text + parsed.subject
    imap_server.put(mailbox.username, raw or b"\r\n")
    assert syncing.sync(mailbox.pk) == 1
    assert Message.objects.get().message_id


def test_html_of_others_runs_loads_and_breaks_nothing() -> None:
    rich = (
        '<p onclick="x()">你好<script>x()</script><img src="https://t.example/p.gif"><a href="javascript:x()">a</a></p>'
    )
    cleaned = parsing.clean(rich)
    assert "script" not in cleaned and "img" not in cleaned and "onclick" not in cleaned
    assert parsing.text_of("<p>一</p><div>二<br>三</div>") == "一\n二\n三"


def test_ids_are_found_however_they_are_written() -> None:
    assert parsing.ids_in("<a@b>,\r\n <c@d>e@f") == ["a@b", "c@d", "e@f"]
