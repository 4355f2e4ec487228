"""Upgrades: backed up before, gone on with after a kill, one at a time; nothing is served meanwhile."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from guanxi.operations.tests.test_backup import program
from guanxi.project.wsgi import Guarded
from tests.installation import Installation

# An installation of an earlier version: two migrations are undone.
EARLIER = """
from guanxi.project.cli import boot
boot()
from django.core.management import call_command
call_command("migrate", "operations", "zero", verbosity=0)
call_command("migrate", "tasks", "0001", verbosity=0)
"""
NAMES = """
from guanxi.project.cli import boot
boot()
from guanxi.foundation.models import User
print(*User.objects.values_list("username", flat=True))
"""
# Killed when the first of the migrations is done.
KILLED = """
import os
from guanxi.project.cli import boot, main
boot()
from guanxi.operations import upgrading
keep = upgrading._keep
upgrading._keep = lambda journal: os._exit(9) if journal["applied"] else keep(journal)
main()
"""


@pytest.mark.end_to_end
def test_an_upgrade_is_backed_up_survives_a_kill_and_happens_once(installation: Installation) -> None:
    place = installation
    assert "backed up" not in place.run("init").stdout  # there was nothing to do
    place.run("user", "anna")
    program(place, EARLIER)
    refused = place.run("worker", check=False)
    assert refused.returncode == 1 and "guanxi init" in refused.stderr

    killed = place.fork(KILLED, "init")
    assert killed.wait() == 9
    (kept,) = (place.home / "backups").glob("before-upgrade-*.tar.zst")
    two = [place.fork("from guanxi.project.cli import main; main()", "init") for _number in range(2)]
    assert [one.wait() for one in two] == [0, 0]
    said = "".join(one.said.read_text() for one in two)
    assert said.count("going on with the upgrade") == 1 and "backed up" not in said
    assert not (place.home / "upgrade.json").exists()
    assert list((place.home / "backups").glob("before-upgrade-*")) == [kept]  # that of before, and no other
    assert "migrations" in place.run("check", check=False).stdout

    # The way back: what it holds is the earlier version, which is brought up to this one again.
    place.run("user", "berta")
    assert "Restored" in place.run("restore", str(kept), "--replace").stdout
    assert program(place, NAMES) == "anna"


def test_nothing_is_served_until_the_database_is_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = ["orders.0009_later"]
    asked: list[Any] = []
    told: list[str] = []

    def serve(environ: dict[str, Any], _start: Any) -> list[bytes]:
        asked.append(environ)
        return [b"page"]

    guarded = Guarded(serve, lambda: list(missing))

    def start(status: str, headers: list[tuple[str, str]]) -> None:
        told.append(status)

    assert b"being upgraded" in b"".join(guarded({}, start)) and told == ["503 Service Unavailable"]
    missing.clear()
    assert b"being upgraded" in b"".join(guarded({}, start))  # it does not look at every request
    monkeypatch.setattr("guanxi.project.wsgi.AGAIN", 0)
    assert b"".join(guarded({}, start)) == b"page" and asked == [{}]
    missing.append("later")
    assert b"".join(guarded({}, start)) == b"page"  # and no more, once all was there


def test_who_comes_while_the_first_look_is_under_way_waits_for_it() -> None:
    looked, begun = threading.Event(), threading.Event()

    def pending() -> list[str]:
        begun.set()
        assert looked.wait(30)
        return []

    guarded = Guarded(lambda _environ, _start: [b"page"], pending)

    def ask() -> bytes:
        return b"".join(guarded({}, lambda _status, _headers: None))

    with ThreadPoolExecutor(2) as people:
        first = people.submit(ask)
        assert begun.wait(30)
        second = people.submit(ask)
        looked.set()
        assert (first.result(30), second.result(30)) == (b"page", b"page")
