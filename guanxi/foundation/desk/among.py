"""A condition on very many rows at once."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from django.db.models import BooleanField, F, Func


class Among(Func):
    """`id IN (…)` with all values in one parameter: thousands of them cost the ORM and the parser nothing."""

    conditional = True
    output_field = BooleanField()

    def __init__(self, column: str, ids: Collection[int | str]) -> None:
        super().__init__(F(column))
        self.ids = list(ids)

    def as_sqlite(self, compiler: Any, connection: Any, **_context: Any) -> tuple[str, tuple[Any, ...]]:
        column, values = compiler.compile(self.source_expressions[0])
        return f"({column} IN (SELECT value FROM json_each(%s)))", (*values, json.dumps(self.ids))

    def as_postgresql(self, compiler: Any, connection: Any, **_context: Any) -> tuple[str, tuple[Any, ...]]:
        column, values = compiler.compile(self.source_expressions[0])
        return f"({column} = ANY(%s))", (*values, self.ids)
