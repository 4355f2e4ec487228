"""An answer as a file: CSV and XLSX, figures as numbers; texts that a spreadsheet would run are made harmless."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from guanxi.foundation.desk.export import BOM, harmless
from guanxi.lake.explore.answer import Cell, Table


def csv_text(table: Table) -> str:
    """The table as CSV, its heads first."""
    made = io.StringIO()
    made.write(BOM)
    csv.writer(made).writerows([harmless(value) for value in line] for line in _lines(table))
    return made.getvalue()


def xlsx(title: str, table: Table) -> bytes:
    """The table as an XLSX file of one sheet."""
    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet("".join(letter for letter in title if letter not in "[]:*?/\\")[:27] or "1")
    sheet.freeze_panes = "A2"
    for number, line in enumerate(_lines(table)):
        cells = [WriteOnlyCell(sheet, harmless(value)) for value in line]
        for cell in cells:
            if number == 0:
                cell.font = Font(bold=True)
            elif isinstance(cell.value, Decimal | float):
                cell.number_format = "#,##0.00"
        sheet.append(cells)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _lines(table: Table) -> Iterator[list[Any]]:
    yield _heads(table)
    for row in table.rows:
        yield [_plain(cell) for cell in row]
    if table.totals:
        yield [_plain(cell) for cell in table.totals]


def _heads(table: Table) -> list[str]:
    """One line of heads; those under a group bear its name, too."""
    over = [text for text, count in table.groups for _one in range(count)] or [""] * len(table.heads)
    return [f"{group} · {head.text}" if group else head.text for group, head in zip(over, table.heads, strict=True)]


def _plain(cell: Cell) -> Any:
    return cell.value if cell.figure else cell.text
