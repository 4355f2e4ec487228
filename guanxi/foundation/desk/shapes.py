"""How a desk may show its rows beside a plain list: what a declaration says of its board and its calendar."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q

Text = Any  # str or a lazy translation


@dataclass(frozen=True)
class Lane:
    """One column of a board, one group or one day: the rows for which `condition` holds."""

    key: str  # in addresses; of values of a field, as its control writes them
    label: Text
    condition: Q
    value: Any = None  # what a row that is moved here gets
    accepts: bool = True  # whether rows may be moved here
    tone: str = ""  # of its dot: accent, info, good, warn, bad


@dataclass(frozen=True)
class Lanes:
    """What rows may be parted by: lanes of one's own, or the values of a field whose moves go through their own action.

    `move(row_id, to, seen, by=viewer)` gets the keys of two lanes (of a field: the new value, and the JSON-plain value
    that was seen); without it rows are moved by the desk's `edit`, or not at all.
    """

    name: str
    label: Text = None
    lanes: Sequence[Lane] | Callable[[], Sequence[Lane]] | None = None  # None: the values of the field called `name`
    move: Callable[..., Any] | None = None


@dataclass(frozen=True)
class Board:
    """What a board shows until somebody chooses otherwise."""

    by: str
    sums: Sequence[str] = ()  # numbers added up in the head of each column
    card: Sequence[str] = ()  # columns that a card shows; default: the first few of the list
    sort: str = ""  # default: the desk's
    sorts: Mapping[str, str] = field(default_factory=dict)  # by other things than `by`: the order of cards, likewise
    fixed: Text = ""  # why cards stay where they are, where nobody moves them


@dataclass(frozen=True)
class Calendar:
    """By which date or moment rows stand in the calendar.

    `again(rows, since, until)` gets what the list asks for (a queryset) and two moments, and answers with copies of
    those that stand there at further times, each with its own.
    """

    by: str
    card: Sequence[str] = ()
    fresh: str = ""  # among the desk's `quick`: what a click on a day makes
    again: Callable[[Any, datetime, datetime], Sequence[Any]] | None = None


@dataclass(frozen=True)
class Fresh:
    """A part of a record page that has news of its own: hung on `live:<slug>` as a function (row, viewer) -> Fresh.

    Where `token` is another than at the poll before, the element `target` is fetched anew from `url`.
    """

    target: str
    url: str
    token: str
