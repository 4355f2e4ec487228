"""Connecting to mail servers: none of this machine or its network, unless GUANXI_MAIL_HOSTS names it.

A host is looked at when a mailbox is kept, so that whoever types it is told, and again at each connection, with the
very address that is then connected to; TLS verifies the name.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
from functools import cache
from imaplib import IMAP4, IMAP4_SSL
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from imap_tools import BaseMailBox

from guanxi.channels.mail.models import Security
from guanxi.foundation import networks

PATIENCE = 30  # seconds


class Forbidden(Exception):
    """The host leads to an address of this network."""


def check(host: str) -> None:
    """Raises Forbidden where `host`, or an address that it leads to now, is within this network. What cannot be looked
    up passes: connecting will say so."""
    try:
        networks.checked(socket.getaddrinfo(host, None), host, settings.GUANXI_MAIL_HOSTS)
    except networks.Forbidden as forbidden:
        raise Forbidden(words(host)) from forbidden
    except (OSError, UnicodeError):
        return


def words(host: str) -> str:
    """Why a host is not connected to."""
    said = _(
        "%(host)s is an address within this network. If it is meant, an administrator names it in GUANXI_MAIL_HOSTS."
    )
    return said % {"host": host}


def _connection(host: str, port: int) -> socket.socket:
    try:
        return networks.connection(host, port, PATIENCE, settings.GUANXI_MAIL_HOSTS)
    except networks.Forbidden as forbidden:
        raise Forbidden(words(host)) from forbidden


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


class _PlainImap(IMAP4):
    """Connects to an address that was looked at."""

    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        return _connection(self.host, self.port)


class _TlsImap(IMAP4_SSL):
    """The same, with TLS from the beginning."""

    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        return _tls().wrap_socket(_connection(self.host, self.port), server_hostname=self.host)


class _Box(BaseMailBox):
    """An IMAP server in the way that its mailbox says. The library's own classes verify no certificate by default."""

    def __init__(self, host: str, port: int, security: str) -> None:
        self.place, self.security = (host, port), security
        super().__init__()

    def _get_mailbox_client(self) -> IMAP4:
        if self.security == Security.TLS:
            return _TlsImap(*self.place)
        client = _PlainImap(*self.place)
        if self.security == Security.STARTTLS:
            client.starttls(_tls())
        return client


def imap(host: str, port: int, security: str) -> BaseMailBox:
    """An IMAP server, not logged in. Raises Forbidden, OSError, IMAP4.error."""
    return _Box(host, port, security)


class _Smtp(smtplib.SMTP):
    """Connects to an address that was looked at."""

    def _get_socket(self, host: str, port: int, timeout: Any) -> socket.socket:
        return _connection(host, port)


class _TlsSmtp(smtplib.SMTP_SSL, _Smtp):
    """The same, with TLS from the beginning: what `SMTP_SSL` wraps comes from `_Smtp`."""


def smtp(host: str, port: int, security: str) -> smtplib.SMTP:
    """An SMTP server, not logged in. Raises Forbidden, OSError, SMTPException."""
    if security == Security.TLS:
        return _TlsSmtp(host, port, timeout=PATIENCE, context=_tls())
    server = _Smtp(host, port, timeout=PATIENCE)
    if security == Security.STARTTLS:
        server.starttls(context=_tls())
    return server
