"""A child process ends with whoever started it, even where that one was killed."""

from __future__ import annotations

import os
import signal
import threading
import time

EVERY = 0.5  # seconds


def end_with_parent(by: int = signal.SIGTERM) -> None:
    """Send this process the signal `by` when its parent is gone."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(EVERY)
        os.kill(os.getpid(), by)

    threading.Thread(target=watch, name="parent", daemon=True).start()
