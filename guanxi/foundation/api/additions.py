"""What higher floors add to the answers of lower ones.

A lower floor answers with a schema of the kind `Extended`, which names its door, and calls `attach` with the rows that
it answers with. A higher floor hangs an `Addition` there::

    hooks.register("answer:parties", Addition("standing", StandingOut, standings_of))
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from ninja import Schema
from pydantic import Field, GetJsonSchemaHandler, SerializerFunctionWrapHandler, model_serializer
from pydantic.json_schema import JsonSchemaValue

from guanxi.foundation import hooks
from guanxi.foundation.visibility import Viewer


@dataclass(frozen=True)
class Addition:
    """A further field of an answer: `fetch(ids, viewer)` tells it of many records at once; null for those left out."""

    name: str
    schema: type[Schema]
    fetch: Callable[[Collection[int], Viewer], dict[int, Any]]


class Extended(Schema):
    """A schema whose answers have further fields, hung on the door `door`."""

    door: ClassVar[str]
    additions: dict[str, Any] = Field(default_factory=dict, exclude=True)

    @model_serializer(mode="wrap")
    def _with_additions(self, handler: SerializerFunctionWrapHandler):  # type: ignore[no-untyped-def]
        # Without a return type, so that the description of the answer stays that of the fields.
        return {**handler(self), **{one.name: self.additions.get(one.name) for one in hooks.get(self.door)}}

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        described = handler(core)
        inner = handler.resolve_ref_schema(described)
        for one in hooks.get(getattr(cls, "door", "")):
            said = handler(one.schema.__pydantic_core_schema__)
            inner["properties"][one.name] = {"anyOf": [said, {"type": "null"}]}
            inner.setdefault("required", []).append(one.name)
        return described


def attach(schema: type[Extended], rows: Iterable[Any], viewer: Viewer) -> None:
    """Let `rows` carry what hangs on the door of `schema`: one call of each addition, however many rows."""
    known = list(rows)
    for row in known:
        row.additions = {}
    for one in hooks.get(schema.door):
        found = one.fetch([row.pk for row in known], viewer)
        for row in known:
            if row.pk in found:
                row.additions[one.name] = one.schema.model_validate(found[row.pk]).model_dump(mode="json")
