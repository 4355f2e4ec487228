"""Which addresses may be called: none of this machine or its network, unless a setting names the host.

Looked at when a webhook is kept, and again at each connection, with the very address that is then connected to: a name
that answers with another address a moment later gains nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import httpcore
from django.conf import settings
from django.utils.translation import gettext as _

from guanxi.foundation import networks
from guanxi.foundation.actions import Refused


class ForbiddenError(Exception):
    """The host leads to an address that webhooks may not call."""


def refuse_unfit(url: str) -> str:
    """`url` as it is kept. Raises Refused where it cannot be the address of a receiver."""
    url = url.strip()
    if not url.isascii() or any(letter.isspace() or letter in '\\<>"{}|^`' for letter in url):
        raise Refused(_("Write the address in plain letters, without spaces; encode all other signs."), "url")
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError as error:
        raise Refused(_("This is no address; write it like https://example.com/hook."), "url") from error
    if parts.scheme not in ("https", "http") or not host:
        raise Refused(_("This is no address; write it like https://example.com/hook."), "url")
    if parts.username or parts.password:
        raise Refused(_("Leave name and password out of the address; requests are signed instead."), "url")
    if networks.is_named(host, settings.GUANXI_WEBHOOK_HOSTS):
        return url
    if parts.scheme != "https":
        raise Refused(_("The address has to begin with https://, so that nobody reads along."), "url")
    _refuse_private(host)
    return url


def _refuse_private(host: str) -> None:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        if "." not in host or host.endswith((".localhost", ".local", ".internal")):
            raise Refused(_words(host), "url") from None
        return  # a name: looked up at each connection
    if not networks.is_public(host):
        raise Refused(_words(host), "url")


def _words(host: str) -> str:
    return _(
        "%(host)s is an address within this network, which webhooks do not call. If it is meant, an administrator "
        "names it in GUANXI_WEBHOOK_HOSTS."
    ) % {"host": host}


async def resolve(host: str, port: int) -> str:
    """The IP address to connect to. Raises ForbiddenError where any address of the host is a private one."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    try:
        return networks.checked(found, host, settings.GUANXI_WEBHOOK_HOSTS)[0]
    except networks.Forbidden as forbidden:
        raise ForbiddenError(_words(host)) from forbidden


class Guarded(httpcore.AsyncNetworkBackend):
    """Connects to the address that was looked at, never to a name."""

    def __init__(self) -> None:
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore's name
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to `host`, if it may be called."""
        address = await resolve(host, port)
        return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
