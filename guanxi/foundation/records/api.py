"""The operations of each registered type, made from its declaration when the API is built."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status
from ninja.params.functions import Body

from guanxi.foundation import visibility
from guanxi.foundation.api.types import Limit, Number
from guanxi.foundation.desk import declaration, editing, filters
from guanxi.foundation.desk.declaration import Desk
from guanxi.foundation.records import asking, bulk, expanding, writing
from guanxi.foundation.records.values import schema_of

# Without `from __future__ import annotations`: the types of an operation are made where it is.
PREFIX = "/records"
LONGEST = 2000
Names = Annotated[str, Field(max_length=LONGEST)]


class Asked(Schema):
    """What of a record is to be told."""

    fields: Names = Field("", description="Names of fields, by commas; `*` for all.")
    expand: Names = Field("", description="What to tell beside it, by commas, below `expanded`.")


class ListAsked(Asked):
    """What of which records is to be told. Beside these, all filters of the list: `f.name`, `f.name__not`, …"""

    q: Annotated[str, Field(max_length=filters.LONGEST)] = Field("", description="Words to look for.")
    sort: Annotated[str, Field(max_length=200)] = Field("", description="The name of a column; “-” for descending.")
    view: Annotated[str, Field(max_length=19)] = Field("", description="The number of a saved view.")
    cursor: Annotated[str, Field(max_length=2000)] = Field("", description="`next` of the page before.")
    limit: Limit = 50


def routers() -> list[tuple[str, Router]]:
    """A router for each registered type."""
    return [(f"{PREFIX}/{desk.slug}", _router(desk)) for desk in declaration.registered()]


class Described:
    """What a type's JSON is, worked out when the description is asked for: it may have got fields since."""

    def __init__(self, make: Callable[[Desk], dict[str, Any]], desk: Desk) -> None:
        self.make, self.desk = make, desk

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
        with visibility.seeing(None):  # whole, whoever asks; each answer tells what its caller may see
            return self.make(self.desk)


def _router(desk: Desk) -> Router:
    router = Router(tags=[f"Records: {desk.slug}"])
    item = Annotated[dict[str, Any], Described(_item_schema, desk)]
    if desk.importable:
        _taking_in(router, desk)  # before what takes any word for a number
    _reading(router, desk, item)
    if desk.create_action is not None and desk.new:
        _creating(router, desk, item)
    if desk.edit_action is not None:
        _changing(router, desk, item)
    if getattr(type(desk), "remove", None) is not None:
        _removing(router, desk)
    return router


def _reading(router: Router, desk: Desk, item: Any) -> None:
    page = Annotated[dict[str, Any], Described(_page_schema, desk)]
    words = f"Records of {desk.slug}, in the order of the list."

    @router.get("", response=page, summary=f"List {desk.slug}", operation_id=_id("list", desk), description=words)
    def list_records(request: HttpRequest, asked: Query[ListAsked]) -> Any:
        visibility.require(request.user, "view", desk.model)
        fields = asked.fields or request.GET.get("cols", "")
        return asking.page(desk, request, fields, asked.expand, asked.cursor, asked.limit)

    @router.get(
        "/{number}", response=item, summary=f"Get one of {desk.slug}", operation_id=_id("get", desk),
        description="One record.",
    )  # fmt: skip
    def get_record(request: HttpRequest, number: Number, asked: Query[Asked]) -> Any:
        visibility.require(request.user, "view", desk.model)
        return asking.one(desk, request, number, asked.fields, asked.expand)


def _creating(router: Router, desk: Desk, item: Any) -> None:
    body_type = Annotated[dict[str, Any], Described(_new_schema, desk)]

    @router.post(
        "", response={201: item}, summary=f"Create one of {desk.slug}", operation_id=_id("create", desk),
        description="As the “New” form does it.",
    )  # fmt: skip
    def create_record(request: HttpRequest, body: body_type = Body(...)) -> Any:  # noqa: B008
        return Status(201, asking.one(desk, request, writing.create(desk, body, request.user)))


def _changing(router: Router, desk: Desk, item: Any) -> None:
    body_type = Annotated[dict[str, Any], Described(_change_schema, desk)]

    @router.patch(
        "/{number}", response=item, summary=f"Change one of {desk.slug}", operation_id=_id("change", desk),
        description="Only what is sent changes.",
    )  # fmt: skip
    def change_record(request: HttpRequest, number: Number, body: body_type = Body(...)) -> Any:  # noqa: B008
        return asking.one(desk, request, writing.change(desk, number, body, request.user))


def _removing(router: Router, desk: Desk) -> None:
    @router.delete(
        "/{number}", response={204: None}, summary=f"Remove one of {desk.slug}", operation_id=_id("remove", desk),
        description="Refused where something hangs on it.",
    )  # fmt: skip
    def remove_record(request: HttpRequest, number: Number) -> Any:
        writing.remove(desk, number, request.user)
        return Status(204, None)


class RowsIn(Schema):
    """Rows of one type."""

    rows: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=bulk.MOST)]


class RowError(Schema):
    field: str | None
    detail: str


class RowResult(Schema):
    row: int = Field(description="The place in `rows`, from 0.")
    result: Literal["created", "changed", "unchanged", "rejected"]
    id: int | None = None
    errors: list[RowError] = []


class RowsOut(Schema):
    rows: list[RowResult]


def _taking_in(router: Router, desk: Desk) -> None:
    @router.post(
        "/bulk", response=RowsOut, summary=f"Take in many of {desk.slug}", operation_id=_id("take_in", desk),
        description=f"Up to {bulk.MOST:,}, each made or, where its `{desk.importable}` is known, changed.",
    )  # fmt: skip
    def take_in(request: HttpRequest, body: RowsIn) -> Any:
        return {"rows": bulk.take_in(desk, body.rows, request.user)}


# Descriptions ---------------------------------------------------------------------------------------------------------


def _id(verb: str, desk: Desk) -> str:
    return f"{verb}_record_of_{desk.slug.replace('-', '_')}"


def _object(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _new_schema(desk: Desk) -> dict[str, Any]:
    fields = writing.of_new(desk)
    return _object(
        {one.name: schema_of(one) for one in fields}, [one.name for one in fields if editing.is_required(one)]
    )


def _change_schema(desk: Desk) -> dict[str, Any]:
    names = {field.name: schema_of(field) for field in desk.all_facts() if editing.is_editable(field)}
    expected = {"type": ["object", "null"], "description": "The values that you saw; 409 where somebody changed them."}
    return _object({**names, "expected": expected}, [])


def complete(schema: dict[str, Any]) -> None:
    """Put into the description of the API by what each list is filtered, and what can be expanded."""
    for desk in declaration.registered():
        path = schema["paths"].get(f"/api/v1{PREFIX}/{desk.slug}")
        if path is not None:
            with visibility.seeing(None):
                words = f"Filters: {', '.join(_filters(desk)) or 'none'}."
                more = f"Can be expanded: {', '.join(sorted(expanding.offered(desk))) or 'nothing'}."
            path["get"]["description"] += f" {words} {more}"


def _item_schema(desk: Desk) -> dict[str, Any]:
    known = {name: schema_of(field) for name, field in asking.known_fields(desk).items()}
    beside = {"expanded": {"type": "object"}}
    return {"type": "object", "properties": {**known, **beside, "id": {"type": "integer"}}, "required": ["id"]}


def _page_schema(desk: Desk) -> dict[str, Any]:
    properties = {
        "items": {"type": "array", "items": _item_schema(desk)},
        "next": {"type": ["string", "null"]},
        "page": {"type": "string", "description": "The address of the same list on the screen."},
    }
    return {"type": "object", "properties": properties, "required": list(properties)}


def _filters(desk: Desk) -> list[str]:
    return [
        f"`f.{field.name}`" + "".join(f" `__{operator}`" for operator in filters.operators_of(field.kind) if operator)
        for field in desk.all_filters()
        if field.path is not None or field.column.condition
    ]
