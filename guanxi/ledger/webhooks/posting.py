"""One request to a receiver: signed, bounded in time and in what is read of the answer; redirects are not followed."""

from __future__ import annotations

import asyncio
import ssl
import time
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import httpcore
from django.utils import timezone
from django.utils.translation import gettext as _
from standardwebhooks import Webhook as Signer

from guanxi.ledger.webhooks.addresses import ForbiddenError, Guarded

PATIENCE = 15.0  # seconds for a whole attempt
STEP = 10.0  # seconds for connecting, for sending, for the next piece of the answer
READ = 4096  # bytes of the answer that are kept; the rest is not fetched
MOST_HEADERS = 30
AGENT = "Guanxi-Webhooks/1"


@dataclass(frozen=True)
class Message:
    """What is sent, and where."""

    delivery: int
    webhook: int
    url: str
    id: str
    body: bytes
    secrets: list[str] = field(repr=False)


@dataclass(frozen=True)
class Outcome:
    """How an attempt went."""

    delivery: int
    webhook: int
    began: datetime
    milliseconds: int
    sent: dict[str, str]
    status: int | None = None
    error: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    answer: str = ""

    @property
    def arrived(self) -> bool:
        """Whether the receiver said that it has it."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def retry_after(self) -> int | None:
        """The seconds that the receiver asks to wait, where it does."""
        told = self.headers.get("retry-after", "")
        return int(told) if self.status in (429, 503) and told.isdecimal() and len(told) < 7 else None


def headers_of(message: Message, now: datetime) -> dict[str, str]:
    """The headers of the specification: id, time and one signature for each secret that signs now."""
    text = message.body.decode()
    signed = [Signer(secret).sign(message.id, now, text) for secret in message.secrets]
    return {
        "content-type": "application/json",
        "user-agent": AGENT,
        "accept-encoding": "identity",
        "webhook-id": message.id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signed),
    }


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def pool(connections: int) -> httpcore.AsyncConnectionPool:
    """Connections to receivers, kept open between messages."""
    return httpcore.AsyncConnectionPool(
        ssl_context=_tls(), max_connections=connections, keepalive_expiry=10.0, network_backend=Guarded()
    )


async def post(connections: httpcore.AsyncConnectionPool, message: Message, patience: float = PATIENCE) -> Outcome:
    """Send `message` once. Whatever goes wrong is said in the outcome."""
    began, start = timezone.now(), time.monotonic()
    sent = headers_of(message, began)
    status: int | None = None
    error, answer = "", b""
    headers: dict[str, str] = {}
    try:
        async with asyncio.timeout(patience):
            status, headers, answer = await _exchange(connections, message, sent)
    except ForbiddenError as refusal:
        error = str(refusal)
    except TimeoutError:
        error = _("It took longer than %(seconds)s seconds.") % {"seconds": f"{patience:g}"}
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, OSError, ValueError) as fault:
        error = f"{_fault_words(fault)}: {fault}".rstrip(": ")
    if status is not None and 300 <= status < 400:
        error = _("It redirects, which is not followed; give its final address.")
    elif status is not None and not 200 <= status < 300:
        error = _("It answered %(status)s.") % {"status": status}
    passed = int((time.monotonic() - start) * 1000)
    words = answer.decode(errors="replace").replace("\x00", "")
    return Outcome(message.delivery, message.webhook, began, passed, sent, status, error[:300], headers, words)


async def _exchange(
    connections: httpcore.AsyncConnectionPool, message: Message, sent: dict[str, str]
) -> tuple[int, dict[str, str], bytes]:
    limits = {"connect": STEP, "read": STEP, "write": STEP, "pool": PATIENCE}
    answer = b""
    async with connections.stream(
        "POST", message.url, headers=list(sent.items()), content=message.body, extensions={"timeout": limits}
    ) as response:
        headers = {
            name.decode("latin-1").lower()[:100]: value.decode("latin-1").replace("\x00", "")[:300]
            for name, value in response.headers[:MOST_HEADERS]
        }
        if 200 <= response.status < 300 or not 300 <= response.status < 400:
            async for piece in response.aiter_stream():
                answer += piece
                if len(answer) >= READ:
                    break  # leaving closes the connection, however much would follow
    return response.status, headers, answer[:READ]


def _fault_words(fault: Any) -> str:
    if isinstance(fault, httpcore.TimeoutException):
        return str(_("It did not answer in time"))
    if isinstance(fault, httpcore.ProtocolError):
        return str(_("It does not speak HTTP as it should"))
    return str(_("It cannot be reached"))
