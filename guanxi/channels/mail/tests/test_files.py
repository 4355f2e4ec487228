"""Files of mails: those that come are seen with rights, those that go are checked and taken from what is at hand."""

from __future__ import annotations

import io
from collections.abc import Callable
from decimal import Decimal
from email.message import EmailMessage
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from guanxi.channels.mail import actions, posting, syncing
from guanxi.channels.mail.actions import Draft
from guanxi.channels.mail.models import Mailbox, Message
from guanxi.customers.models import Party
from guanxi.foundation.actions import Refused
from guanxi.foundation.attachments.actions import attach
from guanxi.foundation.attachments.models import Attachment, Content
from guanxi.foundation.models import User
from guanxi.ledger.models import Event
from guanxi.orders.quotes import actions as quotes
from guanxi.orders.quotes.actions.making import Draft as Line
from tests.dovecot import Dovecot

pytestmark = pytest.mark.django_db
Letter = Callable[..., EmailMessage]
CSV = b"a,b\n1,2\n"


def form(mailbox: Mailbox, **values: Any) -> dict[str, Any]:
    return {"mailbox": mailbox.pk, "to": "mei@example.tw", "subject": "檔案", "text": "如附", "once": "f", **values}


def test_files_go_with_a_mail_that_is_written_on_a_page(
    mailbox: Mailbox, mei: Party, staff: User, staff_client: Client, smtp_server: Any
) -> None:
    kept = attach(mei, "offer.csv", io.BytesIO(CSV), by=staff)
    here = f"/mail/of/customers.party/{mei.pk}/"
    assert "offer.csv" in staff_client.get(f"{here}?write").content.decode()
    upload = SimpleUploadedFile("清單.csv", CSV + b"3,4\n")
    sent = form(mailbox, at_hand=[f"file:{kept.pk}"], files=[upload])
    assert staff_client.post(here, sent).status_code == 200
    posting.send_waiting()
    parts = {part.get_filename(): part.get_content() for part in smtp_server[0].iter_attachments()}
    assert {name: text.splitlines()[-1] for name, text in parts.items()} == {"清單.csv": "3,4", "offer.csv": "1,2"}
    message = Message.objects.get()
    assert "offer.csv" in staff_client.get(f"/messages/{message.pk}/").content.decode()
    assert not Event.objects.filter(kind="file.attached", object_id__in=Attachment.objects.of(message)).exists()


@pytest.mark.parametrize(
    ("upload", "why"),
    [
        (("tool.exe", b"MZ\x90\x00"), "is a program"),
        (("bild.png", b"no picture"), "but holds"),
        (("leer.txt", b""), "empty"),
        (("groß.txt", b"x" * 3_000), "together"),
    ],
)
def test_what_may_not_be_kept_is_not_sent(
    mailbox: Mailbox, mei: Party, staff_client: Client, settings: Any, upload: tuple[str, bytes], why: str
) -> None:
    settings.GUANXI_MAIL_LARGEST = 2_000
    sent = form(mailbox, files=[SimpleUploadedFile(*upload)])
    refused = staff_client.post(f"/mail/of/customers.party/{mei.pk}/", sent)
    assert refused.status_code == 422 and why in refused.content.decode()
    assert not Message.objects.exists() and not Attachment.objects.exists()


def test_an_upload_beyond_the_limit_is_told(mailbox: Mailbox, mei: Party, staff_client: Client, settings: Any) -> None:
    settings.GUANXI_FILE_LIMIT = 1_000
    sent = form(mailbox, files=[SimpleUploadedFile("big.txt", b"x" * 5_000)])
    refused = staff_client.post(f"/mail/of/customers.party/{mei.pk}/", sent)
    assert refused.status_code == 422 and "is larger than" in refused.content.decode()
    assert not Message.objects.exists()


def test_files_of_others_are_not_at_hand(mailbox: Mailbox, mei: Party, staff: User, api: Client) -> None:
    other = actions.write(mailbox.pk, Draft(["who@example.com"], "a", "b"), by=staff)
    hidden = attach(other, "secret.csv", io.BytesIO(CSV), by=staff)
    body = {"mailbox": mailbox.pk, "to": ["mei@example.tw"], "text": "x", "files": [f"file:{hidden.pk}"],
            "object_type": "customers.party", "object_id": mei.pk}  # fmt: skip
    answer = api.post("/api/v1/mail/messages", body, content_type="application/json")
    assert answer.status_code == 422 and "not at hand" in answer.content.decode()
    kept = attach(mei, "open.csv", io.BytesIO(CSV), by=staff)
    offers = api.get(f"/api/v1/mail/files?object_type=customers.party&object_id={mei.pk}").json()
    assert offers == [{"key": f"file:{kept.pk}", "name": "open.csv", "size": 8}]
    answer = api.post("/api/v1/mail/messages", {**body, "files": [offers[0]["key"]]}, content_type="application/json")
    assert answer.status_code == 201
    assert Attachment.objects.of(Message.objects.get(pk=answer.json()["id"])).get().name == "open.csv"


def test_a_quote_goes_along_as_pdf(
    mailbox: Mailbox, mei: Party, staff: User, api: Client, smtp_server: Any, settings: Any
) -> None:
    settings.GUANXI_CURRENCY, settings.GUANXI_COUNTRY = "TWD", "TW"
    quote = quotes.create_quote(party=mei, by=staff)
    quotes.add_line(quote.pk, Line(description="茶", price=Decimal(100)), by=staff)
    offers = api.get(f"/api/v1/mail/files?object_type=customers.party&object_id={mei.pk}").json()
    assert [offer["key"] for offer in offers] == [f"quote:{quote.pk}"]
    draft = Draft(["mei@example.tw"], "報價", "如附", record=mei, at_hand=[f"quote:{quote.pk}"])
    actions.write(mailbox.pk, draft, by=staff)
    posting.send_waiting()
    part = next(smtp_server[0].iter_attachments())
    assert part.get_content_type() == "application/pdf" and part.get_content().startswith(b"%PDF")


def test_files_that_came_are_seen_by_who_sees_the_mail(
    mailbox: Mailbox, mei: Party, letter: Letter, imap_server: Dovecot, colleague: Callable[..., User], client: Client
) -> None:
    for subject, sender in (("公事", "mei@example.tw"), ("私事", "friend@nowhere.example")):
        one = letter(subject, sender=sender)
        one.add_attachment(CSV, maintype="text", subtype="csv", filename=f"{subject}.csv")
        one.add_attachment(b"MZ\x90\x00", maintype="application", subtype="octet-stream", filename="virus.exe")
        imap_server.put(mailbox.username, one)
    syncing.sync(mailbox.pk)
    business, private = (Attachment.objects.get(name=f"{name}.csv") for name in ("公事", "私事"))
    assert not Attachment.objects.filter(name="virus.exe").exists()
    client.force_login(colleague("boss", "manager"))
    page = client.get(f"/messages/{business.object_id}/").content.decode()
    assert f"/attachments/{business.pk}/file/" in page and "is a program" in page
    assert client.get(f"/attachments/{business.pk}/file/").status_code == 200
    assert client.get(f"/attachments/{private.pk}/file/").status_code == 404
    assert not Event.objects.filter(kind="file.attached").exists()
    actions.disconnect(mailbox.pk, by=mailbox.owner)
    assert not Attachment.objects.exists() and not Content.objects.exists() and not Message.objects.exists()


def test_answer_all_and_pass_on(
    mailbox: Mailbox, mei: Party, letter: Letter, imap_server: Dovecot, staff: User, staff_client: Client,
    smtp_server: Any,
) -> None:  # fmt: skip
    came = letter("詢價", "請報價。", To="meihua@guanxi.example, Chef <chef@example.tw>", Cc="lager@example.tw")
    came.add_attachment(CSV, maintype="text", subtype="csv", filename="清單.csv")
    imap_server.put(mailbox.username, came)
    syncing.sync(mailbox.pk)
    Mailbox.objects.filter(pk=mailbox.pk).update(signature="陳美華\nGuanxi")
    message = Message.objects.get()
    here = f"/mail/messages/{message.pk}/answer/"
    page = staff_client.get(f"{here}?how=all").content.decode()
    assert "chef@example.tw, lager@example.tw" in page and 'value="mei@example.tw"' in page
    values = form(mailbox, cc="chef@example.tw", subject="", quote="1", how="all")
    assert staff_client.post(here, values).status_code == 302
    page = staff_client.get(f"{here}?how=forward").content.decode()
    assert "清單.csv" in page and "checked" in page
    files = [f"file:{Attachment.objects.of(message).get().pk}"]
    values = form(mailbox, to="kollege@guanxi.example", subject="", text="", how="forward", at_hand=files, once="g")
    assert staff_client.post(here, values).status_code == 302
    posting.send_waiting()
    answer, passed = smtp_server
    assert (answer["Cc"], answer["Subject"]) == ("chef@example.tw", "Re: 詢價")
    body = answer.get_content()
    assert "如附\n\n-- \n陳美華\nGuanxi\n\n" in body.replace("\r\n", "\n") and "> 請報價。" in body
    assert passed["Subject"] == "Fwd: 詢價" and passed["In-Reply-To"] is None
    assert "請報價。" in passed.get_body().get_content()
    assert next(passed.iter_attachments()).get_filename() == "清單.csv"
    assert set(Message.objects.values_list("thread", flat=True)) == {message.thread_id}
    refused = staff_client.post(here, form(mailbox, to="no address", how="reply", once="h"))
    assert refused.status_code == 422 and "no mail address" in refused.content.decode()


def test_what_answers_private_mail_is_private(mailbox: Mailbox, mei: Party, staff: User) -> None:
    first = actions.write(mailbox.pk, Draft(["mei@example.tw"], "x", "y", record=mei), by=staff)
    actions.set_private(first.pk, True, by=staff)
    first.refresh_from_db()
    assert actions.write(mailbox.pk, Draft(["mei@example.tw"], "x", "z", answers=first), by=staff).private
    Mailbox.objects.filter(pk=mailbox.pk).update(smtp_host="")
    with pytest.raises(Refused, match="no server"):
        actions.write(mailbox.pk, Draft(["mei@example.tw"], "x", "z"), by=staff)
