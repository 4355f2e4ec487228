"""The command line: what it does, and what it says when something is wrong."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

from guanxi.project.cli import COMMANDS
from guanxi.project.cli.errors import explain
from guanxi.project.home import exclusively, remember, remembered
from tests import migrated
from tests.installation import Installation

OWN = ["init", "serve", "worker", "user", "token", "check"]


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """What a command said that failed as it should: one line, no traceback, exit code 1."""
    assert done.returncode == 1, done.stdout + done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("Error: ")
    assert "Unexpected" not in lines[0]
    return lines[0]


@pytest.fixture
def nowhere(tmp_path: Path) -> Installation:
    """An installation on SQLite in which nothing has been done yet."""
    return Installation(tmp_path / "home", "")


def test_help_names_every_command(nowhere: Installation) -> None:
    said = nowhere.run("--help").stdout
    assert all(f"  {name} " in said for name in COMMANDS)
    assert not nowhere.home.exists()


@pytest.mark.parametrize("name", OWN)
def test_help_of_each_command_needs_no_home(nowhere: Installation, name: str) -> None:
    assert "Usage: guanxi" in nowhere.run(name, "--help").stdout
    assert not nowhere.home.exists()


def test_a_process_begins_without_what_few_need(nowhere: Installation) -> None:
    heavy = "facturx mailparser_reply openpyxl pandas phonenumbers.geodata pypinyin scipy sklearn splink weasyprint"
    program = f"import sys, django; django.setup(); print([name for name in {heavy.split()} if name in sys.modules])"
    nowhere.home.mkdir()
    said = subprocess.run(
        [sys.executable, "-c", program],
        env={**nowhere.environment, "GUANXI_SECRET_KEY": "only-for-tests"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "[]\n"


def test_unknown_command(nowhere: Installation) -> None:
    done = nowhere.run("conquer", check=False)
    assert done.returncode == 2
    assert "No such command" in done.stderr


@pytest.mark.end_to_end
def test_init_user_token_check(installation: Installation) -> None:
    assert "ready" in (said := migrated.said()) and "applied" in said
    assert "backed up" not in said  # there was nothing to lose
    assert "applied" not in installation.run("init").stdout
    made = installation.run("user", "王小明", "--admin").stdout
    assert made.splitlines()[0] == "Made the user 王小明."
    again = installation.run("user", "王小明").stdout
    assert "new password" in again
    assert made.splitlines()[1] != again.splitlines()[1]
    token = installation.run("token", "王小明").stdout.strip().splitlines()[-1]
    assert token.startswith("gx_")
    checked = installation.run("check")
    assert "FAIL" not in checked.stdout
    assert "ok    migrations" in checked.stdout


@pytest.mark.any_database
@pytest.mark.end_to_end
def test_user_and_token_refused(installation: Installation) -> None:
    installation.run("init")
    assert "guanxi user nobody" in refused(installation.run("token", "nobody", check=False))
    done = subprocess.run(
        Installation.command("user", "bob", "--password-stdin"),
        env=installation.environment,
        input="short\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert "too short" in refused(done)


@pytest.mark.end_to_end
def test_before_init(bare_installation: Installation) -> None:
    installation = bare_installation
    for command in (["token", "admin"], ["user", "admin"], ["worker"]):
        assert "guanxi init" in refused(installation.run(*command, check=False))
    done = installation.run("check", check=False)
    assert done.returncode == 1
    assert "FAIL  migrations" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.end_to_end
@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("PORT", "eighty", "PORT is “eighty”"),
        ("GUANXI_TODAY", "2018-02-30", "GUANXI_TODAY is “2018-02-30”"),
        ("GUANXI_TIME_ZONE", "Mars/Olympus", "Mars/Olympus"),
        ("GUANXI_HOME", "/proc/guanxi", "Set GUANXI_HOME"),
        ("GUANXI_DATABASE_URL", "postgres://nobody:secret@127.0.0.1:1/none", "GUANXI_DATABASE_URL"),
        ("GUANXI_DATABASE_URL", "sqlite:////no/such/folder/x.sqlite3", "GUANXI_DATABASE_URL"),
        ("GUANXI_DATABASE_URL", "mango://x", "mango"),
    ],
)
def test_wrong_settings(nowhere: Installation, setting: str, value: str, says: str) -> None:
    nowhere.environment[setting] = value
    line = refused(nowhere.run("init", check=False))
    assert says in line
    assert "secret" not in line


@pytest.mark.end_to_end
def test_file_that_is_no_database(nowhere: Installation) -> None:
    nowhere.home.mkdir()
    (nowhere.home / "guanxi.sqlite3").write_text("這不是資料庫" * 1000)
    assert "no SQLite database" in refused(nowhere.run("init", check=False))


@pytest.mark.end_to_end
def test_damaged_memory_of_the_home(nowhere: Installation) -> None:
    nowhere.home.mkdir()
    (nowhere.home / "settings.json").write_text("{")
    assert "settings.json" in refused(nowhere.run("init", check=False))


@pytest.mark.end_to_end
def test_port_in_use(nowhere: Installation) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", nowhere.port))
        listener.listen()
        line = refused(nowhere.run("serve", check=False))
    assert f"port {nowhere.port}" in line
    assert "in use" in line


def test_address_that_is_not_ours(nowhere: Installation) -> None:
    assert "--host" in refused(nowhere.run("serve", "--host", "192.0.2.77", check=False))


def test_full_disk_of_the_database(tmp_path: Path) -> None:
    full = sqlite3.connect(tmp_path / "small.sqlite3")
    full.execute("PRAGMA max_page_count = 2")
    full.execute("CREATE TABLE one (text)")
    with pytest.raises(sqlite3.OperationalError) as caught:
        full.execute("INSERT INTO one VALUES (?)", ["長" * 100_000])
    assert "disk is full" in explain(DatabaseError(str(caught.value)))


@pytest.mark.skipif(not os.access("/dev/full", os.W_OK), reason="this system has no /dev/full")
def test_full_disk_of_files() -> None:
    with pytest.raises(OSError, match="space") as caught, Path("/dev/full").open("w") as file:
        file.write("x" * 100_000)
    assert "the disk is full" in explain(caught.value)


def test_unexpected_errors_are_one_line_too() -> None:
    assert explain(RuntimeError("two\nlines")).startswith("Unexpected RuntimeError: two lines")


def test_home_remembers(tmp_path: Path) -> None:
    assert remembered(tmp_path) == {}
    remember(tmp_path, today="2018-01-01")
    remember(tmp_path, demo="done")
    assert remembered(tmp_path) == {"today": "2018-01-01", "demo": "done"}
    (tmp_path / "settings.json").write_text("[]")
    with pytest.raises(ImproperlyConfigured, match=r"settings\.json"):
        remembered(tmp_path)


def test_lock_lets_the_next_one_in(tmp_path: Path) -> None:
    for _ in range(2):
        with exclusively(tmp_path / "locks" / "one"):
            assert (tmp_path / "locks" / "one").exists()


@pytest.mark.end_to_end
def test_demonstration_day_is_kept_and_the_environment_wins(nowhere: Installation) -> None:
    nowhere.home.mkdir()
    (nowhere.home / "settings.json").write_text(json.dumps({"today": "2018-01-01"}))

    def today() -> str:
        program = "from guanxi.project import settings; print(settings.GUANXI_TODAY)"
        command = [Installation.command()[0], "-c", program]
        return subprocess.run(
            command, env=nowhere.environment, capture_output=True, text=True, check=True
        ).stdout.strip()

    assert today() == "2018-01-01"
    nowhere.environment["GUANXI_TODAY"] = "2017-06-30"
    assert today() == "2017-06-30"


@pytest.mark.any_database
@pytest.mark.end_to_end
def test_static_files_are_collected_once_and_again_when_they_change(installation: Installation, tmp_path: Path) -> None:
    installation.environment["GUANXI_STATIC"] = str(tmp_path / "static")
    assert "Collected" in installation.run("init").stdout
    assert "Collected" not in installation.run("init").stdout
    shutil.rmtree(tmp_path / "static")
    assert "Collected" in installation.run("init").stdout
