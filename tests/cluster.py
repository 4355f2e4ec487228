"""A throw-away PostgreSQL server: own folder, own socket, nothing kept, nothing flushed to disk."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import quote

PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
HOW = (
    "PostgreSQL 15 or later is needed for these tests: on Debian `apt-get install postgresql`, on macOS "
    "`brew install postgresql@17`; or put the folder that holds initdb on the PATH."
)
FAST = (
    "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c listen_addresses='' -c shared_buffers=256MB "
    "-c max_connections=200 -c autovacuum=on -c max_wal_size=4GB"
)


class NoPostgres(Exception):
    """No PostgreSQL programs on this machine; the message says how to get them."""


def programs() -> Path:
    """The folder of initdb and pg_ctl, newest version first. Raises NoPostgres."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    folders = [path for place in PLACES for path in Path("/").glob(place.lstrip("/")) if (path / "initdb").exists()]
    if not folders:
        raise NoPostgres(HOW)
    return max(folders, key=lambda path: int("".join(filter(str.isdigit, path.parent.name)) or 0))


class Cluster:
    """One server; `start()` makes it, `stop()` takes it away."""

    def __init__(self) -> None:
        self.programs = programs()
        self.folder = Path(tempfile.mkdtemp(prefix="guanxi-pg-", dir="/tmp"))

    def url(self, database: str) -> str:
        """The address of `database`, as GUANXI_DATABASE_URL takes it."""
        return f"postgres://postgres@{quote(str(self.folder), safe='')}/{database}"

    def start(self) -> None:
        """Make the cluster and wait until it answers."""
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        data = str(self.folder / "data")
        self._call("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
        self._call(
            "pg_ctl", "-D", data, "-w", "-l", str(self.folder / "log"), "-o", f"-k {self.folder} {FAST}", "start"
        )

    def stop(self) -> None:
        """Stop the server at once and delete its folder."""
        if (self.folder / "data" / "postmaster.pid").exists():
            self._call("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _call(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), *arguments]
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            command = ["runuser", "-u", "postgres", "--", *command]
        # The server must not inherit pytest's pipes: whoever reads them would wait for it.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/tmp", check=False
            )
            output.seek(0)
            if done.returncode:
                raise RuntimeError(f"{' '.join(command)} failed:\n{output.read()}")
