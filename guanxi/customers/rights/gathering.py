"""Everything kept about a customer, as one ZIP: to read (HTML in his language) and for machines (JSON, CSV, schema)."""

from __future__ import annotations

import csv
import io
import json
import secrets
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import models
from django.template.loader import render_to_string
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import override

from guanxi.customers.actions.consents import spoken
from guanxi.customers.models import Party
from guanxi.customers.rights.kept import Kept, Subject, elsewhere, kept, subject_of
from guanxi.foundation import clock
from guanxi.foundation.desk.export import BOM, harmless
from guanxi.foundation.tasks import progress

FOLDER = "rights"
KEPT_FOR = timedelta(days=7)
MOST_SHOWN = 1_000  # rows of one table on the page; the machine-readable files have all
MEDIA = "files"


@dataclass(frozen=True)
class Table:
    """The rows of one kind."""

    key: str
    title: str
    columns: dict[str, str]  # name → what it means
    rows: list[dict[str, Any]]
    told: list[str]

    @property
    def shown(self) -> list[list[str]]:
        """The first rows, as text."""
        return [[_plain(row.get(name)) for name in self.columns] for row in self.rows[:MOST_SHOWN]]

    @property
    def left_out(self) -> int:
        return max(0, len(self.rows) - MOST_SHOWN)


def gather(party: Party) -> list[Table]:
    """All tables with rows about `party`, in the active language."""
    subject = subject_of(party)
    tables = []
    for one in kept():
        if one.given:
            rows = [one.values(row) for row in one.of(subject)]
            told = one.told(subject) if one.told else []
            if rows or told:
                tables.append(Table(one.name.replace(".", "_"), one.title, _columns(one, rows), rows, told))
        progress(message=one.title)
    for place in elsewhere():
        rows = place.find(subject)
        if rows:
            names = {name: name for row in rows for name in row}
            tables.append(Table(place.key, str(place.label), names, rows, []))
    return tables


def pack(party: Party) -> str:
    """Write the ZIP; its name under MEDIA_ROOT."""
    language = spoken(party.language)
    with override(language):
        tables = gather(party)
        name = f"{FOLDER}/{secrets.token_urlsafe(24)}.zip"
        with tempfile.TemporaryFile() as packed:
            _fill(packed, party, tables, language)
            packed.seek(0)
            return default_storage.save(name, File(packed))


def _fill(packed: IO[bytes], party: Party, tables: list[Table], language: str) -> None:
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("index.html", render_to_string("rights/kept.html", _page(party, tables, language)))
        file.writestr("data.json", _json({table.key: table.rows for table in tables}))
        file.writestr("schema.json", _json({table.key: _schema(table) for table in tables}))
        for table in tables:
            if table.rows:
                file.writestr(f"{table.key}.csv", _csv(table))
        for stored, inside in _files(subject_of(party)):
            file.writestr(inside, stored.read())


def _page(party: Party, tables: list[Table], language: str) -> dict[str, Any]:
    sources = party.source_records.values_list("source__name", flat=True).distinct()
    return {
        "party": party,
        "tables": tables,
        "language": language,
        "sources": sorted({str(_(name)) for name in sources}),
        "moment": clock.now(),
    }


def _schema(table: Table) -> dict[str, Any]:
    return {"title": table.title, "columns": table.columns, "rows": len(table.rows)}


def _columns(one: Kept, rows: list[dict[str, Any]]) -> dict[str, str]:
    known = {f.name: capfirst(str(f.verbose_name)) for f in one.model._meta.concrete_fields}
    return {name: known.get(name, name) for row in rows[:1] for name in row}


def _files(subject: Subject) -> Iterator[tuple[Any, str]]:
    """Files that hang on him, opened, and their names in the ZIP."""
    for one in kept():
        fields = [f for f in one.model._meta.concrete_fields if isinstance(f, models.FileField)]
        for row in one.of(subject) if fields and one.given else ():
            for field in fields:
                stored = getattr(row, field.attname)
                if stored and field.storage.exists(stored.name):
                    with field.storage.open(stored.name) as opened:
                        yield opened, f"{MEDIA}/{row.pk}-{Path(stored.name).name}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, default=str)


def _csv(table: Table) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(table.columns)
    for row in table.rows:
        writer.writerow([harmless(_plain(row.get(name))) for name in table.columns])
    return BOM + text.getvalue()


def _plain(value: Any) -> str:
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else str(value)
