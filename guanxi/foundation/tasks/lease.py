"""Who holds a task, and whether that process is still alive."""

from __future__ import annotations

import contextlib
import os
import socket
from datetime import timedelta
from functools import cache
from pathlib import Path

LEASE = timedelta(seconds=30)
RENEW_EVERY = 10.0  # seconds
# A worker of this machine that lives but could not renew (stopped, or the database is locked) keeps its task so long.
GRACE = timedelta(minutes=5)


@cache
def _machine() -> str:
    """This machine, or this container: where process numbers mean the same."""
    space = ""
    with contextlib.suppress(OSError):
        space = str(Path("/proc/self/ns/pid").readlink())
    return f"{socket.gethostname()[:60]}/{space}"


def own_name() -> str:
    """The name under which this process holds tasks."""
    return f"{_machine()}:{os.getpid()}"


def is_alive(worker: str) -> bool | None:
    """Whether the worker's process lives; None where it is on another machine, which cannot be known from here."""
    machine, _, pid = worker.rpartition(":")
    if machine != _machine() or not pid.isdigit():
        return None
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: str) -> bool:
    """Whether the process has ended but its parent has not yet taken notice (Linux)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in ("Z", "X")
    except (OSError, IndexError):
        return False
