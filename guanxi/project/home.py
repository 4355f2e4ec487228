"""The folder that holds everything: database, lake, files, secret key."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def ensure_secret_key(home: Path) -> str:
    """The secret key kept in `home`, made at the first call. Raises ImproperlyConfigured where `home` cannot be used."""
    path = home / "secret-key"
    try:
        home.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_text().strip()
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
        return path.read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"Cannot write to the home folder {home}: {error.strerror}. "
            "Set GUANXI_HOME to a folder that this user may write to, or mend its rights."
        ) from error
