"""Speaking IMAP: which folders there are, what is new in one, and the messages themselves as they are on the wire."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from imaplib import IMAP4
from typing import Any

from django.utils.translation import gettext as _
from imap_tools import BaseMailBox
from imap_tools.errors import ImapToolsError

from guanxi.channels.mail import hosts
from guanxi.channels.mail.models import Folder, Mailbox

FAULTS = (OSError, IMAP4.error, ImapToolsError, ssl.SSLError)
UID, SIZE = re.compile(rb"UID (\d+)"), re.compile(rb"RFC822\.SIZE (\d+)")
Kind = Folder.Kind
# RFC 6154, and what servers without it call the same.
SPECIAL = {
    "\\Sent": Kind.SENT, "\\Junk": Kind.JUNK, "\\Trash": Kind.TRASH, "\\Drafts": Kind.DRAFTS, "\\All": Kind.ALL,
}  # fmt: skip
NAMES = {
    Kind.SENT: {"sent", "sent items", "sent messages", "已发送", "已傳送", "寄件備份", "寄件備份匣"},
    Kind.JUNK: {"junk", "junk e-mail", "junk email", "spam", "垃圾邮件", "垃圾郵件"},
    Kind.TRASH: {"trash", "deleted items", "deleted messages", "已删除", "已刪除", "垃圾桶"},
    Kind.DRAFTS: {"drafts", "草稿", "草稿箱"},
}
NO_FOLDER = {"\\Noselect", "\\NonExistent"}
LONGEST_NAME = 250
HEAD = 262_144  # bytes of a large message that are fetched: its header and, as a rule, what was written


class CannotConnect(Exception):
    """The server cannot be reached, or does not let us in; the message says which."""


@dataclass(frozen=True)
class Listed:
    """A folder at the server."""

    name: str
    kind: str


@dataclass(frozen=True)
class Fetched:
    """A message on the wire; of one that is not `whole`, because it is too large, the beginning."""

    uid: int
    size: int
    raw: bytes
    whole: bool = True


class Server:
    """An IMAP server, logged in."""

    def __init__(self, box: BaseMailBox) -> None:
        self.box = box

    def folders(self) -> list[Listed]:
        """The folders that hold messages."""
        return [
            Listed(one.name, _kind(one.name, set(one.flags), one.delim))
            for one in self.box.folder.list()
            if not set(one.flags) & NO_FOLDER and 0 < len(one.name) <= LONGEST_NAME
        ]

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

    def fetch(self, uids: Sequence[int], largest: int, at_once: int) -> Iterator[list[Fetched]]:
        """The messages with these numbers in their order, in pieces of about `at_once` bytes; of those over `largest`
        bytes the beginning. What is gone is left out."""
        sizes = self._sizes(uids)
        piece: list[int] = []
        for uid in uids:
            if piece and sum(min(sizes.get(one, 0), largest) for one in [*piece, uid]) > at_once:
                yield self._piece(piece, sizes, largest)
                piece = []
            piece.append(uid)
        yield self._piece(piece, sizes, largest)

    def _piece(self, uids: Sequence[int], sizes: dict[int, int], largest: int) -> list[Fetched]:
        small = [uid for uid in uids if uid in sizes and sizes[uid] <= largest]
        large = [uid for uid in uids if uid in sizes and sizes[uid] > largest]
        bodies = self._parts(small, "BODY.PEEK[]") | self._parts(large, f"BODY.PEEK[]<0.{min(HEAD, largest)}>")
        return [Fetched(uid, sizes[uid], bodies[uid], sizes[uid] <= largest) for uid in uids if uid in bodies]

    def _sizes(self, uids: Sequence[int]) -> dict[int, int]:
        sizes = {}
        for line in self._ask(uids, "(UID RFC822.SIZE)"):
            text = line[0] if isinstance(line, tuple) else line
            uid, size = UID.search(text or b""), SIZE.search(text or b"")
            if uid and size:
                sizes[int(uid[1])] = int(size[1])
        return sizes

    def _parts(self, uids: Sequence[int], part: str) -> dict[int, bytes]:
        found: dict[int, bytes] = {}
        answer = self._ask(uids, f"(UID {part})")
        for line, after in zip(answer, [*answer[1:], b""], strict=False):
            if isinstance(line, tuple):
                said = line[0] if isinstance(after, tuple) else line[0] + after  # some servers say the number behind
                if uid := UID.search(said):
                    found[int(uid[1])] = line[1]
        return found

    def _ask(self, uids: Sequence[int], what: str) -> list[Any]:
        return _data(self.box.client.uid("FETCH", ",".join(map(str, uids)), what)) if uids else []


def _kind(name: str, flags: set[str], parting: str) -> str:
    """What a folder is for, by what the server says of it, else by its name."""
    said = next((kind for flag, kind in SPECIAL.items() if flag in flags), None)
    if said is not None:
        return said
    if name.upper() == "INBOX":
        return Kind.INBOX
    last = name.rsplit(parting, 1)[-1].lower() if parting else name.lower()
    return next((kind for kind, names in NAMES.items() if last in names), Kind.OTHER)


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
    place = {"host": mailbox.imap_host, "port": mailbox.imap_port}
    try:
        box = hosts.imap(mailbox.imap_host, mailbox.imap_port, mailbox.imap_security)
    except hosts.Forbidden as forbidden:
        raise CannotConnect(str(forbidden)) from forbidden
    except FAULTS as fault:
        words = _("The server %(host)s:%(port)s cannot be reached: %(fault)s")
        raise CannotConnect(words % {**place, "fault": str(fault)[:200]}) from fault
    try:
        box.login(mailbox.username, mailbox.password, initial_folder=None)
    except FAULTS as fault:
        raise CannotConnect(_("The server does not accept this user name and password.")) from fault
    return box
