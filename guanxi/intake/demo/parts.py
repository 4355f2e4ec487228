"""What other packages add to the sample data: files for the import engine, and what is made of them afterwards.

A part hangs on the door “sample_part”. Its files go through the engine like every other; what it makes itself, it takes
away itself, before its imports are taken back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from guanxi.foundation import hooks
from guanxi.foundation.visibility import Viewer


@dataclass(frozen=True)
class SamplePart:
    """One part, known by the source of its files.

    `prepare`: (folder, viewer, scale) → kinds and files in the order in which to import them; `build`: makes the rest,
    nothing where it is there already, and says what; `lines`: what of it is there, by name and number; `take_away`:
    takes that away and says how many rows of each went, and under “kept” how many stay. `files`: the pattern of what it
    writes into the folder.
    """

    source: str
    prepare: Callable[[Path, Viewer, float], list[tuple[str, Path]]]
    build: Callable[[Viewer, float], list[str]]
    lines: Callable[[], list[tuple[str, int]]]
    take_away: Callable[[Viewer], dict[str, int]]
    files: str


def all_parts() -> list[SamplePart]:
    """The parts, in order."""
    return list(hooks.get("sample_part"))
