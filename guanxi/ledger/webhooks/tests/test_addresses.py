"""Private addresses are not called, however they are written and whenever that shows."""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from guanxi.foundation.actions import Refused
from guanxi.ledger.webhooks import addresses, posting
from guanxi.ledger.webhooks.posting import Message
from guanxi.ledger.webhooks.tests.receiver import Receiver


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/x", "https://[::1]/x", "https://localhost/", "https://intranet/x", "http://example.com/",
        "ftp://example.com/", "https://", "https://user:pass@example.com/", "https://exa mple.com/", "javascript:x",
        "https://example.com:99999/", "https://[::ffff:169.254.169.254]/",
    ],
)  # fmt: skip
def test_unfit_addresses_are_refused(url: str, settings: Any) -> None:
    settings.GUANXI_WEBHOOK_HOSTS = []
    with pytest.raises(Refused) as refusal:
        addresses.refuse_unfit(url)
    assert refusal.value.field == "url"


def test_named_hosts_may_be_called(settings: Any) -> None:
    settings.GUANXI_WEBHOOK_HOSTS = ["crm.internal"]
    assert addresses.refuse_unfit(" http://crm.internal:8080/x ") == "http://crm.internal:8080/x"


def in_a_thread(send: Any) -> Any:
    """The tests' own thread may have an event loop already: that of the browser."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(send())).result()


def test_a_name_that_leads_into_this_network_is_refused_at_the_connection(
    settings: Any, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it led elsewhere a moment before: what was looked at is what is connected to."""
    settings.GUANXI_WEBHOOK_HOSTS = []
    asked = []

    def resolve(host: str, port: int, *_args: Any, **_named: Any) -> Any:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    message = Message(1, 1, f"http://rebind.example.com:{receiver.port}/ok", "msg_1", b"{}", ["whsec_c2VjcmV0"])

    async def send() -> Any:
        async with posting.pool(1) as pool:
            return await posting.post(pool, message)

    outcome = in_a_thread(send)
    assert outcome.status is None and "within this network" in outcome.error
    assert asked == ["rebind.example.com"] and not receiver.got
