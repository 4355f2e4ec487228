"""The status page: each thing that keeps the installation running, how it stands, and what to do where it does not."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from typing import Any

import django
from django.conf import settings
from django.db import connection
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from guanxi.operations import state
from guanxi.operations.backup import keeping

GOOD, WARN, BAD = "good", "warn", "bad"
LATE_LAKE, LATE_QUEUE = timedelta(minutes=10), timedelta(minutes=10)
OLD_BACKUP = timedelta(hours=26)  # a day, and what the backup itself takes
LITTLE_ROOM = 0.1
TOO_LITTLE = 500_000_000  # bytes
MANY_UNREAD = 100_000


@dataclass(frozen=True)
class Line:
    """One thing: how it stands in words and by its tone, what to do, where one sees more."""

    label: str
    words: str
    tone: str = GOOD
    advice: str = ""
    url: str = ""

    @property
    def verdict(self) -> str:
        return {GOOD: _("In order"), WARN: _("Look at it"), BAD: _("Does not work")}[self.tone]

    @property
    def colour(self) -> str:
        return {GOOD: "teal", WARN: "amber", BAD: "red"}[self.tone]


def lines() -> list[Line]:
    """All of them, in the order of the page."""
    return [*_work(), *_data(), *_safety()]


def versions() -> list[tuple[str, str]]:
    """What runs here."""
    engine = "SQLite" if connection.vendor == "sqlite" else "PostgreSQL"
    with connection.cursor() as cursor:
        cursor.execute("SELECT sqlite_version()" if connection.vendor == "sqlite" else "SHOW server_version")
        number = str(cursor.fetchone()[0])
    return [
        ("Guanxi", version("guanxi")),
        ("Python", platform.python_version()),
        ("Django", django.get_version()),
        (engine, number),
        (_("Engine of the lake"), str(settings.GUANXI_ENGINE)),
    ]


def _ago(moment: Any) -> str:
    return _("%(time)s ago") % {"time": timesince(moment, depth=1)}


def _work() -> Iterator[Line]:
    alive = state.workers()
    count = len(alive)
    words = ngettext("%(count)s worker is alive.", "%(count)s workers are alive.", count) % {"count": count}
    advice = "" if alive else _("Nothing happens in the background. Start “guanxi serve” or “guanxi worker”.")
    yield Line(_("Workers"), words, GOOD if alive else BAD, advice)
    queue = state.queue()
    words = _("%(waiting)s waiting, %(running)s running") % {"waiting": queue.waiting, "running": queue.running}
    late = queue.oldest > LATE_QUEUE.total_seconds()
    if late:
        since = timezone.now() - timedelta(seconds=queue.oldest)
        words += "; " + _("the oldest has been waiting for %(time)s") % {"time": timesince(since, depth=1)}
    advice = _("Start more workers (“guanxi worker”), or cancel what is not needed.") if late else ""
    yield Line(_("Background tasks"), words, WARN if late else GOOD, advice, "/tasks/?f.state=waiting&f.state=running")
    failed = queue.failed_lately
    words = ngettext("%(count)s since yesterday", "%(count)s since yesterday", failed) % {"count": failed}
    advice = _("Open them: each says why, and can be tried again.") if failed else ""
    yield Line(_("Failed tasks"), words, WARN if failed else GOOD, advice, "/tasks/?f.state=failed")
    mails = state.unsent_mails()
    words = ngettext("%(count)s mail could not be sent.", "%(count)s mails could not be sent.", mails) % {
        "count": mails
    }
    advice = (
        _("Look at the error of the task; see that GUANXI_MAIL_HOST and the log-in there are right.") if mails else ""
    )
    yield Line(
        _("Mail"),
        words if mails else _("Everything was sent."),
        WARN if mails else GOOD,
        advice,
        "/tasks/?f.state=failed",
    )
    for _name, label, number in state.waiting():
        yield Line(
            str(label), _("%(count)s waiting") % {"count": f"{number:,}"}, WARN if number > MANY_UNREAD else GOOD
        )


def _data() -> Iterator[Line]:
    as_of = state.lake_as_of()
    late = as_of is None or timezone.now() - as_of > LATE_LAKE
    words = _("Never filled.") if as_of is None else _("Complete as of %(ago)s") % {"ago": _ago(as_of)}
    advice = _("See whether its refresh fails among the background tasks; else call “guanxi refresh”.") if late else ""
    yield Line(_("Lake"), words, WARN if late else GOOD, advice, "/tasks/?f.function=guanxi.lake.tasks.refresh")
    unread = state.readers()
    most = max(unread.values(), default=0)
    words = ", ".join(f"{name}: {number:,}" for name, number in unread.items()) or _("Nobody reads it yet.")
    advice = _("A reader is far behind; see whether its task fails.") if most > MANY_UNREAD else ""
    yield Line(_("Unread events of the ledger"), words, WARN if most > MANY_UNREAD else GOOD, advice)
    yield Line(_("Database"), filesizeformat(state.database_bytes()))


def _safety() -> Iterator[Line]:
    backup, failed = state.last_backup(), state.backup_failed_since()
    if backup is None:
        words, tone = _("There is none."), BAD
        at = settings.GUANXI_BACKUP_AT
        advice = (
            _("Start one now: by schedule none is made (GUANXI_BACKUP_AT).")
            if at == "never"
            else _("Start one now. Every night at %(time)s one is made while a worker runs.") % {"time": at}
        )
    else:
        words, tone, advice = f"{_ago(backup.started_at)}, {filesizeformat(backup.size or 0)}", GOOD, ""
        if timezone.now() - backup.started_at > OLD_BACKUP:
            tone, advice = WARN, _("The newest is old: see why none was made.")
    if failed is not None:
        tone, advice = BAD, _("The last attempt failed: %(error)s") % {"error": failed.error}
    yield Line(_("Last backup"), words, tone, advice, "/backups/")
    free, total = state.room()
    words = _("%(free)s of %(total)s free") % {"free": filesizeformat(free), "total": filesizeformat(total)}
    tone = BAD if free < TOO_LITTLE else WARN if free < LITTLE_ROOM * total else GOOD
    advice = _("Make room: imports, backups and the lake stop when the disk is full.") if tone != GOOD else ""
    yield Line(_("Disk"), words, tone, advice)


def backup_plan() -> dict[str, Any]:
    """How backups are set up, in words."""
    days, weeks, months = settings.GUANXI_BACKUP_KEEP
    return {
        "at": settings.GUANXI_BACKUP_AT,
        "place": keeping.where(),
        "encrypted": bool(settings.GUANXI_BACKUP_KEY),
        "kept": _("%(days)s days, %(weeks)s weeks, %(months)s months")
        % {"days": days, "weeks": weeks, "months": months},
    }
