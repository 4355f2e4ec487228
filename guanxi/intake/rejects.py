"""Rows that were not taken in: written to a file with their number, column, value and reason, ready to be mended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.http import FileResponse, Http404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pyarrow import csv

from guanxi.intake.formats import REMARKS, RENAMED
from guanxi.intake.records import ROW, Broken, cells_of

# What spreadsheets would run as a formula; an apostrophe before it makes it a text (records takes it off again).
FORMULA = r"^('*[=+\-@\t\r])"
REASONS: dict[str, Any] = {
    "missing": gettext_lazy("This has to be there and is empty."),
    "date": gettext_lazy("This is no date, or not in the date format of the file."),
    "future": gettext_lazy("This day lies in the future."),
    "past": gettext_lazy("This day lies too far in the past to be true."),
    "number": gettext_lazy("This is no number, or not with the decimal mark of the file."),
    "large": gettext_lazy("This number is too large."),
    "places": gettext_lazy("This number has more than four decimal places."),
    "word": gettext_lazy("This word is not known here."),
    "long": gettext_lazy("This text is too long."),
    "quotes": gettext_lazy("The quotation marks in this row do not match."),
    "nul": gettext_lazy("This row holds a NUL character."),
    "encoding": gettext_lazy("This row does not decode in the encoding of the file."),
    "columns": gettext_lazy("This row has %(actual)s cells, the header has %(expected)s."),
    "other_customer": gettext_lazy("This order number belongs to another customer."),
    "other_currency": gettext_lazy("This order is in another currency."),
    "twice": gettext_lazy(
        "This number stands in the file more than once, with different contents; the first row counts."
    ),
    "no_name": gettext_lazy("A name, a customer number, a mail, a telephone or a card has to be there."),
    "other_line": gettext_lazy(
        "This line number stands in the order more than once, with different contents; the first counts."
    ),
    "unknown_customer": gettext_lazy("No customer with this number is known."),
    "unknown_other": gettext_lazy("Nobody, or more than one, is known by this number, mail, telephone, card or name."),
    "oneself": gettext_lazy("Nobody is related to himself."),
    "circle": gettext_lazy("This would close a circle: one cannot be above somebody who is above oneself."),
    "superior": gettext_lazy("A superior is somebody who works at the same organisation."),
    "no_organisation": gettext_lazy("People work at organisations; this is a person."),
    "household": gettext_lazy("Only people live in a household."),
    "no_person": gettext_lazy("Only people work at organisations; this is an organisation."),
    "companies": gettext_lazy("Only organisations belong to organisations."),
    "second_parent": gettext_lazy("It belongs to another parent company already; end that first."),
    "range": gettext_lazy("This number lies beyond what is possible."),
    "before": gettext_lazy("It cannot end before it begins."),
    "unknown_product": gettext_lazy("No product with this number is known."),
    "currency": gettext_lazy("The currency has to be three letters, such as TWD, and the same within a list."),
    "negative": gettext_lazy("A price, and the quantity from which it holds, cannot be negative."),
    "not_yours": gettext_lazy("This belongs to somebody else; you may not change it."),
    "unknown_owner": gettext_lazy("No colleague, or more than one, has this mail, user name or name."),
    "owner_sees_none": gettext_lazy("This colleague may see no customers, and so cannot own any."),
    "not_yours_to_give": gettext_lazy("You may not hand customers to this colleague."),
    "erased": gettext_lazy(
        "This customer asked to be erased; should he have come back, allow it first (guanxi erase --allow-again)."
    ),
    "json": gettext_lazy("This line is no JSON object."),
    "vcard": gettext_lazy("This card cannot be read."),
}


class RejectFile:
    """The CSV file of a run's rejected rows; made at the first of them. UTF-8 with BOM, so that spreadsheets read
    it.
    """

    def __init__(self, path: Path, columns: list[str], separator: str) -> None:
        self.path, self.columns, self.separator = path, columns, separator
        clash = {name.casefold() for name in columns} & set(REMARKS)
        self.names = RENAMED if clash else REMARKS
        self.file: Any = None
        self.count = 0

    def add_broken(self, broken: list[Broken]) -> None:
        """Rows that could not even be cut into cells."""
        if not broken:
            return
        cells = [cells_of(row.text, self.separator, len(self.columns)) for row in broken]
        rows = {name: pa.array([c[place] for c in cells], pa.string()) for place, name in enumerate(self.columns)}
        reasons = [self.words(row.reason) for row in broken]
        head = [[row.row for row in broken], [""] * len(broken), [row.text for row in broken], reasons]
        self._write(pa.table(dict(zip(self.names, head, strict=True)) | rows))

    def add(self, rows: pa.Table, column: pa.Array, value: pa.Array, reason: pa.Array) -> None:
        """Rows with what was wrong in them; `reason` holds keys of REASONS."""
        if not rows.num_rows:
            return
        keys = pa.chunked_array([reason]) if isinstance(reason, pa.Array) else reason
        encoded = keys.combine_chunks().dictionary_encode()
        words = pa.array([self.words(key) for key in encoded.dictionary.to_pylist()], pa.string()).take(encoded.indices)
        head = dict(zip(self.names, [rows.column(ROW), column, value, words], strict=True))
        self._write(pa.table(head | {name: rows.column(name) for name in self.columns}))

    def words(self, reason: str) -> str:
        """A reason in words."""
        if reason.startswith("="):
            return reason[1:]
        key, _colon, actual = reason.partition(":")
        return (
            str(REASONS[key]) % {"actual": actual, "expected": len(self.columns)}
            if actual
            else str(_(str(REASONS[key])))
        )

    def _write(self, rows: pa.Table) -> None:
        if self.file is None:
            self.file = self.path.open("wb")
            self.file.write("\ufeff".encode())
            csv.write_csv(rows.slice(0, 0), self.file)
        csv.write_csv(_harmless(rows), self.file, csv.WriteOptions(include_header=False))
        self.count += rows.num_rows

    def go_on(self, size: int) -> None:
        """Continue a file of which `size` bytes count; what stands behind them is written anew."""
        if size:
            self.file = self.path.open("r+b")
            self.file.truncate(size)
            self.file.seek(size)

    def close(self) -> None:
        """Bring everything to the disk."""
        if self.file is not None:
            self.file.close()


def _harmless(rows: pa.Table) -> pa.Table:
    """The rows so that no spreadsheet takes a cell for a formula."""
    columns = [
        pc.replace_substring_regex(column, FORMULA, r"'\1") if pa.types.is_string(column.type) else column
        for column in rows.columns
    ]
    return pa.table(columns, names=rows.column_names)


def as_file(path: Path, number: int) -> FileResponse:
    """The rejected rows of import `number`, to be mended and sent again. Raises Http404 where there is no such file."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise Http404(_("This import has no file of rejected rows.")) from error
    name = f"rejected-{number}.csv"
    return FileResponse(file, as_attachment=True, filename=name, content_type="text/csv; charset=utf-8")
