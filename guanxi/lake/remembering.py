"""Answers kept in memory: the same question of the same people to the same lake is worked out once.

What is kept is kept under all that decides what the viewer may see, so that nobody gets an answer that was worked out
for somebody who may see more; and with the versions of the tables that it was read from. Sales of a year are not added
up anew because somebody has moved house.
"""

from __future__ import annotations

import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import translation

from guanxi.foundation.visibility import Viewer
from guanxi.lake import dimensions, measures, query, tables
from guanxi.lake.query import Query, Result

MOST_KEPT = 400
MOST_ROWS = 5_000  # of an answer that is worth keeping
AT_ONCE = 3  # questions that one process works on for tiles

KEPT_FOR = 600.0  # seconds at the most: the words for coded values may change without any table

_lock = threading.Lock()
_kept: OrderedDict[str, Kept] = OrderedDict()
_few = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True)
class Kept:
    """An answer, the tables that it was read from as they were before, and when that was."""

    answer: Any
    read: dict[str, str]
    at: float

    @property
    def holds(self) -> bool:
        return time.monotonic() - self.at < KEPT_FOR and tables.versions(self.read) == self.read


@dataclass
class Turn:
    """Whose turn it is to work out one question, and how many want it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    wanted: int = 0


_turns: dict[str, Turn] = {}


def asker(viewer: Viewer) -> Callable[[Query], Result]:
    """How `viewer` asks the lake, each question once. It raises what `query.run` raises."""
    under = _under(viewer)
    as_of = tables.as_of()

    def ask(question: Query) -> Result:
        result: Result = _worked_out_once(_key(question, under), lambda: query.run(question, viewer))
        return replace(result, as_of=as_of)

    return ask


def once(viewer: Viewer, name: str, work: Callable[[], Any], *about: Any, beside: Sequence[str] = ()) -> Any:
    """What `work` finds `about` something, worked out once for each version of the lake and all who may see the same.

    For figures of the database that stand beside those of the lake: of the tables `beside`, or of any; `name` says
    which figures.
    """
    return _worked_out_once(_told([name, *about]) + _under(viewer), work, beside)


def _worked_out_once(key: str, work: Callable[[], Any], beside: Sequence[str] = ()) -> Any:
    known = _recalled(key)
    if known is None:
        with _alone(key):  # many open the same page behind a refresh: one works it out, the others wait for it
            known = _recalled(key)
            if known is None:
                with _few:
                    known = _worked_out(work, beside)
                _keep_if_small(key, known)
    return known.answer


def _recalled(key: str) -> Kept | None:
    with _lock:
        found = _kept.get(key)
        if found is not None:
            _kept.move_to_end(key)
    return found if found is not None and found.holds else None


def _worked_out(work: Callable[[], Any], beside: Sequence[str]) -> Kept:
    before, at = tables.versions(), time.monotonic()
    with tables.noting_what_is_read() as names:
        answer = work()
    return Kept(answer, {name: before[name] for name in {*names, *beside} or before}, at)


def _keep_if_small(key: str, found: Kept) -> None:
    if isinstance(found.answer, Result) and len(found.answer.rows) > MOST_ROWS:
        return
    with _lock:
        _kept[key] = found
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)


@contextmanager
def _alone(key: str) -> Iterator[None]:
    """One at a time for each question; the lock goes when nobody wants it any more."""
    with _lock:
        turn = _turns.setdefault(key, Turn())
        turn.wanted += 1
    try:
        with turn.lock:
            yield
    finally:
        with _lock:
            turn.wanted -= 1
            if not turn.wanted:
                del _turns[key]


def forget() -> None:
    """Forget all answers."""
    with _lock:
        _kept.clear()


def _under(viewer: Viewer) -> str:
    """All besides the question that decides an answer: what may be seen of which lake, and in what language."""
    return _told([query.sight(viewer), translation.get_language(), _declared()])


def _key(question: Query, under: str) -> str:
    return _told([getattr(question, name) for name in Query.__dataclass_fields__]) + under


def _told(what: Any) -> str:
    return json.dumps(what, cls=DjangoJSONEncoder, sort_keys=True, default=str)


def _declared() -> list[str]:
    """Which lake, and the names of what can be asked of it: they change with the fields of the profile."""
    return [str(settings.GUANXI_LAKE), *measures.all(), *dimensions.all()]
