from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from guanxi.foundation import hooks, search
from guanxi.foundation.models import Notification, User

# A type of object of this floor stands for all: notifications have a title, a text and an owner.
NOTES = search.Source(
    object_type="foundation.notification",
    letter="0",
    model=Notification,
    title=lambda row: row.title,
    subtitle=lambda row: row.level,
    text=lambda row: row.body,
    weight=lambda row: 1.0 if row.level == "error" else 0.0,
    url=lambda pk: f"/notes/{pk}/",
    icon="bell",
    select_related=("user",),
)


@pytest.fixture(autouse=True)
def notes_are_searched() -> Iterator[None]:
    with hooks.registered("search", NOTES, order=900):
        yield


@pytest.fixture
def note(staff: User) -> Callable[..., Notification]:
    """Make a note and put it into the index."""

    def make(title: str, body: str = "", **values: Any) -> Notification:
        row = Notification.objects.create(user=staff, title=title, body=body, **values)
        search.touch(row)
        return row

    return make


@pytest.fixture
def titles(staff: User) -> Callable[..., list[str]]:
    """The titles that a query finds, best first."""

    def found(query: str, **options: Any) -> list[str]:
        return [hit.title for hit in search.find(query, staff, types=["foundation.notification"], **options)]

    return found
