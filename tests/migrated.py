"""A database with every migration applied and nothing in it, made once and then copied for whoever needs one."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.cluster import Cluster
from tests.forked import TO_ITS_END, Forked

NAME = "migrated"  # of the database on PostgreSQL
SECONDS = 300


def file() -> Path:
    """On SQLite: the file to copy; one for the whole run, made by whichever of its processes asks first."""
    root = Path(os.environ["GUANXI_TEST_ROOT"])
    made = root / "migrated.sqlite3"
    with (root / "migrated.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            home = root / NAME
            _init(home, f"sqlite:///{home / 'guanxi.sqlite3'}")
            with closing(sqlite3.connect(home / "guanxi.sqlite3", isolation_level=None)) as database:
                _keep_ids_apart(database)
                database.execute("VACUUM INTO ?", [str(made)])  # what is still in the log of writes comes along
    return made


def copy_to(path: Path) -> None:
    """On SQLite: put a copy at `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file(), path)


def create(cluster: Cluster, name: str) -> None:
    """On PostgreSQL: make the database `name` in this process's server."""
    import psycopg

    with psycopg.connect(cluster.url("postgres"), autocommit=True) as server:
        if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone():
            server.execute(f"CREATE DATABASE {NAME}")
            _init(_home_of_server(), cluster.url(NAME))
            with psycopg.connect(cluster.url(NAME), autocommit=True) as made:
                _keep_ids_apart(made)
        server.execute(f"CREATE DATABASE {name} TEMPLATE {NAME}")


# The rows of each table are numbered from a start of its own: the number of a row is then never that of another kind's
# row, nor one that a test wrote down for a row that is not there.
FIRST, APART = 20_000, 1_000
SQLITE_TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%' ORDER BY name"
SEQUENCES = "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' ORDER BY sequencename"


def _keep_ids_apart(database: Any) -> None:
    """Let each table go on counting from a number of its own; `database` is a connection that commits by itself."""
    lite = isinstance(database, sqlite3.Connection)
    for place, (name,) in enumerate(database.execute(SQLITE_TABLES if lite else SEQUENCES).fetchall()):
        start = FIRST + place * APART
        if lite:
            database.execute("DELETE FROM sqlite_sequence WHERE name = ?", [name])
            database.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", [name, start])
        else:
            database.execute(f'ALTER SEQUENCE "{name}" RESTART WITH {start}')


def said() -> str:
    """What `guanxi init` said when it made the one that this run tests."""
    home = _home_of_server()
    return ((home if home.exists() else home.with_name(NAME)) / "said").read_text()


def _home_of_server() -> Path:
    return Path(os.environ["GUANXI_TEST_ROOT"]) / f"{NAME}-{os.getpid()}"


def _init(home: Path, database_url: str) -> None:
    """Run `guanxi init`, which also collects the static files of the run."""
    static = Path(os.environ["GUANXI_TEST_ROOT"]) / "static"
    environment = os.environ | {
        "GUANXI_HOME": str(home), "GUANXI_DATABASE_URL": database_url, "GUANXI_STATIC": str(static)
    }  # fmt: skip
    home.mkdir()
    process = Forked(TO_ITS_END, ["init"], environment, home / "said", home / "erred")
    assert process.wait(SECONDS) == 0, (home / "erred").read_text()
