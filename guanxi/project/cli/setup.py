"""`guanxi init`: everything that a home needs, each step only where something is to be done."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import click

from guanxi.project.cli import boot
from guanxi.project.home import exclusively

# What packages bring along and no page loads: sources, other module forms, right-to-left looks.
UNUSED = ["*.map", "*.d.ts", "*.mjs", "*.rtl.*", "module.*"]
UNUSED += ["echarts.js", "echarts.common.js", "echarts.simple*", "echarts.esm*", "sortable.complete*", "sortable.core*"]


@click.command()
@click.option("--no-backup", is_flag=True, help="Do not back up the database before it is upgraded.")
def init(no_backup: bool) -> None:
    """Make or upgrade the database and all that a home needs. May be run at any time.

    Before an upgrade the database is backed up; an upgrade that was broken off goes on where it stood.
    """
    boot()
    from django.conf import settings

    prepare(click.echo, backup=not no_backup)
    click.echo(f"{settings.GUANXI_HOME} is ready.")


def prepare(say: Callable[[str], None], backup: bool = True) -> None:
    """Bring home, database and static files up to date; with `backup`, the database is backed up before."""
    from django.conf import settings

    with exclusively(settings.GUANXI_HOME / "init.lock"):
        _make_folders(say)
        _migrate(say, backup)
        _make_cache_table(say)
    _collect_static(say)


def initialised() -> bool:
    """Whether the database has been initialised at all. Raises DatabaseError where it cannot be reached."""
    from django.db import connection

    return "django_migrations" in connection.introspection.table_names()


def pending_migrations() -> list[str]:
    """The migrations that the database still lacks."""
    from guanxi.operations.upgrading import pending

    return pending()


def _make_folders(say: Callable[[str], None]) -> None:
    from django.conf import settings

    folders = [settings.GUANXI_HOME, settings.MEDIA_ROOT]
    if "://" not in settings.GUANXI_LAKE:
        folders.append(Path(settings.GUANXI_LAKE))
    for folder in folders:
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            say(f"Made {folder}")


def _migrate(say: Callable[[str], None], backup: bool) -> None:
    from guanxi.operations.upgrading import upgrade

    applied = upgrade(say, backup)
    if applied:
        say(f"Database: applied {applied} migrations")


def _make_cache_table(say: Callable[[str], None]) -> None:
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    if settings.CACHES["default"]["LOCATION"] not in connection.introspection.table_names():
        call_command("createcachetable", verbosity=0)
        say("Database: made the cache table")


def _collect_static(say: Callable[[str], None]) -> None:
    from django.conf import settings
    from django.core.management import call_command

    if settings.DEBUG or static_is_current():
        return
    root = Path(settings.STATIC_ROOT)
    with exclusively(root.with_name(f"{root.name}.lock")):
        if not static_is_current():
            call_command("collectstatic", verbosity=0, interactive=False, ignore_patterns=UNUSED)
            _static_mark().write_text(_static_fingerprint())
            say(f"Collected the static files in {root}")


def static_is_current() -> bool:
    """Whether the collected static files are those that the packages have now."""
    mark = _static_mark()
    return mark.is_file() and mark.read_text() == _static_fingerprint()


def _static_mark() -> Path:
    from django.conf import settings

    return Path(settings.STATIC_ROOT) / ".collected"


def _static_fingerprint() -> str:
    """A digest of names, sizes and times of all static files: they need not be read to see that they changed."""
    from django.contrib.staticfiles.finders import get_finders

    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list(UNUSED):
            stat = Path(storage.path(name)).stat()
            digest.update(f"{storage.path(name)}:{stat.st_size}:{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()
