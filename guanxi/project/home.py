"""The folder that holds everything: database, lake, files, secret key, what the installation remembers of itself."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

MEMORY = "settings.json"


def ensure(home: Path) -> None:
    """Make the folder `home` where it is not there. Raises ImproperlyConfigured where it cannot be used."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        if not os.access(home, os.R_OK | os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise _of_no_use(home, error) from error


def _of_no_use(home: Path, error: OSError) -> ImproperlyConfigured:
    return ImproperlyConfigured(
        f"Cannot write to the home folder {home}: {error.strerror}. "
        "Set GUANXI_HOME to a folder that this user may write to, or mend its rights."
    )


def ensure_secret_key(home: Path) -> str:
    """The secret key kept in `home`, made at the first call. Raises ImproperlyConfigured where `home` is of no use."""
    path = home / "secret-key"
    ensure(home)
    try:
        if not path.exists():
            _write_once(path, secrets.token_urlsafe(48))
        return path.read_text().strip()
    except OSError as error:
        raise _of_no_use(home, error) from error


def _write_once(path: Path, text: str) -> None:
    """Write a file that nobody else may read, whole or not at all; whoever comes second leaves the first one's."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def remembered(home: Path) -> dict[str, Any]:
    """What the installation remembers: `today`, the day that the demonstration froze, and how far its import is.

    Raises ImproperlyConfigured where the file is damaged.
    """
    path = home / MEMORY
    try:
        memory = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ImproperlyConfigured(f"Cannot read {path}: {error}. Mend the file or take it away.") from error
    if not isinstance(memory, dict):
        raise ImproperlyConfigured(f"Cannot read {path}: it holds no JSON object. Mend the file or take it away.")
    return memory


def remember(home: Path, **values: Any) -> None:
    """Add `values` to what the installation remembers."""
    _keep(home, {**remembered(home), **values})


def forget(home: Path, *names: str) -> None:
    """Take `names` out of what the installation remembers."""
    memory = remembered(home)
    if set(names) & set(memory):
        _keep(home, {name: value for name, value in memory.items() if name not in names})


def _keep(home: Path, memory: dict[str, Any]) -> None:
    path = home / MEMORY
    draft = path.with_name(f"{MEMORY}.{os.getpid()}")
    draft.write_text(json.dumps(memory, indent=2) + "\n")
    draft.replace(path)


@contextlib.contextmanager
def exclusively(path: Path) -> Iterator[None]:
    """Let one process at a time into the `with` block (those on this machine that name the same lock file)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            import fcntl
        except ImportError:  # no such locks on this system; there is only one process then
            yield
            return
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
