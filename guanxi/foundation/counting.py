"""How many rows several questions find: in one statement, and none counted further than asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet


def counted(questions: Sequence[QuerySet[Any]], most: int) -> list[int]:
    """The number of rows of each question, `most` where there are as many or more. One statement, or none."""
    found, parts, values = [0] * len(questions), [], []
    for place, rows in enumerate(questions):
        try:
            sql, given = rows.order_by().values_list("pk")[:most].query.get_compiler(connection=connection).as_sql()
        except EmptyResultSet:  # what finds nothing whoever asks
            continue
        parts.append(f"SELECT {place}, COUNT(*) FROM ({sql}) AS rows_{place}")
        values += given
    if parts:
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(parts), values)
            for place, number in cursor.fetchall():
                found[place] = number
    return found
