"""What stands on a day: lines with their reasons, in sections; the same for pages and programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.conf import settings

from guanxi.foundation import belonging, clock
from guanxi.foundation.desk import numbered
from guanxi.foundation.todos import actions as todos
from guanxi.foundation.todos.models import Todo
from guanxi.foundation.visibility import Viewer
from guanxi.lake import figures
from guanxi.sales.day import wording

TODO, MENTION = "todo", "mention"  # what one key does
SHOWN = 8


@dataclass(frozen=True)
class Worth:
    """What a record may bring, and what there is to say of it."""

    amount: Decimal | None = None  # in the business's currency
    why: tuple[str, ...] = ()
    pressing: bool = False  # whether it does not wait, whatever its task says
    more: Callable[[], tuple[str, ...]] = tuple  # what else there is to say, put into words for the few that are shown


NOTHING = Worth()


@dataclass(frozen=True)
class Line:
    """Something to do or to look at, and why it stands here."""

    title: str
    url: str
    icon: str
    why: tuple[str, ...] = ()
    about: str = ""  # the record, in words
    object_type: str = ""
    object_id: int | None = None
    amount: Decimal | None = None
    late: bool = False
    # What is done with it by one key, and to which number: a task is done, a mention read. Nothing: it is only opened.
    does: str = ""
    number: int | None = None

    @property
    def key(self) -> str:
        """What tells it from all others of the page."""
        return f"{self.does or self.object_type}-{self.number or self.object_id}"

    @property
    def done_url(self) -> str:
        """Where it is said that it is done."""
        return numbered("day:done", self.does, number=self.number)

    @property
    def opened_url(self) -> str:
        """How to reach whom it is about, and what was said last."""
        return numbered("day:opened", self.object_type, number=self.object_id)

    @cached_property
    def reason(self) -> str:
        """Why it stands here, in one line."""
        return " · ".join(self.why)

    @cached_property
    def money(self) -> str:
        """The amount as people read it."""
        return "" if self.amount is None else f"{figures.money(self.amount)} {settings.GUANXI_CURRENCY}"


@dataclass(frozen=True)
class Section:
    """Lines of one kind; `url` leads to all of them."""

    key: str
    title: Any
    lines: list[Line] = field(default_factory=list)
    url: str = ""
    note: Any = ""
    leads: bool = False  # whether it stands in the first column, where what is to be done stands


def of_todos(rows: Sequence[Todo], viewer: Viewer, worths: Mapping[int, Worth]) -> list[Line]:
    """A line for each task with the record that it is on, without those on records that the viewer may not see."""
    found = belonging.places(rows, viewer)
    lines = []
    for row in rows:
        worth = worths.get(row.pk, NOTHING)
        why = (wording.due(row, clock.today()), *worth.why, *worth.more())
        line = Line(
            todos.sentence(row), todos.url_of(row), "checkbox", why,
            amount=worth.amount, late=row.is_overdue, does=TODO, number=row.pk,
        )  # fmt: skip
        if not row.object_type:
            lines.append(line)
        elif place := found.get((row.object_type, int(row.object_id or 0))):
            here = replace(line, about=place.title, url=place.url, icon=place.icon)
            lines.append(replace(here, object_type=row.object_type, object_id=row.object_id))
    return lines
