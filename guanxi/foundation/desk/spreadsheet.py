"""Lists as spreadsheets: XLSX written to disk as it goes. Imported only where one is made."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from guanxi.foundation.desk import display
from guanxi.foundation.desk.declaration import Field
from guanxi.foundation.desk.export import LINES_AT_ONCE, batched, harmless
from guanxi.foundation.desk.kinds import Kind

ROWS_PER_SHEET = 1_000_000  # Excel takes 1,048,576
LONGEST_CELL = 32_767  # characters that Excel takes
FORMATS = {Kind.MONEY: "#,##0.00", Kind.DATE: "yyyy-mm-dd", Kind.MOMENT: "yyyy-mm-dd hh:mm"}


def xlsx(title: str, fields: list[Field], rows: Iterable[Any]) -> IO[bytes]:
    """An open XLSX file, at its start; it is gone when it is closed. Beyond a million rows it has several sheets."""
    book = Workbook(write_only=True)
    sheet: Any = None
    columns = [display.Cells(field) for field in fields]
    for number, row in enumerate(_prepared(columns, rows)):
        if number % ROWS_PER_SHEET == 0:
            sheet = _sheet(book, title, fields)
        sheet.append([_in_sheet(sheet, column.field, column.exported(row)) for column in columns])
    if sheet is None:
        _sheet(book, title, fields)
    file = tempfile.TemporaryFile(suffix=".xlsx")  # noqa: SIM115  the response closes it
    book.save(file)
    file.seek(0)
    return file


def _prepared(columns: list[display.Cells], rows: Iterable[Any]) -> Iterator[Any]:
    for some in batched(rows, LINES_AT_ONCE):
        for column in columns:
            column.prepare(some)
        yield from some


def _sheet(book: Any, title: str, fields: list[Field]) -> Any:
    name = "".join(letter for letter in title if letter not in "[]:*?/\\")[:27] or "1"
    sheet = book.create_sheet(name)
    sheet.freeze_panes = "A2"
    for position, field in enumerate(fields, start=1):
        width = 14 if field.kind.numeric or field.kind.temporal else 24
        sheet.column_dimensions[get_column_letter(position)].width = width
    heads = [WriteOnlyCell(sheet, _text(harmless(str(field.label)))) for field in fields]
    for head in heads:
        head.font = Font(bold=True)
    sheet.append(heads)
    return sheet


def _in_sheet(sheet: Any, field: Field, value: Any) -> Any:
    if isinstance(value, str):
        return _text(harmless(value))
    shape = FORMATS.get(field.kind)
    if shape is None or not isinstance(value, Decimal | date):
        return value
    cell = WriteOnlyCell(sheet, value)
    cell.number_format = shape
    return cell


def _text(value: str) -> str:
    cleaned: str = ILLEGAL_CHARACTERS_RE.sub("", value)
    return cleaned[:LONGEST_CELL]
