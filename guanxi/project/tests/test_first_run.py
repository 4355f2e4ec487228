"""`guanxi serve --first-run`: an empty home is filled once, one with data is left alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest
from django.contrib.auth import authenticate

from guanxi.customers.models import Party
from guanxi.foundation.models import AuditEntry, User
from guanxi.project.cli import first_run
from guanxi.project.home import remember, remembered

pytestmark = pytest.mark.django_db


class Import:
    """Stands for the import of the demonstration data, which has its own tests."""

    def __init__(self) -> None:
        self.runs, self.code = 0, 0

    def __call__(self) -> int:
        self.runs += 1
        Party.objects.create(kind="person", name="王小明")
        return self.code


@pytest.fixture
def importing(home: Path, monkeypatch: pytest.MonkeyPatch) -> Import:
    double = Import()
    monkeypatch.setattr(first_run, "import_demonstration", double)
    monkeypatch.delenv("GUANXI_ADMIN_PASSWORD", raising=False)
    return double


def say(line: str) -> None:
    pass


def test_empty_home_gets_data_and_a_user_with_the_password_shown(importing: Import) -> None:
    (line,) = first_run.fill(say)
    password = line.split("password ")[1].split()[0]
    assert authenticate(None, username="admin", password=password) is not None
    assert importing.runs == 1
    assert AuditEntry.objects.filter(object_type="foundation.user").exists()


def test_second_start_only_serves(importing: Import) -> None:
    first_run.fill(say)
    assert "guanxi user admin" in first_run.fill(say)[0]
    assert importing.runs == 1


@pytest.mark.parametrize(("password", "lines"), [("relation-8-ship", 1), ("admin", 2)])
def test_password_of_the_environment(
    importing: Import, monkeypatch: pytest.MonkeyPatch, password: str, lines: int
) -> None:
    monkeypatch.setenv("GUANXI_ADMIN_PASSWORD", password)
    said = first_run.fill(say)
    assert len(said) == lines
    assert not any(f"password {password}" in line for line in said)
    assert authenticate(None, username="admin", password=password) is not None


def test_import_that_failed_is_gone_on_with(importing: Import, home: Path) -> None:
    importing.code = 1
    with pytest.raises(click.ClickException, match="again"):
        first_run.fill(say)
    assert not User.objects.exists()
    importing.code = 0
    assert "password" in first_run.fill(say)[0]
    assert importing.runs == 2
    assert remembered(home)["demo"] == "done"


def test_home_with_data_is_left_alone(importing: Import) -> None:
    Party.objects.create(kind="person", name="陳美華")
    assert "no user yet" in first_run.fill(say)[0]
    assert importing.runs == 0
    assert not User.objects.exists()


def test_home_with_people_is_left_alone(importing: Import, staff: User) -> None:
    assert first_run.fill(say) == ["Log in with your user name."]
    assert importing.runs == 0


def test_day_is_frozen_once_and_not_against_the_environment(
    home: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUANXI_TODAY", "2017-06-30")
    first_run.freeze_today()
    assert "today" not in remembered(home)
    monkeypatch.delenv("GUANXI_TODAY")
    first_run.freeze_today()
    assert (remembered(home)["today"], str(settings.GUANXI_TODAY)) == ("2018-01-01", "2018-01-01")
    remember(home, today="2018-06-01")
    first_run.freeze_today()
    assert remembered(home)["today"] == "2018-06-01"
