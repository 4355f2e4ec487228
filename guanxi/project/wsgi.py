"""The web application, for granian or any other WSGI server.

It serves nothing as long as the database is older than the program: pages that ask for columns that are not there would
only fail one by one. Another machine may be upgrading right now, so it looks again and goes on by itself.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "guanxi.project.settings")
served = get_wsgi_application()
logger = logging.getLogger("guanxi.web")

AGAIN = 2.0  # seconds between two looks
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Being upgraded</title>
<meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="15"></head><body>
<h1>Guanxi is being upgraded</h1><p>The database is not yet that of this program. This page looks again by itself.</p>
<p>For whoever runs it: call <code>guanxi init</code> if no upgrade is under way.</p></body></html>"""


class Guarded:
    """The application behind a look at the migrations, which ends with the first that finds none missing."""

    def __init__(self, application: Callable[..., Any], pending: Callable[[], list[str]]) -> None:
        self.application, self.pending = application, pending
        self.ready, self._looked = False, float("-inf")
        self._looking = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not self.ready and not self._is_up_to_date():
            headers = [
                ("Content-Type", "text/html; charset=utf-8"),
                ("Retry-After", "15"),
                ("Cache-Control", "no-store"),
            ]
            start_response("503 Service Unavailable", headers)
            return [PAGE.encode()]
        answer: Iterable[bytes] = self.application(environ, start_response)
        return answer

    def _is_up_to_date(self) -> bool:
        with self._looking:  # who comes while another looks waits for what he sees
            return self.ready or self._looks_so()

    def _looks_so(self) -> bool:
        if time.monotonic() - self._looked < AGAIN:
            return False
        self._looked = time.monotonic()
        try:
            missing = self.pending()
        except Exception as error:  # noqa: BLE001  whatever is wrong with the database, pages and /healthz say it better
            logger.warning("Whether the database is up to date cannot be seen: %s", error)
            return True
        self.ready = not missing
        if missing:
            words = "The database lacks %s migrations (%s …); nothing is served. Call: guanxi init"
            logger.error(words, len(missing), missing[0])
        return self.ready


def _pending() -> list[str]:
    from django.db import connection

    from guanxi.operations.upgrading import pending

    try:
        return pending()
    finally:
        connection.close()


application = Guarded(served, _pending)
