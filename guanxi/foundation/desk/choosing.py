"""The rows that somebody chose in a list: some by hand, or all that match its filter at this moment."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from guanxi.foundation.actions import Refused
from guanxi.foundation.desk import state as states
from guanxi.foundation.desk.among import Among
from guanxi.foundation.desk.declaration import Desk, Viewer
from guanxi.foundation.desk.state import State

MOST_CHOSEN = 10_000  # rows chosen by hand, and rows that an action takes in one piece


@dataclass(frozen=True)
class Chosen:
    """What was chosen: `ids`, or with `everything` whatever `query` (the address of the list) leaves."""

    desk: Desk
    viewer: Viewer
    query: str
    ids: tuple[int, ...] = ()
    everything: bool = False

    @cached_property
    def state(self) -> State:
        """The list that it was chosen from."""
        return states.from_query(self.desk, self.viewer, self.query)

    def rows(self) -> QuerySet[Any]:
        """The chosen rows, as far as the viewer sees them. Raises Refused where the filter cannot be understood."""
        if not self.everything:
            return self.desk.rows(self.viewer).filter(Among("pk", self.ids))
        if self.state.broken:
            raise Refused(_("A filter of this list cannot be understood. Mend it, or choose rows by hand."))
        if self.state.few is not None:
            return self.desk.rows(self.viewer).filter(Among("pk", self.state.few))
        return self.state.rows()

    def numbers(self) -> list[int]:
        """Their numbers, for what takes them in one piece. Raises Refused where they are too many for that."""
        found = list(self.rows().order_by("pk").values_list("pk", flat=True)[: MOST_CHOSEN + 1])
        if len(found) > MOST_CHOSEN:
            words = _("This can be done with at most %(most)s rows at once. Narrow the list, or choose fewer.")
            raise Refused(words % {"most": MOST_CHOSEN})
        return found


def read(desk: Desk, viewer: Viewer, given: QueryDict) -> Chosen:
    """What the form of the list sent: `ids`, or `all`, and `query`."""
    ids = [int(text) for text in given.getlist("ids")[:MOST_CHOSEN] if text.isdecimal() and len(text) < 19]
    chosen = Chosen(desk, viewer, given.get("query", ""), tuple(ids), everything=bool(given.get("all")))
    if chosen.everything:
        _ = chosen.state.active  # read for the viewer's eyes, before any action writes
    return chosen
