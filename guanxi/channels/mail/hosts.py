"""Which hosts may be mail servers: none of this machine or its network, unless GUANXI_MAIL_HOSTS names it."""

from __future__ import annotations

import socket

from django.conf import settings
from django.utils.translation import gettext as _

from guanxi.ledger.webhooks.addresses import is_public


class Forbidden(Exception):
    """The host leads to an address of this network."""


def check(host: str) -> None:
    """Raises Forbidden where `host`, or an address that it leads to now, is within this network. What cannot be looked
    up passes: connecting will say so."""
    if host.lower() in {name.lower() for name in settings.GUANXI_MAIL_HOSTS}:
        return
    try:
        found = {str(one[4][0]) for one in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return
    if any(not is_public(address) for address in found):
        words = _(
            "%(host)s is an address within this network. If it is meant, an administrator names it in "
            "GUANXI_MAIL_HOSTS."
        )
        raise Forbidden(words % {"host": host})
