"""Which folders of a mailbox are read."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage
from imaplib import IMAP4

import pytest
from django.test import Client

from guanxi.channels.mail import syncing
from guanxi.channels.mail.fetching import _kind
from guanxi.channels.mail.models import Folder, Mailbox, Message
from guanxi.foundation.models import User
from tests.dovecot import PASSWORD, Dovecot

pytestmark = pytest.mark.django_db
Letter = Callable[..., EmailMessage]


def test_folders_are_chosen_and_those_left_out_are_named(
    mailbox: Mailbox, letter: Letter, imap_server: Dovecot, staff_client: Client, api: Client
) -> None:
    with IMAP4("127.0.0.1", imap_server.port) as server:
        server.login(mailbox.username, PASSWORD)
        for name in ("Projects", "Projects/Tea", "Junk"):
            server.create(name)
    for folder in ("INBOX", "Sent", "Projects/Tea", "Junk"):
        imap_server.put(mailbox.username, letter(f"in {folder}"), folder=folder)
    assert syncing.sync(mailbox.pk) == 2
    assert set(Message.objects.values_list("subject", "direction")) == {("in INBOX", "in"), ("in Sent", "out")}
    found = dict(Folder.objects.values_list("name", "kind"))
    assert found == {"INBOX": "inbox", "Sent": "sent", "Projects": "other", "Projects/Tea": "other", "Junk": "junk"}
    page = staff_client.get(f"/mailboxes/{mailbox.pk}/").content.decode()
    assert "Not read: Junk, Projects, Projects/Tea" in page

    numbers = {folder.name: folder.pk for folder in Folder.objects.all()}
    chosen = [numbers["INBOX"], numbers["Projects/Tea"]]
    staff_client.post(f"/mail/mailboxes/{mailbox.pk}/do/", {"what": "folders", "folder": chosen})
    imap_server.put(mailbox.username, letter("later"), folder="Sent")
    assert syncing.sync(mailbox.pk) == 1
    assert Message.objects.filter(subject="in Projects/Tea").exists()
    assert Message.objects.filter(subject="in Sent").exists(), "what was read stays"

    here = f"/api/v1/mail/mailboxes/{mailbox.pk}"
    told = api.put(f"{here}/folders", {"folders": [numbers["Sent"]]}, content_type="application/json").json()
    assert [folder["name"] for folder in told if folder["read"]] == ["Sent"]
    assert syncing.sync(mailbox.pk) == 1
    refused = api.put(f"{here}/folders", {"folders": [10**9]}, content_type="application/json")
    assert refused.status_code == 422
    with IMAP4("127.0.0.1", imap_server.port) as server:
        server.login(mailbox.username, PASSWORD)
        server.delete("Projects/Tea")
    syncing.sync(mailbox.pk)
    folders = {folder["name"]: folder["there"] for folder in api.get(f"{here}/health").json()["folders"]}
    assert folders["Projects/Tea"] is False and folders["Sent"] is True


def test_nobody_chooses_for_others(mailbox: Mailbox, colleague: Callable[..., User], client: Client) -> None:
    folder = Folder.objects.create(mailbox=mailbox, name="INBOX", read=True)
    client.force_login(colleague("boss", "manager"))
    chosen = {"what": "folders", "folder": [folder.pk]}
    assert client.post(f"/mail/mailboxes/{mailbox.pk}/do/", chosen).status_code == 404


@pytest.mark.parametrize(
    ("name", "flags", "kind"),
    [
        ("Gesendet", {"\\Sent"}, "sent"), ("[Gmail]/Sent Mail", {"\\Sent"}, "sent"),
        ("INBOX.Sent Items", set(), "sent"),
        ("inbox", set(), "inbox"), ("INBOX/Spam", set(), "junk"), ("已刪除", set(), "trash"),
        ("[Gmail]/All Mail", {"\\All"}, "all"),
        ("Customers", {"\\HasNoChildren"}, "other"),
    ],
)  # fmt: skip
def test_what_a_folder_is_for(name: str, flags: set[str], kind: str) -> None:
    assert _kind(name, flags, "." if name.startswith("INBOX.") else "/") == kind
