"""Finding what a file is: format, encoding, separator, columns; by looking, and shown before anything is done."""

from __future__ import annotations

import codecs
import csv
import io
import re
import zipfile
from collections import Counter
from pathlib import Path

from django.utils.translation import gettext as _

from guanxi.foundation.actions import Refused
from guanxi.intake import json_lines, vcards
from guanxi.intake.encoding import find_encoding
from guanxi.intake.formats import FileFormat, damaged_parquet

SAMPLE = 1 << 20
MOST_COLUMNS = 2_000
# Of a workbook: bytes when unpacked, how many times what it is packed, and how many parts it may have.
MOST_UNPACKED, MOST_RATIO, MOST_MEMBERS = 4 << 30, 200, 10_000
SMALL_MEMBER = 50_000_000
CONTROLS = bytes([*range(9), *range(14, 32), 127])  # signs that no text has
SEPARATORS = (",", "\t", ";", "|")
ENCODINGS = ("utf-8", "utf-16", "gb18030", "big5hkscs", "cp1252")


def probe(path: Path, encoding: str | None = None, separator: str | None = None) -> FileFormat:
    """Look at a file. Raises Refused where it is not there, empty, or nothing that can be read."""
    try:
        with path.open("rb") as file:
            head = file.read(SAMPLE)
    except OSError as error:
        message = _("The file %(path)s cannot be read: %(reason)s.")
        raise Refused(message % {"path": path, "reason": error.strerror}, "file") from error
    if not head.strip(b"\0\r\n\t \xef\xbb\xbf\xff\xfe"):
        raise Refused(_("The file %(name)s is empty.") % {"name": path.name}, "file")
    return _not_too_wide(path, _probed(path, head, encoding, separator))


def _probed(path: Path, head: bytes, encoding: str | None, separator: str | None) -> FileFormat:
    if head.startswith(b"PAR1"):
        return _probe_parquet(path)
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        _refuse_bomb(path)
        return _probe_workbook(path)
    if vcards.looks_like(head):
        return FileFormat("vcard", list(vcards.COLUMNS))
    if head.removeprefix(codecs.BOM_UTF8).lstrip()[:1] == b"{" and (columns := json_lines.columns(head)):
        return FileFormat("jsonl", _unique(columns))
    return _probe_text(path, head, encoding, separator)


def _not_too_wide(path: Path, form: FileFormat) -> FileFormat:
    if len(form.columns) > MOST_COLUMNS:
        message = _(
            "The file %(name)s has %(count)s columns; at most %(most)s can be read. Leave out what is not needed."
        )
        values = {"name": path.name, "count": f"{len(form.columns):,}", "most": f"{MOST_COLUMNS:,}"}
        raise Refused(message % values, "file")
    return form


def _refuse_bomb(path: Path) -> None:
    """Raise Refused where a workbook (a ZIP) would become far more than it is; its directory is read, nothing else."""
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        message = _("The workbook %(name)s cannot be read; save it anew as XLSX, or as CSV.")
        raise Refused(message % {"name": path.name}, "file") from error
    whole = sum(member.file_size for member in members)
    packed = max(path.stat().st_size, 1)
    swollen = any(
        one.file_size > SMALL_MEMBER and one.file_size > MOST_RATIO * max(one.compress_size, 1) for one in members
    )
    if (
        whole > MOST_UNPACKED
        or swollen
        or len(members) > MOST_MEMBERS
        or whole > max(SMALL_MEMBER, MOST_RATIO * packed)
    ):
        message = _(
            "The workbook %(name)s would unpack to %(size)s MB, far more than a table of its size; it is not opened. "
            "Save it as CSV."
        )
        raise Refused(message % {"name": path.name, "size": f"{whole // 1_000_000:,}"}, "file")


def _probe_parquet(path: Path) -> FileFormat:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return FileFormat("parquet", _unique(pq.ParquetFile(path).schema_arrow.names))
    except (pa.ArrowInvalid, OSError) as error:
        raise damaged_parquet(path) from error


def _probe_workbook(path: Path) -> FileFormat:
    from python_calamine import CalamineWorkbook

    from guanxi.intake.records import cell_text

    try:
        sheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
        for number, cells in enumerate(sheet.iter_rows(), start=(sheet.start or (0, 0))[0] + 1):
            texts = [cell_text(cell) for cell in cells]
            if any(texts):
                return FileFormat("xlsx", _unique(texts), header_row=number)
    except Exception as error:  # the reader has many ways to say that a workbook is broken
        message = _("The workbook %(name)s cannot be read; save it anew as XLSX, or as CSV.")
        raise Refused(message % {"name": path.name}, "file") from error
    raise Refused(_("The file %(name)s is empty.") % {"name": path.name}, "file")


def _probe_text(path: Path, head: bytes, encoding: str | None, separator: str | None) -> FileFormat:
    from guanxi.intake.records import cut_rows

    name = _known_encoding(encoding) if encoding else find_encoding(head)
    if name == "utf-8":
        sample = head.removeprefix(codecs.BOM_UTF8)
    else:
        sample = codecs.getincrementaldecoder(name)("replace").decode(head).removeprefix("\ufeff").encode()
    if len(sample) - len(sample.translate(None, CONTROLS)) > len(sample) * 0.03:
        message = _(
            "The file %(name)s is no table that can be read; there are CSV, TSV, XLSX, Parquet, vCard and JSON."
        )
        raise Refused(message % {"name": path.name}, "file")
    old_mac = b"\n" not in sample and b"\r" in sample
    if old_mac:
        sample = sample.replace(b"\r", b"\n")
    chosen = separator or find_separator(sample)
    if len(chosen) != 1 or not chosen.isascii():
        raise Refused(_("The separator has to be one character, such as , or ;"), "separator")
    cut = cut_rows(sample, chosen.encode(), final=True)
    start, end = next(((s, e) for s, e in zip(cut.starts, cut.ends, strict=True) if sample[s:e].strip()), (0, 0))
    if not end or (cut.broken and cut.broken[0][0] < start):
        raise Refused(_("The first row of %(name)s holds no column names.") % {"name": path.name}, "file")
    first = sample[start:end].decode("utf-8", "replace")
    header = next(csv.reader(io.StringIO(first, newline=""), delimiter=chosen), [])
    return FileFormat("text", _unique(header), name, chosen, old_mac)


def _known_encoding(name: str) -> str:
    try:
        found = codecs.lookup(name).name
    except LookupError as error:
        message = _("The encoding “%(name)s” is not known; known are for example %(known)s.")
        raise Refused(message % {"name": name, "known": ", ".join(ENCODINGS)}, "encoding") from error
    return {"utf-8-sig": "utf-8", "ascii": "utf-8", "big5": "big5hkscs", "gbk": "gb18030", "gb2312": "gb18030"}.get(
        found, found
    )


def find_separator(sample: bytes) -> str:
    """The separator that cuts most rows into as many cells as the first."""
    text = sample[:200_000].decode("utf-8", "replace")
    lines = [line for line in re.sub(r'"[^"]*"', "", text).splitlines()[:200] if line.strip()]
    if not lines:
        return ","

    def score(separator: str) -> tuple[float, int]:
        counts = [line.count(separator) for line in lines]
        same = Counter(counts)[counts[0]] / len(counts)
        return (same if counts[0] else 0.0, counts[0])

    best = max(SEPARATORS, key=score)
    return best if score(best)[1] else ","


def _unique(names: list[str]) -> list[str]:
    """Column names trimmed, empty ones named by their place, a repeated one numbered: "amount (2)"."""
    seen: Counter[str] = Counter()
    result = []
    for place, raw in enumerate(names, start=1):
        name = " ".join(str(raw).replace("\0", "").split()) or _("column %(place)s") % {"place": place}
        seen[name] += 1
        while seen[name] > 1 and f"{name} ({seen[name]})" in seen:
            seen[name] += 1
        result.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
        seen[result[-1]] = max(seen[result[-1]], 1)
    return result
