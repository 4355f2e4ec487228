"""What mailboxes and calendars elsewhere note alike of how their servers answer; the actions of both call it."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

FAILURES = 3  # in a row, after which a connection counts as one that cannot be read


def keep_failure(model: Any, number: int, fault: str) -> None:
    """That a connection could not be read, and why; `model` is Mailbox or Account."""
    row = model.objects.select_for_update().get(pk=number)
    failures = row.failures + 1
    state = model.State.FAILING if failures >= FAILURES and row.state == model.State.ACTIVE else row.state
    model.objects.filter(pk=number).update(failures=failures, error=fault[:500], synced_at=timezone.now(), state=state)


def keep_success(model: Any, number: int, **values: Any) -> None:
    """That a connection was read, and what it came to."""
    model.objects.filter(pk=number).update(failures=0, error="", synced_at=timezone.now(), **values)
    model.objects.filter(pk=number, state=model.State.FAILING).update(state=model.State.ACTIVE)
