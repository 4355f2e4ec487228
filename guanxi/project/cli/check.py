"""`guanxi check`: whether everything is in order, a line each."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import click

from guanxi.project.cli import boot
from guanxi.project.cli.errors import address, explain

LEAST_FREE = 500_000_000  # bytes


@click.command()
@click.option("--deploy", is_flag=True, help="Look also whether the settings are safe where others reach it.")
def check(deploy: bool) -> None:
    """Look whether everything is in order: a line each, exit code 1 where something is not."""
    boot()
    failed = _deployment() if deploy else 0
    for label, look in _checks():
        try:
            fault = look()
        except Exception as error:  # noqa: BLE001 - a check that cannot be made is a fault like any other
            fault = explain(error)
        failed += bool(fault)
        click.echo(f"FAIL  {label}: {fault}" if fault else f"ok    {label}")
        if fault and look is _database:
            break  # all that follows asks it
    if failed:
        click.echo(f"{failed} of the checks failed.", err=True)
        sys.exit(1)


def _deployment() -> int:
    """Print what Django and we say of the settings; how many things."""
    from guanxi.project.deployment import findings

    found = findings()
    for one in found:
        click.echo(f"FAIL  deployment: {one.msg} {one.hint or ''} ({one.id})")
    if not found:
        click.echo("ok    deployment")
    return len(found)


def _checks() -> Iterator[tuple[str, Callable[[], str | None]]]:
    from django.conf import settings

    from guanxi.foundation import hooks
    from guanxi.project import health

    yield f"home {settings.GUANXI_HOME}", _home
    yield f"lake {settings.GUANXI_LAKE}", health.lake
    yield "static files", _static
    yield f"database {address()}", _database
    yield "integrity of the database", _integrity
    yield "migrations", _migrations
    yield "background tasks", _tasks
    for ready in hooks.get("ready"):
        yield f"readiness of {ready.__module__.removesuffix('.hooks')}", ready
    for label, look in hooks.get("check"):
        yield str(label), look


def _home() -> str | None:
    from django.conf import settings

    home = Path(settings.GUANXI_HOME)
    if not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        return "cannot be read and written; mend its rights or set GUANXI_HOME"
    free = shutil.disk_usage(home).free
    return f"only {free / 1e6:,.0f} MB free; make room" if free < LEAST_FREE else None


def _database() -> str | None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return None


def _integrity() -> str | None:
    from django.db import connection

    connection.check_constraints()
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA quick_check(1)")
            (said,) = cursor.fetchone()
        if said != "ok":
            return f"{said}; restore a backup"
    return None


def _migrations() -> str | None:
    from guanxi.project.cli.setup import pending_migrations

    pending = pending_migrations()
    return f"{len(pending)} are to be applied; run guanxi init" if pending else None


def _static() -> str | None:
    from guanxi.project.cli.setup import static_is_current

    return None if static_is_current() else "not collected, or older than the program; run guanxi init"


def _tasks() -> str | None:
    from django.utils import timezone

    from guanxi.foundation.tasks.models import BackgroundTask, State

    lately = timezone.now() - timedelta(days=1)
    failed = BackgroundTask.objects.filter(state=State.FAILED, finished_at__gt=lately).order_by("-id")
    latest = failed.first()
    if latest is None:
        return None
    return f"{failed.count()} failed since yesterday, the latest: {latest.label} ({latest.error}); see /tasks/"
