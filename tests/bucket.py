"""A small server that speaks as much of S3 as Guanxi needs: buckets of objects, put, got, listed and deleted."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


class Buckets:
    """`objects` holds what was put, by bucket/key; `environment` makes an installation use it."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"objects": self.objects}))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def options(self, bucket: str) -> dict[str, Any]:
        """The options of django-storages for one of the buckets."""
        return {
            "bucket_name": bucket,
            "endpoint_url": self.url,
            "region_name": "us-east-1",
            "access_key": "key",
            "secret_key": "secret",
            "default_acl": None,
            "file_overwrite": True,
        }

    def environment(self, files: str, backups: str = "") -> dict[str, str]:
        """The settings of an installation that keeps files and scheduled backups here."""
        return {
            "GUANXI_S3_BUCKET": files,
            "GUANXI_BACKUP_S3_BUCKET": backups,
            "GUANXI_S3_ENDPOINT": self.url,
            "GUANXI_S3_REGION": "us-east-1",
            "GUANXI_S3_KEY": "key",
            "GUANXI_S3_SECRET": "secret",
        }

    def of(self, bucket: str) -> dict[str, bytes]:
        """The objects of one bucket, by key."""
        return {path.partition("/")[2]: body for path, body in self.objects.items() if path.partition("/")[0] == bucket}

    def stop(self) -> None:
        """End the server."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    objects: dict[str, bytes]
    protocol_version = "HTTP/1.1"

    @property
    def place(self) -> str:
        return unquote(urlsplit(self.path).path).strip("/")

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if "aws-chunked" in self.headers.get("Content-Encoding", ""):
            body = _unchunked(body)
        self.objects[self.place] = body
        self._answer(200)

    def do_HEAD(self) -> None:
        self._give(head=True)

    def do_GET(self) -> None:
        if "/" not in self.place:
            self._list()
        else:
            self._give()

    def do_DELETE(self) -> None:
        self.objects.pop(self.place, None)
        self._answer(204)

    def _give(self, *, head: bool = False) -> None:
        found = self.objects.get(self.place)
        self._answer(200 if found is not None else 404, found or b"", head=head)

    def _list(self) -> None:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        prefix, cut = asked.get("prefix", ""), asked.get("delimiter", "")
        keys = sorted(path.partition("/")[2] for path in self.objects if path.partition("/")[0] == self.place)
        keys = [key for key in keys if key.startswith(prefix)]
        below = {
            prefix + key[len(prefix) :].partition(cut)[0] + cut for key in keys if cut and cut in key[len(prefix) :]
        }
        files = [key for key in keys if not cut or cut not in key[len(prefix) :]]
        lines = [
            *(f"<Contents><Key>{escape(key)}</Key><Size>1</Size></Contents>" for key in files),
            *(f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>" for name in sorted(below)),
        ]
        body = f"<ListBucketResult><IsTruncated>false</IsTruncated>{''.join(lines)}</ListBucketResult>"
        self._answer(200, body.encode())

    def _answer(self, status: int, body: bytes = b"", *, head: bool = False) -> None:
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"0"')
        self.send_header("Last-Modified", "Mon, 01 Jan 2018 00:00:00 GMT")
        self.end_headers()
        if not head:
            self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Nothing."""


def _unchunked(body: bytes) -> bytes:
    """What was sent piece by piece (`aws-chunked`), whole."""
    found, rest = b"", body
    while True:
        size, _sep, rest = rest.partition(b"\r\n")
        length = int(size.split(b";")[0], 16)
        if not length:
            return found
        found, rest = found + rest[:length], rest[length + 2 :]
