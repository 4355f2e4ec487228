"""What the made-up year hangs into the house: itself as a part of the sample data, and a mark on its records."""

from __future__ import annotations

from typing import Any

from guanxi.foundation import hooks
from guanxi.foundation.desk import Panel
from guanxi.foundation.visibility import SYSTEM, Viewer
from guanxi.intake.demo.parts import SamplePart
from guanxi.sales.sample import actions, building, firms, known


def is_made_up(row: Any, viewer: Viewer) -> bool:
    """Whether a record is one that was made up, or is with a customer who was."""
    party = getattr(row, "party", None) or getattr(row, "same_as", None)
    return bool(getattr(row, "made_up", False) or (party is not None and party.made_up))


@hooks.register("sample_removed")
def _part_with() -> None:
    """The made-up colleagues go when nobody is theirs any more."""
    actions.part_with(by=SYSTEM)


hooks.register(
    "sample_part",
    SamplePart(firms.SOURCE, building.prepare, building.build, known.lines, actions.take_away, files="year*"),
)
for slug in ("quotes", "orders", "invoices", "activities", "leads"):  # customers and deals say so by themselves
    hooks.register(
        f"panel:{slug}", Panel("head", "", "sample/mark.html", order=5, bare=True, key="made-up", when=is_made_up)
    )
