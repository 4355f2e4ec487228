"""Files of the home that name a customer: rejects and stages of imports, mails that were written to files.

Rows that name him are taken out of CSV and Parquet; a file of another kind that names him goes whole.
"""

from __future__ import annotations

import gzip
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from guanxi.customers.rights.kept import Elsewhere, Subject

FOLDERS = ("imports", "uploads", "mail")
LINES = (".csv", ".tsv", ".txt", ".jsonl")
LEFT = (".lock",)


def find(subject: Subject) -> list[dict[str, Any]]:
    """The files that name him."""
    home = Path(settings.GUANXI_HOME)
    return [{"file": str(path.relative_to(home))} for path in files() if names(path, subject.values)]


def erase(subject: Subject, stand_in: int) -> int:
    """Take him out of every file; how many were changed or deleted."""
    count = 0
    for path in list(files()):
        if names(path, subject.values):
            _without(path, subject.values)
            count += 1
    return count


def files() -> Iterator[Path]:
    """Every file that may name customers."""
    for folder in FOLDERS:
        for path in sorted((Path(settings.GUANXI_HOME) / folder).rglob("*")):
            if path.is_file() and path.suffix not in LEFT and path.stat().st_size:
                yield path


def forms(values: list[str]) -> list[bytes]:
    """Each value as files hold it: UTF-8, UTF-16, other Chinese encodings, escaped JSON, quoted-printable, base64."""
    import quopri

    found: set[bytes] = set()
    for value in values:
        for encoding in ("utf-8", "utf-16-le", "utf-16-be", "gb18030", "big5"):
            try:
                found.add(value.encode(encoding))
            except UnicodeEncodeError:
                continue
        found.add(json.dumps(value)[1:-1].encode())
        if not value.isascii():
            found.add(quopri.encodestring(value.encode()).rstrip(b"=\n"))
    return sorted(found)


def names(path: Path, values: list[str]) -> bool:
    """Whether a file names any of `values`."""
    if not values:
        return False
    if path.suffix == ".parquet":
        return any(pc.any(mask).as_py() for mask in (_mask(rows, values) for rows in [_table(path)]) if len(mask))
    pattern = re.compile(b"|".join(re.escape(form) for form in forms(values)))
    return any(pattern.search(text) for text in _contents(path))


def _contents(path: Path) -> Iterator[bytes]:
    data = path.read_bytes()
    yield data
    if data[:2] == b"\x1f\x8b":
        yield gzip.decompress(data)
    elif data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(path) as inside:
            for name in inside.namelist():
                yield inside.read(name)
    elif path.suffix in ("", ".log", ".eml"):
        from email import message_from_bytes
        from email.policy import default

        for part in message_from_bytes(data, policy=default).walk():
            if part.get_content_maintype() == "text":
                yield str(part.get_content()).encode()


def _without(path: Path, values: list[str]) -> None:
    if path.suffix == ".parquet":
        rows = _table(path)
        pq.write_table(rows.filter(pc.invert(_mask(rows, values))), path)
        return
    if path.suffix not in LINES:
        path.unlink()
        return
    pattern = re.compile(b"|".join(re.escape(form) for form in forms(values)))
    lines = path.read_bytes().splitlines(keepends=True)
    kept = [line for place, line in enumerate(lines) if place == 0 or not pattern.search(line)]
    path.write_bytes(b"".join(kept))


def _table(path: Path) -> pa.Table:
    try:
        return pq.read_table(path)
    except (OSError, pa.ArrowInvalid):  # cut off when its import was killed
        return pa.table({})


def _mask(rows: pa.Table, values: list[str]) -> pa.Array:
    """Which rows hold any of `values` in any text."""
    found = pa.array([False] * rows.num_rows, pa.bool_())
    wanted = "|".join(re.escape(form) for value in values for form in {value, json.dumps(value)[1:-1]})
    for column in rows.columns:
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            hit = pc.fill_null(pc.match_substring_regex(column, wanted), False)
            found = pc.or_(found, hit.combine_chunks() if isinstance(hit, pa.ChunkedArray) else hit)
    return found


FILES = Elsewhere("files", _("Files of imports and mails that name him"), erase, find, first=True)
