"""How a bulk session talks with its child: frames of a kind, a length and a body (JSON or an Arrow stream)."""

from __future__ import annotations

import json
import struct
from typing import IO, Any

import pyarrow as pa

HEADER = struct.Struct(">cQ")
MESSAGE, BATCHES, END, ERROR = b"M", b"B", b"E", b"X"


class BulkError(Exception):
    """The database refused a bulk statement; the message is the database's."""


def send_message(pipe: IO[bytes], message: dict[str, Any]) -> None:
    """Send a command or its answer."""
    _send(pipe, MESSAGE, json.dumps(message).encode())


def send_error(pipe: IO[bytes], error: Exception) -> None:
    """Send what the database said."""
    _send(pipe, ERROR, str(error).encode())


def send_end(pipe: IO[bytes]) -> None:
    """Say that no more rows come."""
    _send(pipe, END, b"")


def send_table(pipe: IO[bytes], rows: pa.Table) -> None:
    """Send rows."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_table(rows)
    _send(pipe, BATCHES, sink.getvalue())


def receive_table(pipe: IO[bytes]) -> pa.Table:
    """The rows that were sent after a command."""
    _, body = _receive(pipe)
    return pa.ipc.open_stream(body).read_all()


def receive(pipe: IO[bytes]) -> Any:
    """A message (dict), a record batch, or None at the end of a stream. Raises BulkError for an error."""
    kind, body = _receive(pipe)
    if kind == ERROR:
        raise BulkError(body.decode())
    if kind == END:
        return None
    if kind == MESSAGE:
        return json.loads(body)
    return pa.ipc.open_stream(body).read_all().combine_chunks().to_batches()[0]


def _send(pipe: IO[bytes], kind: bytes, body: Any) -> None:
    pipe.write(HEADER.pack(kind, len(body)))
    pipe.write(body)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> tuple[bytes, bytes]:
    header = pipe.read(HEADER.size)
    if len(header) < HEADER.size:
        raise BulkError("The database process ended unexpectedly.")
    kind, length = HEADER.unpack(header)
    return kind, pipe.read(length)
