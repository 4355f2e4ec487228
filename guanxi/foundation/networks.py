"""Which addresses of the network may be connected to: those of the open internet, none of this machine or its network.

The host is looked up once, and what was looked at is what is connected to: a name that answers with another address a
moment later gains nothing. TLS goes on to verify the name. Settings name hosts for which this does not count.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection, Iterable

# What carries an IPv4 address within: as private as that is.
NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Forbidden(Exception):
    """The host leads to an address of this machine or its network."""

    def __init__(self, host: str) -> None:
        super().__init__(host)
        self.host = host


def is_named(host: str, named: Collection[str]) -> bool:
    """Whether a setting allows this host whatever its address is."""
    return host.lower() in {name.lower() for name in named}


def is_public(text: str) -> bool:
    """Whether an IP address is one of the open internet."""
    address = ipaddress.ip_address(text.partition("%")[0])
    inner = _carried(address) if isinstance(address, ipaddress.IPv6Address) else None
    if inner is not None:
        return is_public(str(inner))
    return address.is_global and not address.is_multicast


def _carried(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


def checked(found: Iterable[tuple[object, ...]], host: str, named: Collection[str]) -> list[str]:
    """The addresses in an answer of `getaddrinfo`, each once. Raises Forbidden where any of them is a private one."""
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))  # type: ignore[index]
    if not is_named(host, named) and not all(is_public(address) for address in addresses):
        raise Forbidden(host)
    return addresses


def connection(host: str, port: int, patience: float | None, named: Collection[str]) -> socket.socket:
    """A connection to `host`, at an address that was looked at. Raises Forbidden, OSError."""
    fault = OSError(f"{host} has no address")
    for address in checked(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM), host, named):
        try:
            return socket.create_connection((address, port), patience)
        except OSError as error:
            fault = error
    raise fault
