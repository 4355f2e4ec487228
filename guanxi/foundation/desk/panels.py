"""Which panels stand on the page of a record: what they need to know of its rows is asked in one question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from guanxi.foundation.counting import counted
from guanxi.foundation.desk.declaration import Panel, Row, Viewer


@dataclass(frozen=True)
class Placed:
    """A panel on the page of a record; `some`: whether there are any of its rows (None: it was not asked for)."""

    panel: Panel
    some: bool | None

    def context(self, row: Row, viewer: Viewer) -> dict[str, Any]:
        """What its template is given besides what all are given."""
        if self.panel.context is None:
            return {}
        return self.panel.context(row, viewer, self.some) if self.panel.always else self.panel.context(row, viewer)


def placed(panels: Sequence[Panel], row: Row, viewer: Viewer, *, made: bool = True) -> list[Placed]:
    """Those of `panels` that stand on the page of `row`; `made`: they are going to be made, lazy ones too."""
    open_ = [panel for panel in panels if panel.when is None or panel.when(row, viewer)]
    asked = [place for place, panel in enumerate(open_) if panel.rows and (made or not (panel.lazy and panel.always))]
    found = counted([open_[place].rows(row, viewer) for place in asked], 1)  # type: ignore[misc]
    some = dict(zip(asked, map(bool, found), strict=True))
    return [
        Placed(panel, some.get(place))
        for place, panel in enumerate(open_)
        if panel.always or some.get(place) is not False
    ]
