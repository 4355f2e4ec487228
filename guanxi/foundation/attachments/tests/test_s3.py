"""Files on S3, against a small server that speaks as much of it as is needed."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from guanxi.customers import actions as customers
from guanxi.foundation.attachments import actions, storing
from guanxi.foundation.models import User


class Bucket(BaseHTTPRequestHandler):
    """Keeps objects in `objects`, by path."""

    objects: dict[str, bytes] = {}

    def do_PUT(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if "aws-chunked" in self.headers.get("Content-Encoding", ""):
            size, _sep, rest = body.partition(b"\r\n")
            body = rest[: int(size.split(b";")[0], 16)]
        self.objects[self.path] = body
        self._answer(200)

    def do_HEAD(self) -> None:
        self._answer(200 if self.path in self.objects else 404, self.objects.get(self.path, b""), head=True)

    def do_GET(self) -> None:
        self._answer(200 if self.path in self.objects else 404, self.objects.get(self.path, b""))

    def do_DELETE(self) -> None:
        self.objects.pop(self.path, None)
        self._answer(204)

    def _answer(self, status: int, body: bytes = b"", *, head: bool = False) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"0"')
        self.send_header("Last-Modified", "Mon, 01 Jan 2018 00:00:00 GMT")
        self.end_headers()
        if not head:
            self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Nothing."""


@pytest.fixture
def bucket(settings: Any) -> Iterator[dict[str, bytes]]:
    pytest.importorskip("storages.backends.s3")
    Bucket.objects = {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    options = {
        "bucket_name": "files",
        "endpoint_url": f"http://127.0.0.1:{server.server_port}",
        "region_name": "us-east-1",
        "access_key": "key",
        "secret_key": "secret",
        "default_acl": None,
        "file_overwrite": True,
    }
    storages = {**settings.STORAGES, "default": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}}
    settings.STORAGES = storages
    yield Bucket.objects
    server.shutdown()


def test_files_live_in_the_bucket(bucket: dict[str, bytes], staff: User, client: Any) -> None:
    mei = customers.create_party(by=staff, name="王美玲")
    row = actions.attach(mei, "合約.txt", io.BytesIO("內容".encode()), by=staff)
    assert list(bucket.values()) == ["內容".encode()]
    assert row.content.digest in next(iter(bucket))
    client.force_login(staff)
    answer = client.get(f"/attachments/{row.pk}/file/")
    assert b"".join(answer.streaming_content) == "內容".encode()
    actions.remove(row.pk, by=staff)
    assert bucket == {}
    assert "s3" in type(storing.shelf()).__module__
