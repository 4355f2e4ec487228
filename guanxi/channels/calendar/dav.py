"""Speaking CalDAV (RFC 4791): which calendars there are, what changed in one (RFC 6578), and its objects as they are on
the wire. Each connection goes to the very address that was looked at, and no redirect leads to another host."""

from __future__ import annotations

import base64
import socket
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

import httpcore
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from django.conf import settings
from django.utils.translation import gettext as _

from guanxi.channels.calendar.models import Account
from guanxi.channels.mail import hosts
from guanxi.foundation import networks

PATIENCE = 30.0  # seconds
LARGEST = 50_000_000  # bytes of one answer
CHUNK = 50  # objects asked for at once
MOST_ROUNDS = 200  # of a server that tells its changes in parts
DAV, CALDAV = "{DAV:}", "{urn:ietf:params:xml:ns:caldav}"
NAMES = 'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"'
FAULTS = (OSError, httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, ssl.SSLError)
PATH = "/:~!$&'()*+,;=@"  # what stays as it is in a path


class CannotConnect(Exception):
    """The server cannot be reached, does not let us in, or is none; the message says which."""


class Changed(Exception):
    """The object is another at the server than we think (412)."""


class Rejected(Exception):
    """The server does not take an object; the message says why."""


class TokenGone(Exception):
    """The server does not know any more what changed since."""


@dataclass(frozen=True)
class Listed:
    """A calendar at the server."""

    path: str
    name: str


@dataclass
class Changes:
    """What a calendar holds now, or what became of it since a token: etags by path, and what is gone."""

    etags: dict[str, str] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    token: str = ""


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    headers: dict[str, str]
    content: bytes


@dataclass(frozen=True)
class Row:
    """One resource of a multistatus."""

    path: str
    status: int
    props: dict[str, Element]

    def text(self, name: str) -> str:
        """The text of a property; empty where there is none."""
        found = self.props.get(name)
        return (found.text or "").strip() if found is not None else ""


class Guarded(httpcore.NetworkBackend):
    """Connects to the address that was looked at, never to a name."""

    def __init__(self) -> None:
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to `host`, if it may be called."""
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        address = networks.checked(found, host, settings.GUANXI_MAIL_HOSTS)[0]
        return self._inner.connect_tcp(address, port, timeout, local_address, socket_options)


class Server:
    """A CalDAV server, as one person sees it."""

    def __init__(self, address: str, username: str, password: str, pool: httpcore.ConnectionPool) -> None:
        parts = urlsplit(address)
        self.root = f"{parts.scheme}://{parts.netloc}"
        self.start = unquote(parts.path) or "/"
        secret = base64.b64encode(f"{username}:{password}".encode()).decode()
        self.headers = {"Authorization": f"Basic {secret}", "User-Agent": "Guanxi"}
        self.pool = pool

    # Asking ---------------------------------------------------------------------------------------------------------

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> Answer:
        """One request; follows redirects within the same host. Raises CannotConnect."""
        for _redirect in range(4):
            answer = self._asked(method, path, body, headers)
            if answer.status not in (301, 302, 307, 308):
                return answer
            target = urljoin(self.root + path, answer.headers.get("location", ""))
            if not target.startswith(self.root + "/"):
                words = _("The server sends us on to %(address)s; if that is right, enter that address.")
                raise CannotConnect(words % {"address": target[:200]})
            path = unquote(urlsplit(target).path)
        raise CannotConnect(_("The server sends us round in circles."))

    def _asked(self, method: str, path: str, body: str, headers: dict[str, str]) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent: list[tuple[bytes | str, bytes | str]] = [*self.headers.items(), *named.items()]
        limits = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), PATIENCE)}
        url = self.root + quote(path, safe=PATH)
        try:
            with self.pool.stream(method, url, headers=sent, content=body.encode(), extensions=limits) as response:
                content = bytearray()
                for chunk in response.iter_stream():
                    content += chunk
                    if len(content) > LARGEST:
                        raise CannotConnect(_("The server answers with more than we can take."))
                names = {name.decode().lower(): value.decode("latin-1") for name, value in response.headers}
                answer = Answer(response.status, names, bytes(content))
        except networks.Forbidden as forbidden:
            raise CannotConnect(hosts.words(forbidden.host)) from forbidden
        except (*FAULTS, UnicodeError) as fault:
            words = _("The server %(host)s cannot be reached: %(fault)s")
            raise CannotConnect(
                words % {"host": self.root, "fault": str(fault)[:200] or type(fault).__name__}
            ) from fault
        if answer.status in (401, 403) and method in ("PROPFIND", "OPTIONS"):
            raise CannotConnect(_("The server does not accept this user name and password."))
        if answer.status >= 500 and answer.status not in (501, 507):
            raise CannotConnect(_("The server has a fault of its own (%(status)s).") % {"status": answer.status})
        return answer

    def _rows(self, method: str, path: str, body: str, depth: str) -> list[Row]:
        answer = self.ask(method, path, body, Depth=depth, Content_Type="application/xml; charset=utf-8")
        if answer.status != 207:
            raise CannotConnect(
                _("There is no calendar server at this address (%(status)s).") % {"status": answer.status}
            )
        return rows_in(answer.content)

    def propfind(self, path: str, depth: str, *names: str) -> list[Row]:
        """Properties of a resource, with depth 1 also of what is in it."""
        asked = "".join(f"<{name}/>" for name in names)
        return self._rows("PROPFIND", path, f"<d:propfind {NAMES}><d:prop>{asked}</d:prop></d:propfind>", depth)

    # Calendars ------------------------------------------------------------------------------------------------------

    def calendars(self) -> list[Listed]:
        """The calendars for appointments that there are. Raises CannotConnect where the address is none of such."""
        names = ("d:resourcetype", "d:displayname", "d:current-user-principal", "c:calendar-home-set")
        first = self.propfind(self._entrance(), "0", *names, "c:supported-calendar-component-set")
        if found := _calendars_of(first):
            return found
        home = _href_in(first, f"{CALDAV}calendar-home-set")
        principal = _href_in(first, f"{DAV}current-user-principal")
        if not home and principal:
            home = _href_in(self.propfind(principal, "0", "c:calendar-home-set"), f"{CALDAV}calendar-home-set")
        listed = self.propfind(
            home or self.start, "1", "d:resourcetype", "d:displayname", "c:supported-calendar-component-set"
        )
        return _calendars_of(listed)

    def _entrance(self) -> str:
        if self.start != "/":
            return self.start
        known = self.ask("PROPFIND", "/.well-known/caldav", Depth="0").status
        return "/.well-known/caldav" if known == 207 else self.start

    def changes(self, calendar: str, token: str) -> Changes | None:
        """What changed since `token`; without one all that there is. None where the server cannot tell. Raises
        TokenGone."""
        found = Changes(token=token)
        for _round in range(MOST_ROUNDS):
            body = (
                f"<d:sync-collection {NAMES}><d:sync-token>{escape(found.token)}</d:sync-token>"
                "<d:sync-level>1</d:sync-level><d:prop><d:getetag/></d:prop></d:sync-collection>"
            )
            answer = self.ask("REPORT", calendar, body, Depth="0", Content_Type="application/xml; charset=utf-8")
            if answer.status != 207:
                if found.token:
                    raise TokenGone
                return None
            rows = rows_in(answer.content)
            found.token = _token_in(answer.content)
            if not found.token:
                return None
            _note(found, rows, calendar)
            if not any(row.status == 507 for row in rows):
                return found
        return None

    def etags(self, calendar: str) -> Changes:
        """All that there is, without a token."""
        found = Changes()
        _note(found, self.propfind(calendar, "1", "d:getetag", "d:resourcetype"), calendar)
        return found

    # Objects --------------------------------------------------------------------------------------------------------

    def fetch(self, calendar: str, paths: Iterable[str]) -> dict[str, tuple[str, str]]:
        """Objects by path: their etag and text. What is gone meanwhile is left out."""
        wanted = list(paths)
        found: dict[str, tuple[str, str]] = {}
        for start in range(0, len(wanted), CHUNK):
            hrefs = "".join(
                f"<d:href>{escape(quote(path, safe=PATH))}</d:href>" for path in wanted[start : start + CHUNK]
            )
            asked = "<d:prop><d:getetag/><c:calendar-data/></d:prop>"
            body = f"<c:calendar-multiget {NAMES}>{asked}{hrefs}</c:calendar-multiget>"
            for row in self._rows("REPORT", calendar, body, "1"):
                if f"{CALDAV}calendar-data" in row.props:
                    data = row.props[f"{CALDAV}calendar-data"].text or ""
                    found[row.path] = (row.text(f"{DAV}getetag"), data)
        return found

    def put(self, path: str, text: str, etag: str) -> str:
        """Keep an object: where `etag` still holds, or without one where there is none yet. Its new etag, empty where
        the server does not say. Raises Changed, Rejected."""
        condition = {"If_Match": etag} if etag else {"If_None_Match": "*"}
        answer = self.ask("PUT", path, text, Content_Type="text/calendar; charset=utf-8", **condition)
        if answer.status == 412:
            raise Changed
        if answer.status not in (200, 201, 204):
            said = " ".join(answer.content[:300].decode("utf-8", "replace").split())
            raise Rejected(
                _("The server does not take it (%(status)s): %(said)s") % {"status": answer.status, "said": said}
            )
        new = answer.headers.get("etag", "")
        return "" if new.startswith("W/") else new

    def remove(self, path: str, etag: str) -> None:
        """Delete an object where `etag` still holds; one that is gone already is fine. Raises Changed, Rejected."""
        answer = self.ask("DELETE", path, **({"If_Match": etag} if etag else {}))
        if answer.status == 412:
            raise Changed
        if answer.status not in (200, 202, 204, 404, 410):
            raise Rejected(_("The server does not delete it (%(status)s).") % {"status": answer.status})


@contextmanager
def connected(account: Account) -> Iterator[Server]:
    """The server of an account, for the length of a `with` block. Raises CannotConnect."""
    refuse_unfit(account.address)
    with httpcore.ConnectionPool(
        ssl_context=ssl.create_default_context(), network_backend=Guarded(), max_connections=1, http1=True
    ) as pool:
        yield Server(account.address, account.username, account.password, pool)


def refuse_unfit(address: str) -> None:
    """Raises CannotConnect where an address cannot be that of a server, or would send the password in the clear."""
    try:
        parts = urlsplit(address)
        host, _port = parts.hostname or "", parts.port
    except ValueError as error:
        raise CannotConnect(_("This is no address; write it like https://calendar.example.com/.")) from error
    if parts.scheme not in ("https", "http") or not host or parts.username or not address.isascii():
        raise CannotConnect(_("This is no address; write it like https://calendar.example.com/."))
    if parts.scheme != "https" and not networks.is_named(host, settings.GUANXI_MAIL_HOSTS):
        raise CannotConnect(_("The address has to begin with https://, so that nobody reads the password along."))
    try:
        hosts.check(host)
    except hosts.Forbidden as forbidden:
        raise CannotConnect(str(forbidden)) from forbidden


# Reading what servers answer ----------------------------------------------------------------------------------------


def rows_in(content: bytes) -> list[Row]:
    """The resources of a multistatus. Raises CannotConnect where it is none."""
    found = []
    for one in _tree(content).findall(f"{DAV}response"):
        href = one.findtext(f"{DAV}href") or ""
        props = {
            prop.tag: prop
            for stat in one.findall(f"{DAV}propstat")
            if " 200" in (stat.findtext(f"{DAV}status") or " 200")
            for prop in stat.findall(f"{DAV}prop/*")
        }
        found.append(Row(unquote(urlsplit(href.strip()).path), _status(one), props))
    return found


def _tree(content: bytes) -> Element:
    try:
        tree: Element = fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as fault:
        raise CannotConnect(_("What the server answers cannot be read.")) from fault
    return tree


def _status(response: Element) -> int:
    words = (response.findtext(f"{DAV}status") or "HTTP/1.1 200").split()
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else 200


def _token_in(content: bytes) -> str:
    return (_tree(content).findtext(f"{DAV}sync-token") or "").strip()


def _note(found: Changes, rows: Iterable[Row], calendar: str) -> None:
    for row in rows:
        kind = row.props.get(f"{DAV}resourcetype")
        if row.path.rstrip("/") == calendar.rstrip("/") or (kind is not None and len(kind)):
            continue
        if row.status in (404, 410):
            found.gone.add(row.path)
            found.etags.pop(row.path, None)
        elif etag := row.text(f"{DAV}getetag"):
            found.etags[row.path] = etag
            found.gone.discard(row.path)


def _calendars_of(rows: Iterable[Row]) -> list[Listed]:
    found = []
    for row in rows:
        kind = row.props.get(f"{DAV}resourcetype")
        if kind is None or kind.find(f"{CALDAV}calendar") is None:
            continue
        holds = row.props.get(f"{CALDAV}supported-calendar-component-set")
        names = {one.get("name", "").upper() for one in holds} if holds is not None else set()
        if not names or "VEVENT" in names:
            found.append(Listed(row.path, row.text(f"{DAV}displayname") or row.path.rstrip("/").rpartition("/")[2]))
    return found


def _href_in(rows: Iterable[Row], name: str) -> str:
    for row in rows:
        prop = row.props.get(name)
        href = prop.findtext(f"{DAV}href") if prop is not None else None
        if href:
            return unquote(urlsplit(href.strip()).path)
    return ""
