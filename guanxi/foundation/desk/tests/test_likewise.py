"""Statements of lanes, put together from one that Django made: they find what each made in full finds."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.db.models import Q, QuerySet

from guanxi.foundation.desk.likewise import Compiled, Conditions
from guanxi.foundation.desk.shapes import Lane
from guanxi.foundation.desk.tests.people import Party

pytestmark = pytest.mark.django_db

CONDITIONS = [
    Q(kind="person"),
    Q(kind="organisation") & ~Q(city="Taipei"),
    Q(),  # every row
    Q(pk__in=[]),  # none
    Q(name__contains="100%s %%"),
    Q(name__startswith="王") | Q(city__isnull=True),
    Q(purchases__revenue__gt=0),  # in another table
]


def found(statement: tuple[str, list[Any]]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(*statement)
        return [pk for (pk,) in cursor.fetchall()]


@pytest.mark.parametrize("number", range(len(CONDITIONS)))
def test_put_in_is_as_asked_in_full(parties: list[Any], number: int) -> None:
    Party.objects.filter(pk=parties[0].pk).update(name="100%s %% 王")

    def make(condition: Any) -> QuerySet[Any]:
        rows: QuerySet[Any] = Party.objects.exclude(name="5 %s").filter(condition).exclude(name="%")
        return rows.order_by("-pk").values_list("pk")[:50]

    compiled = Compiled(Conditions(Party), make)
    compiled.of(Lane("first", "First", CONDITIONS[0]))  # of it nothing is left in the next
    condition = CONDITIONS[number]
    expected = [pk for (pk,) in make(condition)]
    assert found(compiled.of(Lane("one", "One", condition))) == expected
    assert bool(expected) == (condition != Q(pk__in=[]))
