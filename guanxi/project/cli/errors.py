"""What went wrong, where, and how to mend it, in one line."""

from __future__ import annotations

import errno
import re
import sys

import click
from django.core.exceptions import ImproperlyConfigured
from django.db import Error

UNINITIALISED = re.compile(r"no such table|relation .* does not exist|no such column|column .* does not exist")
HINTS = {
    "unable to open database file": "Its folder is missing or not writable; mend that or set GUANXI_DATABASE_URL.",
    "readonly database": "This user may not write to the database file; mend its rights and those of its folder.",
    "database or disk is full": "The disk is full; make room and run the command again, nothing is lost.",
    "file is not a database": "It is no SQLite database; set GUANXI_DATABASE_URL to another, or restore a backup.",
    "disk image is malformed": "The database file is damaged; restore a backup.",
    "database is locked": "Another process writes for long; try again when it has finished.",
    "password authentication failed": "Mend user or password in GUANXI_DATABASE_URL.",
    "No space left on device": "The disk of the database is full; make room and run the command again.",
}
OS_HINTS = {
    errno.ENOSPC: "the disk is full; make room and run the command again",
    errno.EDQUOT: "the disk quota is used up; make room and run the command again",
    errno.EROFS: "it is on a read-only file system; set GUANXI_HOME to a folder that can be written to",
    errno.EACCES: "this user has no right to it; mend its rights or choose another place",
    errno.EPERM: "this user has no right to it; mend its rights or choose another place",
    errno.EMFILE: "too many files are open; raise the limit (ulimit -n)",
}


def explain(error: BaseException) -> str:
    """One line for people: what, where, how to mend."""
    from guanxi.foundation.actions import Refused

    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, Refused):
        return f"{error.field}: {error.message}" if error.field else error.message
    if isinstance(error, Error) or _is_of_driver(error):
        return _explain_database(error)
    if isinstance(error, ImproperlyConfigured):
        return _one_line(error)
    if isinstance(error, OSError) and error.strerror:
        place = f" {error.filename}" if error.filename else ""
        hint = OS_HINTS.get(error.errno or 0, error.strerror)
        return f"Cannot use{place}: {hint}." if place else f"{error.strerror}: {hint}."
    if "No space left on device" in str(error):  # said by a library in its own kind of error
        return "The disk is full; make room and run the command again, nothing is lost."
    return f"Unexpected {type(error).__name__}: {_one_line(error)} (set GUANXI_DEBUG=1 to see where)"


def _is_of_driver(error: BaseException) -> bool:
    """Whether a driver spoke that was used without Django."""
    psycopg = sys.modules.get("psycopg")
    return psycopg is not None and isinstance(error, psycopg.Error)


def _explain_database(error: BaseException) -> str:
    text = _one_line(error)
    if UNINITIALISED.search(text):
        return f"The database {address()} is not initialised, or older than this program: run “guanxi init”. ({text})"
    hint = next((hint for words, hint in HINTS.items() if words in text), None)
    if hint is None:
        hint = "See that it runs and that GUANXI_DATABASE_URL is right."
    return f"Cannot use the database {address()}: {text.rstrip('.')}. {hint}"


def address() -> str:
    """Where the database is, without its password."""
    from django.conf import settings

    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        return str(database["NAME"])
    host = database.get("HOST") or "this machine"
    port = f":{database['PORT']}" if database.get("PORT") else ""
    return f"“{database['NAME']}” on {host}{port}"


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:500]
