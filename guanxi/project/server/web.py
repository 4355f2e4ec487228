"""The web process: granian over the WSGI application. `python -m guanxi.project.server.web HOST PORT PROCESSES`"""

from __future__ import annotations

import sys

from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server import Server

from guanxi.foundation.parent import end_with_parent

THREADS = 8  # requests at a time in each process
SECONDS_TO_FINISH = 20  # for requests under way when the server stops


def main(host: str, port: int, processes: int) -> None:
    """Serve until a signal comes; requests under way are finished."""
    end_with_parent()
    Server(
        "guanxi.project.server.application:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=processes,
        blocking_threads=THREADS,
        respawn_failed_workers=True,
        respawn_interval=1.0,
        workers_kill_timeout=SECONDS_TO_FINISH,
        log_level=LogLevels.error,
        process_name=None,
    ).serve()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
