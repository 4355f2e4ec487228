"""Records out of a file and clusters into one: CSV or Parquet, by the ending of the name."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from django.utils.translation import gettext_lazy as _

from guanxi.customers.matching.columns import MOST_COLUMNS
from guanxi.customers.matching.errors import CannotMatch, said

PARQUET, CSV = (".parquet", ".pq"), (".csv", ".tsv", ".txt")
MARKS = {
    b"PAR1": "Parquet",
    b"PK\x03\x04": "XLSX / ZIP",
    b"\x1f\x8b": "gzip",
    b"%PDF": "PDF",
    b"\xd0\xcf\x11\xe0": "XLS",
}
LOOKED_AT = 200_000  # bytes by which encoding and separator are told


def read(path: Path) -> pa.Table:
    """The records of a file, all columns of a CSV file as text. Raises CannotMatch: what is wrong, how to mend it."""
    if not path.is_file():
        raise CannotMatch(said(_("There is no file %(file)s."), {"file": path}))
    if kind(path) == "parquet":
        try:
            table = pa.parquet.read_table(path)
        except (pa.ArrowInvalid, OSError) as error:
            message = _("%(file)s is no Parquet file, or a damaged one: %(error)s")
            raise CannotMatch(said(message, {"file": path.name, "error": _first_line(error)})) from error
    else:
        table = _csv(path)
    if not table.num_rows:
        raise CannotMatch(said(_("%(file)s holds no records."), {"file": path.name}))
    return table


def kind(path: Path) -> str:
    """ "parquet" or "csv". Raises CannotMatch for any other ending."""
    ending = path.suffix.lower()
    if ending not in PARQUET + CSV:
        message = _("%(file)s: the name must end in .csv, .tsv or .parquet.")
        raise CannotMatch(said(message, {"file": path.name}))
    return "parquet" if ending in PARQUET else "csv"


def write(table: pa.Table, path: Path) -> None:
    """Write a table in the form that the name's ending tells; what was there is replaced only once all is written."""
    beside = path.with_name(path.name + ".part")
    try:
        if kind(path) == "parquet":
            pa.parquet.write_table(table, beside)
        else:
            pa.csv.write_csv(table, beside, pa.csv.WriteOptions(quoting_style="needed"))
        beside.replace(path)
    except OSError as error:
        raise CannotMatch(said(_("%(file)s cannot be written: %(error)s"), {"file": path, "error": error})) from error
    finally:
        beside.unlink(missing_ok=True)


def _csv(path: Path) -> pa.Table:
    with path.open("rb") as file:
        head = file.read(LOOKED_AT)
    if not head.strip():
        raise CannotMatch(said(_("%(file)s is empty."), {"file": path.name}))
    for mark, name in MARKS.items():
        if head.startswith(mark):
            message = _("%(file)s ends like a text file but is %(kind)s. Save it as CSV, or give it its right ending.")
            raise CannotMatch(said(message, {"file": path.name, "kind": name}))
    source = _as_utf8(path, head)
    text = source[:LOOKED_AT].decode("utf-8", "ignore")
    line = text.split("\n", 1)[0]
    separator = "\t" if path.suffix.lower() == ".tsv" else max(",;\t|", key=line.count)
    names = next(csv.reader([line.rstrip("\r")], delimiter=separator))
    if len(names) > MOST_COLUMNS:
        message = _("%(file)s has %(count)d columns; at most %(most)d can be read. Leave out what is no field.")
        raise CannotMatch(said(message, {"file": path.name, "count": len(names), "most": MOST_COLUMNS}))
    try:
        return pa.csv.read_csv(
            io.BytesIO(source),
            pa.csv.ReadOptions(block_size=1 << 24),
            pa.csv.ParseOptions(delimiter=separator, newlines_in_values='"' in text),
            pa.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
            ),
        )
    except pa.ArrowInvalid as error:
        message = _("%(file)s is no table of %(count)d columns throughout: %(error)s")
        values = {"file": path.name, "count": len(names), "error": _first_line(error)}
        raise CannotMatch(said(message, values)) from error


def _as_utf8(path: Path, head: bytes) -> bytes:
    """The file's bytes in UTF-8 without a mark. Raises CannotMatch where they are in no such encoding."""
    raw = path.read_bytes()
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16").encode()
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    if b"\0" in head:
        message = _("%(file)s holds bytes that no text has. Save it as CSV in UTF-8.")
        raise CannotMatch(said(message, {"file": path.name}))
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        message = _("%(file)s is not in UTF-8: line %(line)d has the byte %(byte)s. Save it as CSV in UTF-8.")
        values = {"file": path.name, "line": line, "byte": f"0x{raw[error.start]:02x}"}
        raise CannotMatch(said(message, values)) from error
    return raw


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0][:300]
