"""The processes that hold bulk sessions on SQLite. One stands ready, for its start takes as long as many rows."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
from contextlib import suppress

PIPE = 1 << 20  # bytes that may wait in the pipe: fewer changes from one process to the other

_lock = threading.Lock()
_ready: list[tuple[int, subprocess.Popen[bytes]]] = []  # with the process that started it: a fork may not use it


def take() -> subprocess.Popen[bytes]:
    """A process that waits for the path of its database: the one that stands ready, else a new one."""
    with _lock:
        while _ready:
            parent, process = _ready.pop()
            if parent == os.getpid() and process.poll() is None:
                return process
    return _start()


def keep_one_ready() -> None:
    """Start one beforehand, for whoever writes small sets again and again. It ends with this process."""
    with _lock:
        if not any(parent == os.getpid() and process.poll() is None for parent, process in _ready):
            _ready[:] = [(os.getpid(), _start())]


def give_back(process: subprocess.Popen[bytes]) -> None:
    """Let a process whose session ended well stand ready for the next one; with one there already, it ends."""
    with _lock:
        if not any(parent == os.getpid() and other.poll() is None for parent, other in _ready):
            _ready[:] = [(os.getpid(), process)]
            return
    end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """Have a process roll back what it did not commit, and wait until it has ended."""
    assert process.stdin and process.stdout
    process.stdin.close()
    process.stdout.close()
    process.wait()


def _start() -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-m", "guanxi.foundation.bulk.sqlite_child"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin
    with suppress(AttributeError, OSError):  # on Linux only, and only as far as the user may
        fcntl.fcntl(process.stdin, fcntl.F_SETPIPE_SZ, PIPE)
    return process
