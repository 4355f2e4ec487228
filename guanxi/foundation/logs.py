"""What the log says, and by what number a request is known from its first line to the task that it left behind.

Every request has an id: the one that came with `X-Request-ID`, else a new one. It is in the answer, in each line of the
log, in the audit log, and with the background tasks that the request queued, whose own lines carry it on.
"""

from __future__ import annotations

import json
import logging
import re
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest, HttpResponse

HEADER = "X-Request-ID"
FIT = re.compile(r"[A-Za-z0-9._-]{1,32}")
LONGEST_SQL = 2_000  # characters of a slow statement that are logged
# What a statement compares with, where it stands in its text: texts, numbers.
VALUES = re.compile(r"'(?:[^']|'')*'|(?<![\w\"$])-?\d+(?:\.\d+)?(?![\w\"])")

_current: ContextVar[str] = ContextVar("request_id", default="")
requests = logging.getLogger("guanxi.requests")
slow = logging.getLogger("guanxi.slow")


def current_id() -> str:
    """The id of the request (or of the request behind the task) that is being worked on; empty outside of any."""
    return _current.get()


@contextmanager
def known_as(request_id: str) -> Iterator[str]:
    """Everything within the block belongs to the request `request_id`; a new one where that is empty."""
    chosen = request_id or uuid.uuid4().hex
    token = _current.set(chosen)
    try:
        yield chosen
    finally:
        _current.reset(token)


def fitting(sent: str) -> str:
    """The id that a caller sent, where it can be used: a UUID loses its dashes; anything odd counts as none."""
    short = sent.replace("-", "") if len(sent) == len(str(uuid.UUID(int=0))) else sent
    return short if FIT.fullmatch(short) else ""


class RequestIdMiddleware:
    """Gives each request its id, and writes a line when it is answered (at the level INFO)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        with known_as(fitting(request.headers.get(HEADER, ""))) as chosen:
            response = self.get_response(request)
            response.headers[HEADER] = chosen
            if requests.isEnabledFor(logging.INFO):
                took = (time.perf_counter() - started) * 1000
                told = {"method": request.method, "path": request.path, "status": response.status_code}
                requests.info("%s %s %s in %.0f ms", *told.values(), took, extra={"told": {**told, "ms": round(took)}})
        return response


class WithRequest(logging.Filter):
    """Puts the id of the request on each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = current_id() or "-"
        return True


class AsJson(logging.Formatter):
    """One JSON object a line, for programs that gather logs."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
            **getattr(record, "told", {}),
        }
        if current_id():
            line["request_id"] = current_id()
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


# Slow statements ------------------------------------------------------------------------------------------------------


def shape(sql: str) -> str:
    """A statement without the values in it: what was looked for is nobody's business."""
    return " ".join(VALUES.sub("?", sql).split())[:LONGEST_SQL]


def watch(connection: BaseDatabaseWrapper, **_signal: Any) -> None:
    """Let a connection that was just opened tell of slow statements (`GUANXI_SLOW_MS`)."""
    if settings.GUANXI_SLOW_MS and _timed not in connection.execute_wrappers:
        connection.execute_wrappers.append(_timed)


def _timed(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    started = time.perf_counter()
    try:
        return execute(sql, params, many, context)
    finally:
        took = (time.perf_counter() - started) * 1000
        if took >= settings.GUANXI_SLOW_MS:
            told = {"ms": round(took), "sql": shape(str(sql))}
            slow.warning("%d ms: %s", *told.values(), extra={"told": told})
