"""What is done alike with mailboxes and calendars elsewhere; the actions of both call it."""

from __future__ import annotations

from typing import Any, TypeVar

from django.utils import timezone

from guanxi.channels.models import Connection
from guanxi.foundation.actions import change

C = TypeVar("C", bound=Connection)
FAILURES = 3  # in a row, after which a connection counts as one that cannot be read
State = Connection.State


def change_connection(row: C, expected: dict[str, Any] | None, changes: dict[str, Any], **also: Any) -> C:
    """Change a connection, which then counts as one that can be read; an empty password leaves the one there is."""
    open_to_all = {name: value for name, value in changes.items() if name != "password"}
    stored = change(row, expected, **open_to_all, **also, failures=0)
    if changes.get("password"):  # secrets are in no audit log, so `change` does not write them
        type(row)._base_manager.filter(pk=row.pk).update(password=changes["password"])
    return stored


def pause_connection(row: C, paused: bool) -> C:
    """Leave a connection alone, or go on with it."""
    return change(row, state=State.PAUSED if paused else State.ACTIVE, failures=0, error="")


def keep_failure(model: type[Connection], number: int, fault: str) -> None:
    """That a connection could not be read, and why."""
    row = model._base_manager.select_for_update().get(pk=number)
    failures = row.failures + 1
    state = State.FAILING if failures >= FAILURES and row.state == State.ACTIVE else row.state
    now = timezone.now()
    model._base_manager.filter(pk=number).update(failures=failures, error=fault[:500], synced_at=now, state=state)


def keep_success(model: type[Connection], number: int, **values: Any) -> None:
    """That a connection was read, and what it came to."""
    rows = model._base_manager.filter(pk=number)
    rows.update(failures=0, error="", synced_at=timezone.now(), **values)
    rows.filter(state=State.FAILING).update(state=State.ACTIVE)
