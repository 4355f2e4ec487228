"""Saved views, exports and bulk actions through HTTP."""

from __future__ import annotations

import csv
import html
import io
from typing import Any

import pytest
from django.test import Client
from openpyxl import load_workbook

from guanxi.foundation import hooks
from guanxi.foundation.actions import Refused
from guanxi.foundation.desk import Bulk, Desk
from guanxi.foundation.desk.export import harmless
from guanxi.foundation.desk.models import SavedView, ViewChoice
from guanxi.foundation.desk.tests.people import Party
from guanxi.foundation.models import AuditEntry, User

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def words(page: Any) -> str:
    return html.unescape(page.content.decode())


def save(client: Client, name: str = "臺北的客戶", query: str = "f.city=臺北&sort=-name", **more: str) -> Any:
    return client.post("/people/views/", {"name": name, "query": query, **more}, headers=HTMX)


def do(client: Client, view: SavedView, what: str, **more: str) -> Any:
    return client.post(f"/people/views/{view.pk}/", {"do": what, **more})


@pytest.fixture
def colleague(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_user("yating", first_name="雅婷", last_name="李", is_staff=True))
    return client


def test_a_view_is_saved_and_opened(staff_client: Client, desk: Desk, parties: list[Any]) -> None:
    answer = save(staff_client, pinned="on")
    view = SavedView.objects.get()
    assert answer["HX-Redirect"] == f"/people/?view={view.pk}&{view.query}"
    page = words(staff_client.get(answer["HX-Redirect"]))
    assert "臺北的客戶" in page
    assert "City is 臺北" in page
    assert "Unpin from the side bar" in page
    assert AuditEntry.objects.filter(object_type="desk.savedview").count() == 1
    side = words(staff_client.get("/audit/"))
    assert "臺北的客戶" in side  # pinned: in the side bar of every page
    assert "changed" in words(staff_client.get(f"/people/?view={view.pk}&f.city=Taipei"))


def test_a_view_needs_a_name_of_its_own(staff_client: Client, desk: Desk) -> None:
    save(staff_client)
    again = save(staff_client)
    assert again.status_code == 422
    assert "You have a view of this name already" in words(again)
    assert 'value="臺北的客戶"' in words(again)
    assert save(staff_client, name="  ").status_code == 422
    assert save(staff_client, name="x" * 101).status_code == 422
    assert SavedView.objects.count() == 1


def test_a_view_is_changed(staff_client: Client, desk: Desk) -> None:
    save(staff_client)
    view = SavedView.objects.get()
    do(staff_client, view, "rename", name="北部")
    do(staff_client, view, "share")
    do(staff_client, view, "pin")
    do(staff_client, view, "update", query="f.city=高雄")
    view.refresh_from_db()
    assert (view.name, view.shared, view.query) == ("北部", True, "f.city=%E9%AB%98%E9%9B%84")
    assert ViewChoice.objects.get().pinned
    do(staff_client, view, "unshare")
    do(staff_client, view, "unpin")
    do(staff_client, view, "nonsense")
    view.refresh_from_db()
    assert not view.shared
    assert not ViewChoice.objects.get().pinned
    do(staff_client, view, "delete")
    assert not SavedView.objects.exists()
    assert do(staff_client, view, "pin").status_code == 302


def test_a_default_view_opens_first_and_there_is_one(staff_client: Client, desk: Desk) -> None:
    save(staff_client)
    save(staff_client, name="高雄", query="f.city=高雄")
    first, second = SavedView.objects.order_by("id")
    do(staff_client, first, "default")
    do(staff_client, second, "default")
    assert staff_client.get("/people/")["Location"] == f"/people/?view={second.pk}&{second.query}"
    assert staff_client.get("/people/?view=").status_code == 200
    assert ViewChoice.objects.filter(is_default=True).count() == 1


def test_a_shared_view_is_seen_but_not_changed_by_others(staff_client: Client, colleague: Client, desk: Desk) -> None:
    save(staff_client)
    view = SavedView.objects.get()
    assert "臺北的客戶" not in words(colleague.get("/people/"))
    assert do(colleague, view, "rename", name="x").status_code == 302  # as if it were not there
    do(staff_client, view, "share")
    assert "臺北的客戶" in words(colleague.get("/people/"))
    assert do(colleague, view, "delete").status_code == 403
    view.refresh_from_db()
    assert view.name == "臺北的客戶"


def test_csv_holds_all_rows_and_chosen_columns(staff_client: Client, desk: Desk, parties: list[Any]) -> None:
    answer = staff_client.get(
        "/people/export.csv?sort=-purchases.revenue&cols=name,purchases.revenue,roles.role,created_at"
    )
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(text)))
    assert lines[0] == ["Name", "Value so far", "Role", "Known since"]
    assert len(lines) == 121
    assert [line[1] for line in lines[1:3]] == ["61.50", "61.50"]
    assert {line[0] for line in lines[1:]} == {party.name for party in parties}
    assert any(line[2] == "Customer, Prospect, Supplier" for line in lines)
    assert "attachment" in answer["Content-Disposition"]
    entry = AuditEntry.objects.latest("id")
    assert entry.object_label == "Customers as CSV"
    assert "sort=-purchases.revenue" in entry.changes["query"][1]


def test_xlsx_holds_numbers_and_dates(staff_client: Client, desk: Desk, parties: list[Any]) -> None:
    Party.objects.filter(pk=parties[1].pk).update(name="bad\x07 name")
    answer = staff_client.get("/people/export.xlsx?cols=name,purchases.revenue,purchases.last_day,created_at")
    sheet = load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0] == ("Name", "Value so far", "Last purchase", "Known since")
    assert len(rows) == 121
    assert any(isinstance(row[1], int | float) for row in rows[1:])
    assert "bad name" in {row[0] for row in rows}


@pytest.mark.parametrize(
    ("text", "written"),
    [
        *[(text, f"'{text}") for text in ("=1+1", "+SUM(A1)", "-cmd|' /C calc'!A0", "@SUM(1)", "\t=1", "\r=1", "\n=1")],
        *[(text, f"'{text}") for text in ("-inf", "+", "-", "+1x")],
        *[(text, text) for text in ("-5", "+886912345678", "-5.25", "王美玲", "", "a=b")],
    ],
)
def test_formulas_are_made_harmless(text: str, written: str) -> None:
    assert harmless(text) == written


def test_no_formula_leaves_the_house(staff_client: Client, desk: Desk) -> None:
    evil = '=HYPERLINK("http://evil.example","王")'
    Party.objects.create(name=evil)
    text = b"".join(staff_client.get("/people/export.csv?cols=name").streaming_content).decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(text)))[1] == [f"'{evil}"]
    file = b"".join(staff_client.get("/people/export.xlsx?cols=name").streaming_content)
    cell = load_workbook(io.BytesIO(file)).active["A2"]
    assert (cell.value, cell.data_type) == (f"'{evil}", "s")


def test_chosen_rows_are_exported(staff_client: Client, desk: Desk, parties: list[Any]) -> None:
    data = {"ids": [parties[0].pk, parties[1].pk, "x"], "query": "cols=name&sort=-name"}
    answer = staff_client.post("/people/export.csv", data)
    assert len(b"".join(answer.streaming_content).decode().splitlines()) == 3


def test_bulk_actions(staff_client: Client, client: Client, desk: Desk, parties: list[Any]) -> None:
    done: list[int] = []

    def greet(ids: list[int], *, by: Any) -> str:
        if len(ids) > 2:
            raise Refused("At most two at once.")
        done.extend(ids)
        return f"{len(ids)} 位已問候"

    with hooks.registered("bulk:people", Bulk("greet", "問候", greet)):
        assert "/people/bulk/greet/" in words(staff_client.get("/people/"))
        chosen = [parties[0].pk, parties[1].pk]
        answer = staff_client.post("/people/bulk/greet/", {"ids": [*chosen, 999_999], "query": "f.city=臺北"})
        assert answer["Location"] == "/people/?f.city=%E8%87%BA%E5%8C%97"
        assert sorted(done) == sorted(chosen)
        assert "2 位已問候" in words(staff_client.get("/people/"))
        staff_client.post("/people/bulk/greet/", {"ids": [party.pk for party in parties]})
        assert "At most two at once." in words(staff_client.get("/people/"))
        staff_client.post("/people/bulk/greet/", {})
        assert "Choose some rows first." in words(staff_client.get("/people/"))
        assert staff_client.post("/people/bulk/other/", {}).status_code == 404
        assert staff_client.get("/people/bulk/greet/").status_code == 404  # it has no dialog that could be asked for
    assert staff_client.put("/people/bulk/greet/").status_code == 405
