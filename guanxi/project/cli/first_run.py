"""What `guanxi serve --first-run` does in an empty home: the demonstration data and the first user."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import date

import click
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from guanxi.customers.models import Party
from guanxi.foundation.actions import action, create
from guanxi.foundation.models import User
from guanxi.foundation.roles.actions import give_role
from guanxi.foundation.roles.ready_made import ADMINISTRATOR
from guanxi.foundation.visibility import SYSTEM, Viewer
from guanxi.project.cli.people import made_up_password
from guanxi.project.home import remember, remembered
from guanxi.project.server.supervisor import python

DAY = "2018-01-01"  # the day after the last purchase of the demonstration data
ADMIN = "admin"
CHILD = "GUANXI_FIRST_RUN"  # tells the import that it shall end with whoever started it


def freeze_today() -> None:
    """Keep the demonstration's day in the home, unless the environment says another."""
    if not os.environ.get("GUANXI_TODAY") and "today" not in remembered(settings.GUANXI_HOME):
        remember(settings.GUANXI_HOME, today=DAY)
        settings.GUANXI_TODAY = date.fromisoformat(DAY)


def fill(say: Callable[[str], None]) -> list[str]:
    """Fill an empty home: demonstration data and the user admin; goes on where it was killed.

    Returns the lines that tell how to log in. In a home that has data it does nothing.
    """
    home = settings.GUANXI_HOME
    if not (User.objects.exists() or Party.objects.exists()):
        remember(home, demo="importing")
    if remembered(home).get("demo") != "importing":
        return [_reminder()]
    say("importing the demonstration data; this is done once")
    if import_demonstration():
        raise click.ClickException("The demonstration data could not be imported; start again to go on.")
    lines = _make_admin()
    remember(home, demo="done")
    return lines


def import_demonstration() -> int:
    """Run `guanxi demo` in a process of its own, which gives its memory back; returns its exit code.

    The grocer's year alone, whose figures are published: those of the made-up year of selling would drown them.
    """
    command = python("-m", "guanxi.project.cli", "demo", "--only", "retail")
    process = subprocess.Popen(command, env={**os.environ, CHILD: "1"})
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        return process.wait()
    finally:
        signal.signal(signal.SIGTERM, before)
        if process.poll() is None:
            process.terminate()
            process.wait()


def _has_admin() -> bool:
    return User.objects.filter(username=ADMIN, is_active=True).exists()


def _reminder() -> str:
    if _has_admin():
        return f"Log in as {ADMIN}. Password forgotten? guanxi user {ADMIN}"
    if User.objects.exists():
        return "Log in with your user name."
    return f"There is no user yet. Make one: guanxi user {ADMIN} --admin"


def _make_admin() -> list[str]:
    if _has_admin():
        return [_reminder()]
    given = os.environ.get("GUANXI_ADMIN_PASSWORD")
    password = given or made_up_password()
    first_user(ADMIN, password, by=SYSTEM)
    if not given:
        return [f"Log in as {ADMIN} with the password {password} (shown only now)"]
    lines = [f"Log in as {ADMIN} with the password of GUANXI_ADMIN_PASSWORD"]
    try:
        validate_password(password)
    except ValidationError as error:
        lines.append(f"That password is weak: {' '.join(error.messages)} Change it with: guanxi user {ADMIN}")
    return lines


@action
def first_user(name: str, password: str, *, by: Viewer) -> User:
    """Make the administrator of a new home; whoever sets the machine up answers for the password."""
    user = create(User, username=name, password=make_password(password), is_staff=True)
    give_role(user, ADMINISTRATOR, by=by)
    return user
