"""JSON lines as a table: one object on each line, its keys the columns."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FEW = 1_000  # lines whose keys are the columns


def columns(head: bytes) -> list[str]:
    """The keys of the first objects, in their order; none where the file is no such thing."""
    names: dict[str, None] = {}
    lines = head.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    whole = lines[:-1] if len(lines) > 1 else lines
    for number, line in enumerate(line for line in whole[:FEW] if line.strip()):
        cells = of_line(line)
        if cells is None and number == 0:
            return []
        names |= dict.fromkeys(cells or {})
    return list(names)


def of_line(line: bytes) -> dict[str, str] | None:
    """The cells of a line; None where it is no object, or has a NUL."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    cells = {str(name): _cell(value) for name, value in found.items()}
    return None if any("\0" in text for text in (*cells, *cells.values())) else cells


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def lines(path: Path) -> Iterator[tuple[int, bytes, int]]:
    """Each line that is not blank with its number and the place in the file behind it."""
    place = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            place += len(line)
            text = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
            if text.strip():
                yield number, text, place
