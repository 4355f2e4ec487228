"""One message understood, however it was written: leniently, and saying what could not be understood.

Rules: RFC 5322 (threads), RFC 3834 (automatic mail). Nothing here asks a database or a network.
"""

from __future__ import annotations

import hashlib
import html as entities
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses, parsedate_to_datetime
from typing import Any

import nh3
from charset_normalizer import from_bytes

LONGEST_TEXT = 200_000  # characters of a body that are kept
CALENDARS = {"text/calendar", "application/ics"}
MOST_REFERENCES = 50
MESSAGE_ID = re.compile(r"<([^<>\s]{1,240})>|([^\s<>,;\"]{1,120}@[^\s<>,;\"]{1,120})")
# “在 2026年11月30日，王美玲 写道：” and its like, which the library does not know.
CHINESE_QUOTE = re.compile(r"^.{0,200}(?:写道|寫道|来信|來信)\s*[:：]\s*$", re.MULTILINE)
OUTLOOK_QUOTE = re.compile(
    r"^(?:-{2,}\s*(?:原始邮件|原始郵件|Original Message)\s*-{2,}|发件人[:：]|寄件者[:：]).*$", re.MULTILINE
)
BULK = {"bulk", "list", "junk", "auto_reply"}
AUTOMATIC = ("list-id", "x-autoreply", "x-autorespond", "x-auto-response-suppress")
TAGS = nh3.ALLOWED_TAGS - {"img"}  # pictures of others tell them that, when and where a mail was read


@dataclass
class Parsed:
    """What a message says."""

    message_id: str
    in_reply_to: str = ""
    references: list[str] = field(default_factory=list)
    sent_at: datetime | None = None
    sender: str = ""
    sender_name: str = ""
    recipients: list[list[str]] = field(default_factory=list)  # [field, address, name]
    subject: str = ""
    text: str = ""
    quoted: str = ""
    html: str = ""
    calendar: str = ""
    automatic: bool = False
    attachments: list[tuple[str, str, bytes]] = field(default_factory=list)  # name, type, content
    whole: bool = True  # else the end of it is missing
    flaws: list[str] = field(default_factory=list)

    @property
    def answers(self) -> list[str]:
        """The ids that it may answer: the direct one first, then from the newest to the oldest."""
        known = [self.in_reply_to, *reversed(self.references)]
        return list(dict.fromkeys(one for one in known if one))


def parse(raw: bytes, whole: bool = True) -> Parsed:
    """`raw` (as it came over the wire) understood. Never raises: what is broken is told in `flaws`.

    Of a message that is not `whole` no file is kept, for the last of them is cut off; their names are told.
    """
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    found = Parsed(message_id=_own_id(message, raw), whole=whole)
    for step in (_headers, _bodies, _calendar):
        try:
            step(message, found)
        except Exception as fault:  # noqa: BLE001  a broken message is kept as far as it can be read
            found.flaws.append(f"{type(fault).__name__}: {fault}"[:200])
    if not whole:
        found.flaws += [name for name, _kind, _content in found.attachments]
        found.attachments = []
        return found
    found.flaws += [type(defect).__name__ for defect in message.defects][:5]
    return found


def ids_in(text: str) -> list[str]:
    """The message ids in a header, without angle brackets, in their order; commas and missing brackets are borne."""
    return list(dict.fromkeys(first or second for first, second in MESSAGE_ID.findall(_plain(text))))


def _own_id(message: EmailMessage, raw: bytes) -> str:
    found = ids_in(_header(message, "message-id"))
    # A message without an id is known by what it is.
    return found[0] if found else f"{hashlib.sha256(raw).hexdigest()[:40]}@without-id.invalid"


def _headers(message: EmailMessage, found: Parsed) -> None:
    answered = ids_in(_header(message, "in-reply-to"))
    found.in_reply_to = answered[0] if answered else ""
    references = ids_in(_header(message, "references"))
    if len(references) > MOST_REFERENCES:  # the first and the last are those that matter
        references = [references[0], *references[-MOST_REFERENCES + 1 :]]
    found.references = references
    found.subject = _header(message, "subject")[:500]
    found.sent_at = _date(_header(message, "date"))
    senders = _addresses(message, "from") or _addresses(message, "sender")
    if senders:
        found.sender, found.sender_name = senders[0]
    for name in ("to", "cc", "bcc"):
        found.recipients += [[name, address, shown] for address, shown in _addresses(message, name)]
    found.automatic = _is_automatic(message)


def _is_automatic(message: EmailMessage) -> bool:
    """Whether no person wrote it (RFC 3834, and what programs do instead)."""
    said = _header(message, "auto-submitted").split(";")[0].strip().lower()
    if said and said != "no":
        return True
    if message.get_content_type() == "multipart/report" or _header(message, "return-path").strip() == "<>":
        return True
    if _header(message, "precedence").strip().lower() in BULK:
        return True
    return any(message[name] is not None for name in AUTOMATIC)


def _bodies(message: EmailMessage, found: Parsed) -> None:
    plain, rich = "", ""
    for part in message.walk():
        if part.is_multipart():
            continue
        kind, name = part.get_content_type(), part.get_filename()
        if name or part.get_content_disposition() == "attachment" or not kind.startswith("text/"):
            found.attachments.append((_plain(name or kind.replace("/", "."))[:200], kind, _bytes(part)))
        elif kind == "text/plain" and not plain:
            plain = _text(part, found)
        elif kind == "text/html" and not rich:
            rich = _text(part, found)
    found.html = clean(rich)
    written = plain or text_of(rich)
    found.text, found.quoted = split(written[:LONGEST_TEXT])


def _calendar(message: EmailMessage, found: Parsed) -> None:
    """What it tells calendars. Not what stands in a message within it: in a bounce that is our own invitation."""
    if message.get_content_type() == "multipart/report" or not found.whole:
        return
    for part in _own_parts(message):
        if part.get_content_type() in CALENDARS:
            text = _text(part, found)
            if len(text) > LONGEST_TEXT:
                found.flaws.append("calendar too long")
            else:
                found.calendar = text
            return


def _own_parts(message: Any) -> Iterator[Any]:
    """The parts of a message, without those of messages that it only carries."""
    if message.get_content_maintype() == "message":
        return
    if not message.is_multipart():
        yield message
        return
    for part in message.iter_parts():
        yield from _own_parts(part)


def clean(rich: str) -> str:
    """HTML of others without anything that runs, is loaded or breaks out of its place."""
    if not rich.strip():
        return ""
    return nh3.clean(
        rich[: 2 * LONGEST_TEXT],
        tags=TAGS,
        attributes={"a": {"href"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}},
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer nofollow",
    )


def text_of(rich: str) -> str:
    """The words of HTML, with its lines."""
    rich = re.sub(r"(?is)<(script|style|head)\b.*?</\1\s*>", "", rich)
    lined = re.sub(r"(?i)<br\s*/?>|</(?:p|div|tr|li|h[1-6]|blockquote)>", "\n", rich)
    words = entities.unescape(nh3.clean(lined, tags=set()))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.strip() for line in words.splitlines())).strip()


def split(text: str) -> tuple[str, str]:
    """What was written this time, and what was quoted of earlier messages."""
    text = text.replace("\r\n", "\n").strip()
    marks = [rule.search(text) for rule in (CHINESE_QUOTE, OUTLOOK_QUOTE)]
    start = min((mark.start() for mark in marks if mark), default=0)
    if start:
        return text[:start].strip(), text[start:].strip()
    from mailparser_reply import EmailReplyParser

    try:
        latest = EmailReplyParser(languages=["en", "de", "fr", "ja"]).parse_reply(text=text) or ""
    except Exception:  # noqa: BLE001  what cannot be parted stays together
        return text, ""
    latest = latest.strip()
    if not latest or not text.startswith(latest):
        return text, ""
    return latest, text[len(latest) :].strip()


def _addresses(message: EmailMessage, name: str) -> list[tuple[str, str]]:
    """(address, name) of a header; what cannot be an address is left out."""
    pairs = getaddresses([_header(message, name)])
    return [(address.strip().lower()[:320], _plain(shown)[:250]) for shown, address in pairs if "@" in address]


def _header(message: EmailMessage, name: str) -> str:
    """A header as one line of text; a broken one as far as it can be read."""
    try:
        value: Any = message.get(name, "")
    except Exception:  # noqa: BLE001  the library's parser gives up on some headers
        value = next((text for key, text in message._headers if key.lower() == name), "")  # type: ignore[attr-defined]
    return _plain(str(value))


def _plain(text: str) -> str:
    """On one line, as databases can hold it."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    return " ".join(text.replace("\x00", "").split())


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment if 1980 <= moment.year <= 2200 else None


def _bytes(part: Any) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else str(part.get_payload()).encode("utf-8", "replace")


def _text(part: Any, found: Parsed) -> str:
    """The text of a part, whatever its character set is said to be."""
    raw = _bytes(part)
    named = str(part.get_content_charset() or "utf-8")
    try:
        text = raw.decode(named)
    except (LookupError, UnicodeDecodeError):
        guessed = from_bytes(raw[:200_000]).best()
        text = str(guessed) if guessed is not None else raw.decode("utf-8", "replace")
        found.flaws.append(f"charset {named[:40]}")
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")
