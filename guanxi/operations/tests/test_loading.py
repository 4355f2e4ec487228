"""Rows on their way into PostgreSQL: what is wrong with them is told by whoever gives more, or waits for the end."""

from __future__ import annotations

import psycopg
import pytest
from django.db import connection

from guanxi.operations.backup.loading import Lane

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="a backup of SQLite is a file"),
]
COLUMNS = {"catalog_brand": ["id", "name"]}


def test_a_wrong_row_is_told_at_the_end() -> None:
    lane = Lane(COLUMNS)
    lane.give("catalog_brand", b"no number\tA\n")
    with pytest.raises(psycopg.DataError):
        lane.close()
    assert not lane.counts
    lane.leave()  # again, as whoever clears up does


def test_a_table_that_is_not_there_is_told_to_whoever_gives_more() -> None:
    lane = Lane({"nowhere": ["id"]})
    with pytest.raises(psycopg.ProgrammingError):
        _give_many(lane)
    lane.leave()


def _give_many(lane: Lane) -> None:
    for _piece in range(100):
        lane.give("nowhere", b"1\n")
