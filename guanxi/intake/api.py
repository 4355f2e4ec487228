"""Imports for programs: send a file, see what it will do, let it run, take it back."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from django.http import FileResponse, HttpRequest
from ninja import Field, File, Form, Query, Router, Schema, Status
from ninja.files import UploadedFile

from guanxi.foundation.actions import Refused
from guanxi.foundation.api import keyset
from guanxi.foundation.api.types import Cursor, Limit, Number, Page
from guanxi.intake import actions, difference, plan, reverting, uploads
from guanxi.intake.models import ImportRun
from guanxi.intake.rejects import as_file

router = Router(tags=["Imports"])
KIND = (
    "What the file holds: parties, relationships, products, prices, sales, events, consents, or the name of a type "
    "that takes rows in bulk (`/api/v1/records/NAME/bulk`), such as price-lists."
)
Rule = Literal["create_or_update", "create", "update"]
MAPPING = "JSON: the column, or list of columns, that feeds each field; what is left out is found by itself."


class ImportIn(Schema):
    """How the file is taken in; what is left out is found in it."""

    kind: Annotated[str, Field(max_length=60, description=KIND)]
    rule: Rule = "create_or_update"
    dry_run: bool = Field(False, description="Only say what it would do.")
    mapping: Annotated[str, Field(max_length=100_000, description=MAPPING)] = ""
    options: Annotated[str, Field(max_length=10_000, description="JSON: values for all rows that say nothing.")] = ""
    match_by: Annotated[str, Field(max_length=100, description="Of external, card, mail, phone; with commas.")] = ""
    source: Annotated[str, Field(max_length=50)] = ""
    encoding: Annotated[str, Field(max_length=40)] = ""
    separator: Annotated[str, Field(max_length=1)] = ""
    date_format: Annotated[str, Field(max_length=40)] = ""
    decimal: Annotated[str, Field(max_length=1)] = ""


class ImportOut(Schema):
    id: int
    kind: str
    file_name: str
    file_size: int
    state: str
    rule: str
    dry_run: bool
    error: str
    read: int
    accepted: int
    rejected: int
    created: int
    updated: int
    unchanged: int
    skipped: int
    kept: int
    difference: dict[str, int] | None = Field(None, description="Rows by state; null where no comparison was made.")

    @staticmethod
    def resolve_difference(run: ImportRun) -> dict[str, int] | None:
        return None if run.difference is None else difference.counts(run)


class ImportedChange(Schema):
    field: str | None
    now: str | None
    then: str | None
    written: bool | None


class ImportedRow(Schema):
    row: int
    state: str
    outcome: str
    party_id: int | None
    label: str | None
    fields: list[ImportedChange]


class ImportedRows(Schema):
    items: list[ImportedRow]
    next: int | None = Field(None, description="`after` of the following page, null at the end.")


class KeptOut(Schema):
    object_type: str
    object_id: int
    party_id: int | None
    label: str | None
    field: str
    reason: str


class KeptPage(Schema):
    items: list[KeptOut]
    next: int | None = None


class RowPaging(Schema):
    after: Annotated[int, Field(ge=0, le=2**62)] = 0
    limit: Limit = 50


class RowFilter(RowPaging):
    state: Literal["", "new", "changed", "conflict", "possible_duplicate", "unchanged", "rejected", "skipped"] = ""


class RunFilter(Schema):
    cursor: Cursor | None = None
    limit: Limit = 50


@router.get("", response=Page[ImportOut], summary="List imports", operation_id="list_imports")
def list_imports(request: HttpRequest, asked: Query[RunFilter]) -> dict[str, Any]:
    """By number."""
    items, following = keyset.page(ImportRun.objects.visible_to(request.user), ["id"], asked.cursor, asked.limit)
    return {"items": items, "next": following}


@router.post("", response={202: ImportOut}, summary="Import a file", operation_id="create_import")
def create_import(request: HttpRequest, file: File[UploadedFile], body: Form[ImportIn]) -> Status[ImportRun]:
    """CSV, TSV, XLSX, Parquet, vCard or JSON lines. It runs in the background; ask for it until its state is `done`."""
    path = uploads.keep(file.chunks(), file.name or "file", request.user, file.size)
    planned = plan.prepare(
        body.kind,
        path,
        mapping=_mapping(body.mapping),
        options={name: str(value) for name, value in _json(body.options, "options").items()},
        rule=body.rule,
        match_by=[name.strip() for name in body.match_by.split(",") if name.strip()] or None,
        source=body.source or None,
        decimal=body.decimal or None,
        encoding=body.encoding or None,
        separator=body.separator or None,
        date_format=body.date_format or None,
    )
    run = actions.begin_import(planned, by=request.user, dry_run=body.dry_run)
    actions.begin_work(run, by=request.user)
    return Status(202, run)


def _json(text: str, name: str) -> dict[str, Any]:
    try:
        found = json.loads(text) if text else {}
    except (ValueError, RecursionError) as error:
        raise Refused(f"JSON: {error}"[:300], name) from error
    if not isinstance(found, dict):
        raise Refused("{…}", name)
    return found


def _mapping(text: str) -> dict[str, list[str]]:
    found = _json(text, "mapping")
    return {
        name: [str(one) for one in (value if isinstance(value, list) else [value])] for name, value in found.items()
    }


def _run(request: HttpRequest, number: int) -> ImportRun:
    return ImportRun.objects.visible_to(request.user).get(pk=number)


@router.get("/{number}", response=ImportOut, summary="Get an import", operation_id="get_import")
def get_import(request: HttpRequest, number: Number) -> ImportRun:
    """How far it is and what came of it."""
    return _run(request, number)


@router.get(
    "/{number}/difference", response=ImportedRows, summary="What it does, by row", operation_id="import_difference"
)
def get_difference(request: HttpRequest, number: Number, asked: Query[RowFilter]) -> dict[str, Any]:
    """Of a dry run: what becomes of each row, and of each field of it. `next` is `after` of the next page."""
    run = _run(request, number)
    items, following = difference.page(run, asked.state, asked.after, asked.limit)
    return {"items": items, "next": following}


@router.get("/{number}/kept", response=KeptPage, summary="What a revert left alone", operation_id="import_kept")
def get_kept(request: HttpRequest, number: Number, asked: Query[RowPaging]) -> dict[str, Any]:
    """What was edited since, or belongs to somebody else by now."""
    items, following = reverting.kept(_run(request, number), asked.after, asked.limit)
    return {"items": items, "next": following}


@router.get("/{number}/rejected", summary="The rejected rows as CSV", operation_id="import_rejected")
def get_rejected(request: HttpRequest, number: Number) -> FileResponse:
    """Each with its number, column, value and reason, to be mended and sent again; 404 where none was rejected."""
    return as_file(_run(request, number).rejects_path, number)


@router.post("/{number}/pause", response=ImportOut, summary="Pause an import", operation_id="pause_import")
def pause_import(request: HttpRequest, number: Number) -> ImportRun:
    """It stops after the rows it is writing."""
    return actions.pause_import(_run(request, number), by=request.user)


@router.post("/{number}/resume", response=ImportOut, summary="Resume an import", operation_id="resume_import")
def resume_import(request: HttpRequest, number: Number) -> ImportRun:
    """It goes on where it stood."""
    return actions.resume_import(_run(request, number), by=request.user)


@router.post("/{number}/cancel", response=ImportOut, summary="Cancel an import", operation_id="cancel_import")
def cancel_import(request: HttpRequest, number: Number) -> ImportRun:
    """It stops for good; what is written stays until it is reverted."""
    return actions.cancel_import(_run(request, number), by=request.user)


@router.post("/{number}/revert", response={202: ImportOut}, summary="Revert an import", operation_id="revert_import")
def revert_import(request: HttpRequest, number: Number) -> Status[ImportRun]:
    """Takes back all that it did, in the background."""
    return Status(202, actions.begin_revert(_run(request, number), by=request.user))
