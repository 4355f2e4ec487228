"""Plain fields of many rows written as a set, and the search that follows."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection
from functools import partial
from typing import Any

from django.db import connection, models

from guanxi.foundation.desk.among import Among
from guanxi.foundation.desk.sets import SetOfChanges, Sets
from guanxi.foundation.search.indexing import write
from guanxi.foundation.search.sources import source_of_model

FEW_VALUES = 20  # different new values that go with a statement each
AT_ONCE = 500


def in_sets(model: type[models.Model], names: Collection[str]) -> Sets:
    """Sets for a type whose `edit` does nothing beyond writing these fields and touching the search."""
    return Sets(partial(_write, model), frozenset(names).__contains__)


def _write(model: type[models.Model], changes: SetOfChanges) -> None:
    write_fields(model, changes)
    touch_again(model, list(changes.rows))


def write_fields(model: type[models.Model], changes: SetOfChanges, **alike: Any) -> None:
    """Write those of the changes that are fields of `model` itself, and `alike` into all of the rows.

    With the same statement where that can be: each costs a row all its indexes once more.
    """
    done: set[int] = set()
    wanted: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for number, fields in changes.rows.items():
        for name, (_before, after) in fields.items():
            if "." not in name:
                wanted[name][json.dumps(after)].append(number)
    for name, by_value in wanted.items():
        field: Any = model._meta.get_field(name)
        pairs = [(field.to_python(json.loads(text)), ids) for text, ids in by_value.items()]
        if len(pairs) <= FEW_VALUES:
            for value, ids in pairs:
                model._base_manager.filter(Among("pk", ids)).update(**{field.attname: value}, **alike)
                done.update(ids)
        else:
            write_values(model, field, [(value, number) for value, ids in pairs for number in ids])
    rest = [number for number in changes.rows if number not in done]
    if alike and rest:
        model._base_manager.filter(Among("pk", rest)).update(**alike)


def write_values(model: type[models.Model], field: Any, values: Collection[tuple[Any, int]]) -> None:
    """Write a value of its own to each of many rows."""
    quote = connection.ops.quote_name
    sql = f"UPDATE {quote(model._meta.db_table)} SET {quote(field.column)} = %s WHERE {quote('id')} = %s"
    with connection.cursor() as cursor:
        cursor.executemany(sql, [(field.get_db_prep_save(value, connection), number) for value, number in values])


def touch_again(model: type[models.Model], ids: list[int]) -> None:
    """Let the search find these rows as they are now."""
    try:
        source = source_of_model(model)
    except LookupError:
        return
    rows = model._base_manager.select_related(*source.select_related).prefetch_related(*source.prefetch_related)
    for start in range(0, len(ids), AT_ONCE):
        write(source, [source.entry(row) for row in rows.filter(pk__in=ids[start : start + AT_ONCE])])
