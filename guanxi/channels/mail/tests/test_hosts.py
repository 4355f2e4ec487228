"""Mail servers: connected to at the address that was looked at, and known by their certificate."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from guanxi.channels.mail import hosts

NAME = "mail.example.com"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for NAME, signed by itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - dt.timedelta(1)).not_valid_after(now + dt.timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False).sign(key, hashes.SHA256())
    )  # fmt: skip
    path = tmp_path / "certificate.pem"
    unsealed = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + unsealed)
    return path


@pytest.fixture
def server(certificate: Path) -> Iterator[int]:
    """A server that speaks TLS from the beginning and greets as IMAP and SMTP do; its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                line, _address = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(line, server_side=True) as secure:
                    secure.sendall(b"220 * OK ready\r\n")
                    secure.recv(100)
            except OSError:
                line.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield int(listener.getsockname()[1])
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, certificate: Path) -> list[str]:
    """Every name leads to this machine, and the certificate is trusted; the names that were looked up."""
    names: list[str] = []
    real = socket.getaddrinfo

    def resolve(host: Any, port: Any, *args: Any, **named: Any) -> Any:
        if host == "127.0.0.1":
            return real(host, port, *args, **named)
        names.append(str(host))
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    trusting = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(hosts, "_tls", lambda: trusting)
    return names


@pytest.mark.parametrize("connect", [hosts.imap, hosts.smtp])
def test_a_name_that_leads_into_this_network_is_not_connected_to(
    asked: list[str], server: int, settings: Any, connect: Any
) -> None:
    settings.GUANXI_MAIL_HOSTS = []
    with pytest.raises(hosts.Forbidden, match="within this network"):
        connect(NAME, server, "tls")
    assert asked == [NAME]


def test_tls_verifies_the_name_at_the_address_that_was_looked_at(asked: list[str], server: int, settings: Any) -> None:
    settings.GUANXI_MAIL_HOSTS = [NAME, "other.example.com"]
    hosts.smtp(NAME, server, "tls").close()
    assert asked == [NAME], "it is looked up once"
    for connect in (hosts.imap, hosts.smtp):
        with pytest.raises(ssl.SSLCertVerificationError):
            connect("other.example.com", server, "tls")
