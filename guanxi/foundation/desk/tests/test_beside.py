"""The records before and after one in its list, by key; totals; cells edited in place."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from guanxi.foundation.desk import Desk
from guanxi.foundation.desk import state as states
from guanxi.foundation.desk.beside import beside
from guanxi.foundation.desk.tests.people import Party
from guanxi.foundation.models import User

pytestmark = pytest.mark.django_db


def order_of(client: Client, address: str) -> list[int]:
    """The whole list, as it is shown."""
    found: list[int] = []
    while address:
        page = client.get(address).content.decode()
        found += [int(number) for number in re.findall(r'name="ids" value="(\d+)"', page)]
        more = re.search(r'class="desk-more" hx-get="([^"]+)"', page)
        address = more[1].replace("&amp;", "&") if more else ""
    return found


@pytest.mark.parametrize("query", ["", "sort=-purchases.revenue", "sort=purchases.last_day&f.kind=person", "sort=city"])
def test_neighbours_are_those_of_the_list(
    desk: Desk, staff: User, staff_client: Client, parties: list[Any], query: str
) -> None:
    shown = order_of(staff_client, f"/people/?{query}")
    state = states.read(desk, staff, RequestFactory().get(f"/?{query}").GET)
    rows = {row.pk: row for row in Party.objects.all()}
    for before, here, after in zip([None, *shown], shown, [*shown[1:], None], strict=False):
        found = beside(state, rows[here])
        assert [one and one.pk for one in found] == [before, after], (query, here)


def test_the_links_and_their_cost(desk: Desk, staff_client: Client, parties: list[Any]) -> None:
    first, second, third = order_of(staff_client, "/people/?f.city=高雄")[:3]
    with CaptureQueriesContext(connection) as captured:
        page = staff_client.get(f"/people/{second}/beside/?f.city=高雄").content.decode()
    assert f'rel="prev" href="/people/{first}/"' in page and f'rel="next" href="/people/{third}/"' in page
    assert len(captured) <= 9
    assert staff_client.get(f"/people/{second}/beside/?f.city__gte=x").content.decode().strip() == ""


def test_totals_are_one_query_over_all_that_match(desk: Desk, staff_client: Client, parties: list[Any]) -> None:
    assert "/people/totals/?f.kind=person" in staff_client.get("/people/?f.kind=person").content.decode()
    with CaptureQueriesContext(connection) as captured:
        page = staff_client.get("/people/totals/?f.kind=person&cols=name,purchases.revenue,city").content.decode()
    wanted = sum(row.purchases.revenue for row in parties if row.kind == "person" and hasattr(row, "purchases"))
    assert f"{wanted:,.2f}" in page
    assert sum("SUM(" in query["sql"] for query in captured) == 1
    assert "Totals" not in staff_client.get("/people/?cols=name,city").content.decode()


def test_a_cell_is_edited_as_the_fact_is(desk: Desk, staff_client: Client, parties: list[Any]) -> None:
    row = parties[0]
    page = staff_client.get("/people/").content.decode()
    assert 'data-editable="name"' in page and 'data-editable="purchases.revenue"' not in page
    address = f"/people/{row.pk}/fact/name/?cell=1"
    assert "cell=1" in staff_client.get(f"{address}&edit").content.decode()
    saved = staff_client.post(address, {"value": "王美齡", "seen": f'"{row.name}"'}).content.decode()
    assert saved.strip() == f'<a href="/people/{row.pk}/">王美齡</a>'
    conflict = staff_client.post(address, {"value": "王美琳", "seen": f'"{row.name}"'})
    assert conflict.status_code == 409 and "王美齡" in conflict.content.decode()
    assert staff_client.get(address).content.decode().strip() == saved.strip()
