"""A real HTTP server that hears webhooks, well or badly, as its paths say."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook as Verifier


@dataclass
class Receiver:
    """What came, and where it listens. `release` lets those go that `/slow` holds."""

    port: int = 0
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    came: threading.Condition = field(default_factory=threading.Condition)
    release: threading.Event = field(default_factory=threading.Event)
    poured: int = 0  # bytes that `/endless` could get rid of

    def url(self, path: str = "/ok") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def at(self, path: str) -> list[tuple[dict[str, str], bytes]]:
        return [(headers, body) for where, headers, body in self.got if where == path]

    def ids(self, path: str = "/ok") -> list[str]:
        return [headers["webhook-id"] for headers, _body in self.at(path)]

    def verified(self, secret: str, path: str = "/ok") -> list[Any]:
        return [Verifier(secret).verify(body, headers) for headers, body in self.at(path)]

    def wait_for(self, count: int, seconds: float = 120) -> None:
        with self.came:
            assert self.came.wait_for(lambda: len(self.got) >= count, seconds), f"{len(self.got)} of {count} came"


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:  # noqa: C901  one small method a path
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_args: Any) -> None:
            pass

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            with receiver.came:
                receiver.got.append((self.path, headers, body))
                receiver.came.notify_all()
            with contextlib.suppress(OSError):
                getattr(self, f"_{self.path.strip('/').partition('/')[0]}")()

        def _ok(self, status: int = 200, words: bytes = b"thank you", **headers: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(words)))
            self.end_headers()
            self.wfile.write(words)

        def _slow(self) -> None:
            receiver.release.wait(60)
            self._ok()

        def _fail(self) -> None:
            self._ok(500, "壞了".encode())

        def _busy(self) -> None:
            self._ok(503, b"later", **{"Retry-After": "7200"})

        def _gone(self) -> None:
            self._ok(410)

        def _redirect(self) -> None:
            self._ok(302, b"", Location="http://169.254.169.254/latest/meta-data/")

        def _endless(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(10 * 1024**3))
            self.end_headers()
            piece = b"x" * 65_536
            while True:
                self.wfile.write(piece)
                receiver.poured += len(piece)

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # a sender opens many connections at once; five would turn some away


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver, for the length of a `with` block."""
    receiver = Receiver()
    server = _Server(("127.0.0.1", 0), _handler(receiver))
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.release.set()
        server.shutdown()
        server.server_close()
        thread.join()
