"""Rows out of files, in batches of text: CSV and the like, XLSX, Parquet. Nothing is dropped unsaid.

Readers of CSV differ in what they do with a broken row: stop, skip, or swallow its neighbours. Here the file is first
cut into rows by the quotation marks alone, so that one broken row costs one row and every row has its line number; only
whole rows of the right width reach Arrow's parser.
"""

from __future__ import annotations

import codecs
import csv as python_csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv

from guanxi.intake import json_lines, vcards
from guanxi.intake.formats import FileFormat, damaged_parquet, is_rejects

ROW = "_row"  # the column that holds the line number (CSV) or row number in the file
BLOCK = 16 << 20
LONGEST_CELL = 16 << 20  # beyond this a quotation mark counts as never closed
NEWLINE, QUOTE = 10, 34


@dataclass
class Broken:
    """A row that could not be read at all: its number, what is wrong (a key of rejects.REASONS), its text."""

    row: int
    reason: str
    text: str


@dataclass
class Batch:
    """Rows as text: the file's columns and `_row`; beside them what could not be read, and how far in the file it
    is.
    """

    rows: pa.Table
    broken: list[Broken] = field(default_factory=list)
    position: int = 0  # bytes (CSV) or rows read so far

    @property
    def read(self) -> int:
        return int(self.rows.num_rows) + len(self.broken)


def batches(path: Path, form: FileFormat) -> Iterator[Batch]:
    """All rows of the file below its header. Of a file of rejects the apostrophes are taken off that it put there."""
    pieces = _batches(path, form)
    return (_as_written(piece, form) for piece in pieces) if is_rejects(form.columns) else pieces


def _as_written(batch: Batch, form: FileFormat) -> Batch:
    for place, name in enumerate(form.columns):
        plain = pc.replace_substring_regex(batch.rows.column(name), r"^'('*[=+\-@\t\r])", r"\1")
        batch.rows = batch.rows.set_column(place, name, plain)
    return batch


def _batches(path: Path, form: FileFormat) -> Iterator[Batch]:
    if form.kind in ("vcard", "jsonl"):
        return _objects(path, form)
    if form.kind == "xlsx":
        return _xlsx(path, form)
    if form.kind == "parquet":
        return _parquet(path, form)
    return _text(path, form)


# Text -------------------------------------------------------------------------------------------------------------


def _undecodable(error: UnicodeError) -> tuple[str, int]:
    return "\udcff", error.end  # type: ignore[attr-defined]


# A lone surrogate becomes invalid UTF-8 on the way out, by which the row is found and rejected below.
codecs.register_error("guanxi.mark", _undecodable)


def _utf8(file: BinaryIO, encoding: str) -> Iterator[bytes]:
    """The file in blocks of UTF-8; what does not decode becomes a byte that is invalid there."""
    if encoding == "utf-8":
        if file.read(3) != codecs.BOM_UTF8:
            file.seek(0)
        while block := file.read(BLOCK):
            yield block
        return
    decoder = codecs.getincrementaldecoder(encoding)("guanxi.mark")
    first = True
    while block := file.read(BLOCK):
        text = decoder.decode(block)
        yield (text.removeprefix("\ufeff") if first else text).encode("utf-8", "surrogatepass")
        first = False
    yield decoder.decode(b"", True).encode("utf-8", "surrogatepass")


def _text(path: Path, form: FileFormat) -> Iterator[Batch]:
    line = 1
    names: list[str] | None = None
    rest = b""
    with path.open("rb") as file:
        blocks = _utf8(file, form.encoding)
        block = next(blocks, None)
        while block is not None:
            following = next(blocks, None)
            buffer = rest + (block.replace(b"\r", b"\n") if form.old_mac else block)
            cut = cut_rows(buffer, form.separator.encode(), final=following is None)
            rest, block = buffer[cut.consumed :], following
            if names is None and cut.drop_header(buffer):  # probing.probe has read it
                names = form.columns
            if names is not None:
                yield _batch(buffer, cut, line, names, form.separator, file.tell())
            line += cut.lines


@dataclass
class Cut:
    """Where rows begin and end in a buffer, which lines are broken, how much of it was consumed."""

    starts: np.ndarray
    ends: np.ndarray
    broken: list[tuple[int, int]]
    consumed: int
    newlines: np.ndarray

    @property
    def lines(self) -> int:
        return int(np.searchsorted(self.newlines, self.consumed))

    def drop_header(self, buffer: bytes) -> bool:
        """Drop everything up to the first row that is not blank; whether there was one."""
        for place, (start, end) in enumerate(zip(self.starts, self.ends, strict=True)):
            if buffer[start:end].strip():
                self.starts, self.ends = self.starts[place + 1 :], self.ends[place + 1 :]
                return True
        return False


def cut_rows(buffer: bytes, separator: bytes, final: bool) -> Cut:
    """Cut a buffer into rows. A newline ends a row unless it stands between quotation marks."""
    data = np.frombuffer(buffer, dtype=np.uint8)
    newlines = np.flatnonzero(data == NEWLINE)
    quotes = np.flatnonzero(data == QUOTE) if b'"' in buffer else np.empty(0, dtype=np.int64)
    ends = newlines if not len(quotes) else newlines[np.searchsorted(quotes, newlines) % 2 == 0]
    last = int(ends[-1]) + 1 if len(ends) else 0
    unfinished = last < len(buffer)
    quotes_inside = quotes if final else quotes[quotes < last]
    if (
        (final and len(quotes) % 2)
        or not _well_quoted(data, quotes_inside, separator)
        or (not final and len(buffer) - last > LONGEST_CELL)
    ):
        return _cut_slowly(buffer, separator, final, newlines)
    if final and unfinished:
        ends, last = np.append(ends, len(buffer)), len(buffer)
    starts = np.concatenate(([0], ends[:-1] + 1)) if len(ends) else ends
    return Cut(starts.astype(np.int64), ends.astype(np.int64), [], last, newlines)


def _well_quoted(data: np.ndarray, quotes: np.ndarray, separator: bytes) -> bool:
    """Whether each quotation mark opens a cell at its beginning or closes it at its end."""
    if not len(quotes):
        return True
    bounds = np.zeros(256, dtype=bool)
    bounds[[NEWLINE, QUOTE, separator[0]]] = True
    opening, closing = quotes[0::2], quotes[1::2]
    before = opening[opening > 0] - 1
    after = closing[closing < len(data) - 1] + 1
    after = after + (data[after] == 13)  # a CR counts as part of the newline behind it
    return bool(bounds[data[before]].all() and bounds[data[after[after < len(data)]]].all())


def _cut_slowly(buffer: bytes, separator: bytes, final: bool, newlines: np.ndarray) -> Cut:
    """Row by row: a row whose quotation marks do not match is one broken line, and the next line begins anew."""
    sep = re.escape(separator)
    quoted = rb'"[^"]*+(?:""[^"]*+)*+"(?=' + sep + rb"|\r?\n|\r?\Z)"
    cell = rb"(?:" + quoted + rb'|(?!")[^' + sep + rb"\n]*+)"
    row = re.compile(cell + rb"(?:" + sep + cell + rb")*+\r?+(?=\n|\Z)")
    open_cell = re.compile(rb"(?:" + cell + sep + rb')*+"[^"]*+(?:""[^"]*+)*+"?\Z')
    starts, ends, broken = [], [], []
    place, size = 0, len(buffer)
    while place < size:
        found = row.match(buffer, place)
        if found and (found.end() < size or final):
            starts.append(place)
            ends.append(found.end())
            place = found.end() + 1
            continue
        waiting = size - place <= LONGEST_CELL * (4 if found else 1)
        end = buffer.find(b"\n", place)
        if not final and waiting and (found or end < 0 or open_cell.match(buffer, place)):
            break  # more of the file may finish it
        end = size if end < 0 else end
        broken.append((place, end))
        place = end + 1
    return Cut(np.array(starts, dtype=np.int64), np.array(ends, dtype=np.int64), broken, min(place, size), newlines)


def _batch(buffer: bytes, cut: Cut, line: int, names: list[str], separator: str, position: int) -> Batch:
    """Parse the rows of a cut; those that hold NUL, do not decode or are too wide or narrow are broken."""
    starts, ends = cut.starts, cut.ends
    numbers = line + np.searchsorted(cut.newlines, starts)
    spoilt = [(begin, end, "quotes") for begin, end in cut.broken]
    bad = _rows_with(buffer, starts, ends, b"\0") | _undecoded(buffer, starts, ends)
    blank = ends - starts <= 1
    blank[blank] = [not buffer[s:e].strip() for s, e in zip(starts[blank], ends[blank], strict=True)]
    keep = ~(bad | blank)
    for begin, end in zip(starts[bad], ends[bad], strict=True):
        spoilt.append((begin, end, "nul" if b"\0" in buffer[begin:end] else "encoding"))
    broken = [
        Broken(line + int(np.searchsorted(cut.newlines, b)), reason, _show(buffer[b:e])) for b, e, reason in spoilt
    ]
    stray = keep & _rows_with_stray_returns(buffer, starts, ends)
    if keep.all() and not cut.broken and len(starts) and not stray.any():
        body = memoryview(buffer)[int(starts[0]) : int(ends[-1])]
    else:
        mark = separator.encode()
        kept = zip(starts[keep], ends[keep], stray[keep], strict=True)
        pieces = [_quoted(buffer[s:e], mark) if odd else buffer[s:e].removesuffix(b"\r") for s, e, odd in kept]
        body = memoryview(b"\n".join(pieces))
    numbers = numbers[keep]
    rows, misfits = _parse(body, len(numbers), names, separator)
    for index, text, actual in misfits:
        broken.append(Broken(int(numbers[index]), f"columns:{actual}", text))
    if misfits:
        numbers = np.delete(numbers, [index for index, _, _ in misfits])
    assert len(numbers) == rows.num_rows, "every row is either parsed or broken"
    return Batch(rows.append_column(ROW, _whole(numbers)), broken, position)


def _rows_with(buffer: bytes, starts: np.ndarray, ends: np.ndarray, byte: bytes) -> np.ndarray:
    """Which rows hold a byte."""
    found = np.zeros(len(starts), dtype=bool)
    if byte in buffer and len(starts):
        places = np.flatnonzero(np.frombuffer(buffer, dtype=np.uint8) == byte[0])
        at = np.searchsorted(starts, places, side="right") - 1
        found[at[(at >= 0) & (places < ends[at])]] = True
    return found


def _rows_with_stray_returns(buffer: bytes, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Which rows hold a CR that does not belong to the end of a line; Arrow's parser would end a row there."""
    found = np.zeros(len(starts), dtype=bool)
    if b"\r" not in buffer or not len(starts):
        return found
    data = np.frombuffer(buffer, dtype=np.uint8)
    places = np.flatnonzero(data == 13)
    following = np.append(data, NEWLINE)[places + 1]
    at = np.searchsorted(starts, places, side="right") - 1
    inside = (at >= 0) & ((following != NEWLINE) | (places + 1 < ends[at]))
    found[at[inside]] = True
    return found


def _quoted(row: bytes, separator: bytes) -> bytes:
    """The same row with every cell between quotation marks."""
    sep = re.escape(separator)
    cell = re.compile(rb'"((?:[^"]|"")*+)"(?=' + sep + rb"|\r?\Z)|([^" + sep + rb"]*)")
    cells, place = [], 0
    while True:
        found = cell.match(row, place)
        assert found
        plain = found[2] if found[1] is None else None
        cells.append(b'"' + (found[1] if plain is None else plain.removesuffix(b"\r").replace(b'"', b'""')) + b'"')
        place = found.end() + 1
        if found.end() >= len(row.removesuffix(b"\r")):
            return separator.join(cells)


def _undecoded(buffer: bytes, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Which rows are not UTF-8."""
    found = np.zeros(len(starts), dtype=bool)
    if not len(starts):
        return found
    place, view = int(starts[0]), memoryview(buffer)[: int(ends[-1])]
    while True:
        try:
            codecs.utf_8_decode(view[place:], "strict", True)
            return found
        except UnicodeDecodeError as error:
            wrong = place + error.start
            at = int(np.searchsorted(starts, wrong, side="right")) - 1
            found[at] |= wrong < ends[at]
            if at + 1 >= len(starts):
                return found
            place = int(starts[at + 1])


def _show(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").replace("\0", "␀").rstrip("\r")


def _parse(
    body: memoryview, count: int, names: list[str], separator: str
) -> tuple[pa.Table, list[tuple[int, str, int]]]:
    """Arrow's parser over whole rows; `misfits` are the rows with too many or too few cells, by index."""
    misfits: list[tuple[int, str, int]] = []

    def misfit(row: Any) -> str:
        misfits.append((row.number - 1, row.text.rstrip("\r\n"), row.actual_columns))
        return "skip"

    schema = {name: pa.string() for name in names}
    if not count:
        return pa.table({name: pa.array([], pa.string()) for name in names}), []
    table = csv.read_csv(
        pa.BufferReader(pa.py_buffer(body)),
        csv.ReadOptions(column_names=names, use_threads=False, block_size=len(body) + 16),
        csv.ParseOptions(delimiter=separator, newlines_in_values=True, invalid_row_handler=misfit),
        csv.ConvertOptions(column_types=schema, strings_can_be_null=False, check_utf8=False),
    )
    return table, misfits


def _whole(numbers: np.ndarray) -> pa.Array:
    """Numbers as Arrow, without a detour: pa.array would import pandas to look whether this comes from there."""
    return pa.Array.from_buffers(
        pa.int64(), len(numbers), [None, pa.py_buffer(np.ascontiguousarray(numbers, np.int64))]
    )


def cells_of(text: str, separator: str, width: int) -> list[str]:
    """The cells of a broken row as far as they can be told, `width` of them."""
    try:
        cells = next(python_csv.reader(io.StringIO(text), delimiter=separator), [])
    except python_csv.Error:
        cells = text.split(separator)
    return (cells + [""] * width)[:width]


# Tables -----------------------------------------------------------------------------------------------------------


def _parquet(path: Path, form: FileFormat) -> Iterator[Batch]:
    try:
        yield from _pieces_of_parquet(path, form)
    except (pa.ArrowException, OSError) as error:
        if getattr(error, "errno", None):  # the disk speaks, not the reader
            raise
        raise damaged_parquet(path) from error


def _pieces_of_parquet(path: Path, form: FileFormat) -> Iterator[Batch]:
    file = pq.ParquetFile(path)
    seen = 0
    with duckdb.connect() as work:
        work.execute("SET TimeZone = 'UTC'")
        for piece in file.iter_batches(batch_size=200_000):
            rows = pa.Table.from_batches([piece]).rename_columns(form.columns)
            work.register("piece", rows)
            text = ", ".join(f"coalesce(CAST({quote(name)} AS VARCHAR), '') AS {quote(name)}" for name in form.columns)
            rows = work.sql(f"SELECT {text} FROM piece").to_arrow_table()
            numbers = _whole(np.arange(seen + 1, seen + 1 + rows.num_rows))
            seen += rows.num_rows
            yield Batch(rows.append_column(ROW, numbers), [], seen)


def _xlsx(path: Path, form: FileFormat) -> Iterator[Batch]:
    from python_calamine import CalamineWorkbook

    sheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
    width = len(form.columns)
    rows: list[list[str]] = []
    numbers: list[int] = []
    for number, cells in enumerate(sheet.iter_rows(), start=(sheet.start or (0, 0))[0] + 1):
        if number <= form.header_row:
            continue
        texts = [cell_text(cell) for cell in cells]
        if any(texts):
            rows.append((texts + [""] * width)[:width])
            numbers.append(number)
        if len(rows) >= 100_000:
            yield _cells(rows, numbers, form.columns)
            rows, numbers = [], []
    yield _cells(rows, numbers, form.columns)


def _cells(rows: list[list[str]], numbers: list[int], names: list[str]) -> Batch:
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    table = pa.table({name: pa.array(column, pa.string()) for name, column in zip(names, columns, strict=True)})
    return Batch(table.append_column(ROW, pa.array(numbers, pa.int64())), [], numbers[-1] if numbers else 0)


def _objects(path: Path, form: FileFormat) -> Iterator[Batch]:
    """vCards, or JSON line by line."""
    pieces = vcards.cards(path) if form.kind == "vcard" else json_lines.lines(path)
    rows: list[list[str]] = []
    numbers: list[int] = []
    broken: list[Broken] = []
    position = 0
    for number, text, position in pieces:
        cells = vcards.cells(text) if form.kind == "vcard" else _in_order(json_lines.of_line(text), form.columns)
        if cells is None:
            broken.append(Broken(number, "vcard" if form.kind == "vcard" else "json", _show(text[:20_000])))
        else:
            rows.append(cells)
            numbers.append(number)
        if len(rows) + len(broken) >= 50_000:
            yield Batch(_cells(rows, numbers, form.columns).rows, broken, position)
            rows, numbers, broken = [], [], []
    yield Batch(_cells(rows, numbers, form.columns).rows, broken, position)


def _in_order(cells: dict[str, str] | None, names: list[str]) -> list[str] | None:
    return None if cells is None else [cells.get(name, "") for name in names]


def cell_text(cell: Any) -> str:
    """A cell of a workbook as the text that a CSV file would hold."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(" ")
    if isinstance(cell, timedelta):
        return str(cell)
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell).strip("\0") if cell is not None else ""


def quote(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'
