"""A throw-away Radicale: a real CalDAV server in a folder of its own, on a port of its own, for tests of calendars."""

from __future__ import annotations

import base64
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import unquote
from urllib.request import Request, urlopen

PASSWORD = "relation-8-ship"
USERS = 500  # user1 … user500, so that each test has one of its own
CONFIG = """
[server]
hosts = 127.0.0.1:{port}
[auth]
type = htpasswd
htpasswd_filename = {folder}/users
htpasswd_encryption = plain
delay = 0
[rights]
type = owner_only
[storage]
filesystem_folder = {folder}/kept
[logging]
level = warning
"""


class Radicale:
    """One server; `user1` and so on log in with PASSWORD, and have no calendar until one is made."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="guanxi-caldav-", dir="/tmp"))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        users = "".join(f"user{number}:{PASSWORD}\n" for number in range(1, USERS + 1))
        (self.folder / "users").write_text(users)
        config = self.folder / "config"
        config.write_text(CONFIG.format(folder=self.folder, port=self.port))
        with (self.folder / "said").open("w") as said:
            command = [sys.executable, "-m", "radicale", "--config", str(config)]
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        end = time.monotonic() + 30
        while True:
            try:
                self.ask("user1", "OPTIONS", "/")
                return
            except (URLError, OSError):
                if time.monotonic() > end or self.process.poll() is not None:
                    raise RuntimeError("Radicale did not start:\n" + (self.folder / "said").read_text()) from None
                time.sleep(0.05)

    def stop(self) -> None:
        """Stop it and delete its folder."""
        if hasattr(self, "process"):
            self.process.terminate()
            self.process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)

    def ask(self, user: str, method: str, path: str, body: str = "", **headers: str) -> str:
        """What the server answers to somebody's calendar program. Raises HTTPError."""
        secret = base64.b64encode(f"{user}:{PASSWORD}".encode()).decode()
        request = Request(self.url + path, body.encode() or None, method=method)
        for name, value in {"Authorization": f"Basic {secret}", **headers}.items():
            request.add_header(name.replace("_", "-"), value)
        with urlopen(request, timeout=10) as answer:
            return str(answer.read().decode())

    def make(self, user: str, calendar: str = "work") -> None:
        """Make a calendar."""
        self.ask(user, "MKCALENDAR", f"/{user}/{calendar}/")

    def put(self, user: str, name: str, text: str, calendar: str = "work") -> None:
        """Write an object, as a telephone would."""
        self.ask(user, "PUT", f"/{user}/{calendar}/{name}.ics", text, Content_Type="text/calendar")

    def get(self, user: str, name: str, calendar: str = "work") -> str:
        """An object; empty where there is none."""
        try:
            return self.ask(user, "GET", f"/{user}/{calendar}/{name}.ics")
        except HTTPError:
            return ""

    def delete(self, user: str, name: str, calendar: str = "work") -> None:
        """Delete an object."""
        self.ask(user, "DELETE", f"/{user}/{calendar}/{name}.ics")

    def names(self, user: str, calendar: str = "work") -> set[str]:
        """The names of all objects."""
        listed = self.ask(user, "PROPFIND", f"/{user}/{calendar}/", Depth="1")
        return {unquote(name) for name in re.findall(r"/([^/<]+)\.ics</", listed)}
