"""Many rows in one call."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Field, Router, Schema

from guanxi.intake import rows
from guanxi.intake.api import Rule
from guanxi.intake.fields import fields_of

Kind = Literal["parties", "relationships", "products", "prices", "sales", "events", "consents"]
router = Router(tags=["Bulk"])
FIELDS = "Fields by the names that imports know: `GET /bulk/{kind}/fields`. Lists where a field takes several."


class BulkIn(Schema):
    """Rows of one kind."""

    rows: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=rows.MOST, description=FIELDS)]
    source: Annotated[str, Field(max_length=50, pattern="^[A-Za-z0-9_-]*$")] = Field(
        "", description="Who says so: with the row's own number, that is by what it is found again."
    )
    rule: Rule = "create_or_update"
    options: dict[str, Annotated[str, Field(max_length=200)]] = Field(
        {}, description="Values for all rows that say nothing."
    )
    match_by: list[Literal["external", "card", "mail", "phone"]] = Field(
        [], description="By what customers are known again; left out: by all."
    )


class BulkError(Schema):
    field: str
    value: str
    detail: str


class BulkResult(Schema):
    row: int = Field(description="The place in `rows`, from 0.")
    result: Literal["created", "known", "accepted", "rejected"] = Field(
        description="`known`: it was there and says now what the row says; `accepted`: of rows without a number."
    )
    id: int | None = None
    errors: list[BulkError] = []


class BulkOut(Schema):
    import_run: int = Field(description="The import that did it; it can be reverted.")
    created: int
    updated: int
    unchanged: int
    rejected: int
    rows: list[BulkResult]


class BulkField(Schema):
    name: str
    label: str
    required: bool
    many: bool


@router.post("/{kind}", response=BulkOut, summary="Take in many rows", operation_id="bulk_rows")
def bulk_rows(request: HttpRequest, kind: Kind, body: BulkIn) -> HttpResponse:
    """Up to 10,000, through the engine of imports: bad ones are told, the others are written. Sent again they change
    nothing; so no `Idempotency-Key` is needed, nor taken."""
    answer = rows.take_in(
        kind, body.rows, by=request.user, source=body.source, rule=body.rule, options=body.options,
        match_by=body.match_by,
    )  # fmt: skip
    run = answer.run
    counts = {name: getattr(run, name) for name in ("created", "updated", "unchanged", "rejected")}
    told = {"import_run": run.pk, **counts, "rows": [vars(one) for one in answer.rows]}
    # Written as it stands: ten thousand rows need no second look.
    return HttpResponse(json.dumps(told, ensure_ascii=False), content_type="application/json; charset=utf-8")


@router.get("/{kind}/fields", response=list[BulkField], summary="Fields of a kind", operation_id="bulk_fields")
def bulk_fields(request: HttpRequest, kind: Kind) -> list[dict[str, Any]]:
    """What rows of a kind may say."""
    return [
        {"name": one.name, "label": str(one.label), "required": one.required, "many": one.many}
        for one in fields_of(kind).values()
    ]
