"""Speaking IMAP: which folders there are, what is new in one, and the messages themselves as they are on the wire."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from imaplib import IMAP4
from typing import Any

from django.utils.translation import gettext as _
from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError

from guanxi.channels.mail import hosts
from guanxi.channels.mail.models import Mailbox, Security

PATIENCE = 30  # seconds
FAULTS = (OSError, IMAP4.error, ImapToolsError, ssl.SSLError)
UID, SIZE = re.compile(rb"UID (\d+)"), re.compile(rb"RFC822\.SIZE (\d+)")
SENT, LEFT = "\\Sent", {"\\Junk", "\\Trash", "\\Drafts", "\\All", "\\Noselect", "\\NonExistent"}
SENT_NAMES = {"sent", "sent items", "sent messages", "已发送", "已傳送", "寄件備份", "寄件備份匣"}


class CannotConnect(Exception):
    """The server cannot be reached, or does not let us in; the message says which."""


@dataclass(frozen=True)
class Listed:
    """A folder at the server."""

    name: str
    outgoing: bool


@dataclass(frozen=True)
class Fetched:
    """A message on the wire; `raw` is None where it was too large to be fetched whole, and its header is there."""

    uid: int
    size: int
    raw: bytes | None
    header: bytes = b""


class Server:
    """An IMAP server, logged in."""

    def __init__(self, box: BaseMailBox) -> None:
        self.box = box

    def folders(self) -> list[Listed]:
        """The folders to be read: the inbox, and where copies of what was sent are."""
        found = []
        for one in self.box.folder.list():
            flags = set(one.flags)
            outgoing = SENT in flags or one.name.lower() in SENT_NAMES
            if outgoing or (one.name.upper() == "INBOX" and not flags & LEFT):
                found.append(Listed(one.name, outgoing))
        return found

    def open(self, name: str) -> int:
        """Open a folder for reading; its UIDVALIDITY."""
        self.box.folder.set(name, readonly=True)
        status = self.box.folder.status(name, ["UIDVALIDITY"])
        return int(status["UIDVALIDITY"])

    def uids_after(self, uid: int, since: Any = None) -> list[int]:
        """The numbers of messages of the open folder above `uid`, ascending; with `since` not those before a day."""
        criteria = f"UID {uid + 1}:*" + (f" SINCE {since.strftime('%d-%b-%Y')}" if since else "")
        found = self.box.client.uid("SEARCH", criteria)
        return sorted(one for one in map(int, _data(found)[0].split()) if one > uid)  # “n:*” gives the last always

    def fetch(self, uids: list[int], largest: int) -> list[Fetched]:
        """The messages with these numbers; of those over `largest` bytes the header only. What is gone is left out."""
        sizes = self._sizes(uids)
        small = [uid for uid in uids if sizes.get(uid, largest + 1) <= largest]
        large = [uid for uid in uids if uid in sizes and uid not in set(small)]
        bodies, headers = self._parts(small, "BODY.PEEK[]"), self._parts(large, "BODY.PEEK[HEADER]")
        found = [Fetched(uid, sizes[uid], bodies[uid]) for uid in small if uid in bodies]
        found += [Fetched(uid, sizes[uid], None, headers.get(uid, b"")) for uid in large]
        return sorted(found, key=lambda one: one.uid)

    def _sizes(self, uids: list[int]) -> dict[int, int]:
        sizes = {}
        for line in self._ask(uids, "(UID RFC822.SIZE)"):
            text = line[0] if isinstance(line, tuple) else line
            uid, size = UID.search(text or b""), SIZE.search(text or b"")
            if uid and size:
                sizes[int(uid[1])] = int(size[1])
        return sizes

    def _parts(self, uids: list[int], part: str) -> dict[int, bytes]:
        found: dict[int, bytes] = {}
        for line in self._ask(uids, f"(UID {part})"):
            if isinstance(line, tuple) and (uid := UID.search(line[0])):
                found[int(uid[1])] = line[1]
        return found

    def _ask(self, uids: list[int], what: str) -> list[Any]:
        return _data(self.box.client.uid("FETCH", ",".join(map(str, uids)), what)) if uids else []


def _data(answer: Any) -> list[Any]:
    status, data = answer
    if status != "OK":
        raise IMAP4.error(str(data)[:200])
    return [one for one in data if one is not None] or [b""]


@contextmanager
def connected(mailbox: Mailbox) -> Iterator[Server]:
    """The server of a mailbox, for the length of a `with` block. Raises CannotConnect."""
    box = _connect(mailbox)
    try:
        yield Server(box)
    finally:
        with suppress(*FAULTS):  # it went first
            box.logout()


def _connect(mailbox: Mailbox) -> BaseMailBox:
    kinds = {Security.TLS: MailBox, Security.STARTTLS: MailBoxStartTls, Security.NONE: MailBoxUnencrypted}
    host = {"host": mailbox.imap_host, "port": mailbox.imap_port, "timeout": PATIENCE}
    try:
        hosts.check(mailbox.imap_host)
        box: BaseMailBox = kinds[Security(mailbox.imap_security)](**host)
    except hosts.Forbidden as forbidden:
        raise CannotConnect(str(forbidden)) from forbidden
    except FAULTS as fault:
        words = _("The server %(host)s:%(port)s cannot be reached: %(fault)s")
        raise CannotConnect(words % {**host, "fault": str(fault)[:200]}) from fault
    try:
        box.login(mailbox.username, mailbox.password, initial_folder=None)
    except FAULTS as fault:
        raise CannotConnect(_("The server does not accept this user name and password.")) from fault
    return box
