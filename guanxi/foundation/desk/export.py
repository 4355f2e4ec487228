"""Lists as files of text: CSV streamed row by row; the memory needed does not grow."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from itertools import islice
from typing import Any

from guanxi.foundation.desk import display
from guanxi.foundation.desk.declaration import Field

LINES_AT_ONCE = 500
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")
BOM = "\ufeff"  # so that Excel takes the file for UTF-8


def harmless(value: Any) -> Any:
    """`value` such that a spreadsheet does not run it: a text that begins like a formula, and is no number, gets an
    apostrophe before it."""
    if not isinstance(value, str) or not value.startswith(DANGEROUS) or _is_number(value):
        return value
    return f"'{value}"


def _is_number(text: str) -> bool:
    try:
        return float(text) == float(text) and text[0] in "+-" and text[1:2].isdigit()
    except ValueError:
        return False


def batched(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """`rows` in lists of `size`."""
    waiting = iter(rows)
    while some := list(islice(waiting, size)):
        yield some


class _Echo:
    def write(self, text: str) -> str:
        return text


def csv_lines(fields: list[Field], rows: Iterable[Any]) -> Iterator[str]:
    """The lines of a CSV file, a heading first."""
    writer = csv.writer(_Echo())
    columns = [display.Cells(field) for field in fields]
    yield BOM + writer.writerow([harmless(str(field.label)) for field in fields])
    for some in batched(rows, LINES_AT_ONCE):
        for column in columns:
            column.prepare(some)
        yield "".join(writer.writerow([_in_csv(column.exported(row)) for column in columns]) for row in some)


def _in_csv(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(" ")
    return value.isoformat() if isinstance(value, date) else harmless(value)
