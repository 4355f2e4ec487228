"""Keys of encrypted backups: a public one that encrypts, which the machine may know, and a secret one that opens.

They are age's own X25519 keys (`age1…`, `AGE-SECRET-KEY-1…`), so that the program `age` opens a backup too.
"""

from __future__ import annotations

from pathlib import Path

import pyrage
from django.utils.translation import gettext as _

from guanxi.foundation.actions import Refused

SECRET = "AGE-SECRET-KEY-1"  # noqa: S105  how such keys begin


def make_pair() -> tuple[str, str]:
    """A new pair: the public and the secret key."""
    made = pyrage.x25519.Identity.generate()
    return str(made.to_public()), str(made)


def recipient(text: str) -> pyrage.x25519.Recipient:
    """The key to encrypt with, from a public or a secret key. Raises Refused where it is neither."""
    text = _line_of(text)
    try:
        if text.startswith(SECRET):
            return pyrage.x25519.Identity.from_str(text).to_public()
        return pyrage.x25519.Recipient.from_str(text)
    except (pyrage.RecipientError, pyrage.IdentityError) as error:
        raise Refused(
            _("The key for backups is no age key; make one with “guanxi backup --new-key”."), "key"
        ) from error


def identity(text: str) -> pyrage.x25519.Identity:
    """The key to open with. Raises Refused where it is no secret key."""
    text = _line_of(text)
    try:
        return pyrage.x25519.Identity.from_str(text)
    except pyrage.IdentityError as error:
        raise Refused(
            _("That is no secret key of a backup: it begins with AGE-SECRET-KEY-1, as “guanxi backup --new-key” said."),
            "key",
        ) from error


def read(path: Path) -> str:
    """The key in a file, as `guanxi backup --new-key` or age-keygen write it."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(_("The file of the key, %(path)s, cannot be read.") % {"path": path}, "key") from error


def _line_of(text: str) -> str:
    lines = [line.strip() for line in text.splitlines()]
    return next((line for line in lines if line and not line.startswith("#")), "")
