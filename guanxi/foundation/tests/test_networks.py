"""Private addresses are not connected to, however they are written and whenever that shows."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from guanxi.foundation import networks

PRIVATE = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::1", "::",
    "fe80::1", "fd00::1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "224.0.0.1", "255.255.255.255",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses(address: str) -> None:
    assert not networks.is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses(address: str) -> None:
    assert networks.is_public(address)


def test_what_was_looked_at_is_what_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that leads into this network at the second look is asked but once."""
    answers = iter([["127.0.0.1"], ["1.1.1.1", "10.0.0.1"]])

    def resolve(_host: str, port: int, *_args: Any, **_named: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in next(answers)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(networks.Forbidden):
        networks.connection("rebind.example.com", 993, 1, [])
    with pytest.raises(networks.Forbidden):  # one private address among several is enough
        networks.connection("rebind.example.com", 993, 1, [])
