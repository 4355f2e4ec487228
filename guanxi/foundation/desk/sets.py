"""How many rows of a desk are written at once, set by set, when people change them together.

A desk says `in_sets = Sets(write)`; without it many rows go through its `edit`, one by one. What writes the plain
fields of a model is guanxi.foundation.bulk_changes.writing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from guanxi.foundation.visibility import Viewer


@dataclass(frozen=True)
class SetOfChanges:
    """What becomes of many rows: of each the fields that change, as [before, after] in the plain form of the log.

    The rows are held, the values are cleaned, and `by` may change them.
    """

    number: int  # of the bulk change
    rows: dict[int, dict[str, list[Any]]]
    at: datetime
    by: Viewer
    undo: bool = False  # it gives back what an earlier set, of the same number, had changed


@dataclass(frozen=True)
class Sets:
    """`write(changes)` writes a set within the running action; `names` says which facts it can write, None stands for
    every field of the model itself that is not unique; `clean(name, value)` raises Refused for a value that cannot be.
    """

    write: Callable[[SetOfChanges], None]
    names: Callable[[str], bool] | None = None
    clean: Callable[[str, Any], Any] | None = None
