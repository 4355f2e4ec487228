"""Saved views of every form: shared with whom, pinned and opened first by each for himself, edited and copied."""

from __future__ import annotations

import html
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client

from guanxi.foundation import hooks
from guanxi.foundation.desk import Desk
from guanxi.foundation.desk.models import SavedView, ViewChoice, ViewShare
from guanxi.foundation.desk.tests.people import Party
from guanxi.foundation.models import User

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def words(page: Any) -> str:
    return html.unescape(page.content.decode())


def person(username: str) -> tuple[User, Client]:
    user = User.objects.create_user(username, is_staff=True)
    client = Client()
    client.force_login(user)
    return user, client


def do(client: Client, view: SavedView, what: str, **more: Any) -> Any:
    return client.post(f"/people/views/{view.pk}/", {"do": what, **more}, headers=HTMX)


@pytest.fixture
def view(staff_client: Client, staff: User, desk: Desk) -> SavedView:
    query = "as=board&by=kind&sums=purchases.revenue&f.city=臺北&sort=-name"
    staff_client.post("/people/views/", {"name": "北部", "query": query}, headers=HTMX)
    return SavedView.objects.get()


def test_a_view_keeps_its_form(staff_client: Client, view: SavedView, parties: list[Any]) -> None:
    page = staff_client.get(f"/people/?view={view.pk}&{view.query}")
    assert "data-board" in words(page)
    assert "· changed" not in words(page)
    other = staff_client.get(f"/people/?view={view.pk}&as=board&by=made_up&f.city=臺北")
    assert "· changed" in words(other)
    calendar = staff_client.post(
        "/people/views/", {"name": "week", "query": "as=calendar&by=created_at&span=week&day=2017-01-03"}, headers=HTMX
    )
    assert "span=week" in calendar["HX-Redirect"]
    assert "day=" not in calendar["HX-Redirect"]  # the day one looked at is not kept


def test_a_view_is_shared_with_some(staff_client: Client, view: SavedView) -> None:
    laura, of_laura = person("laura")
    ming, of_ming = person("ming")
    _third, of_third = person("third")
    teams = {ming.pk: ["team:north"]}
    with (
        hooks.registered("groups_of", lambda viewer: teams.get(viewer.pk, [])),
        hooks.registered("groups_offered", lambda viewer: [("team:north", "Sales north"), ("team:south", "South")]),
    ):
        form = words(staff_client.get(f"/people/views/{view.pk}/edit/"))
        assert "Sales north" in form
        do(staff_client, view, "edit", name="北部", icon="flag", users=[laura.pk], groups=["team:north", "made:up"])
        assert sorted(ViewShare.objects.values_list("user", "group"), key=str) == [(laura.pk, ""), (None, "team:north")]
        for client, sees in ((of_laura, True), (of_ming, True), (of_third, False)):
            assert ("北部" in words(client.get("/people/"))) is sees
        assert do(of_laura, view, "rename", name="x").status_code == 403
        assert of_laura.get(f"/people/views/{view.pk}/edit/").status_code == 403
        assert of_third.get(f"/people/views/{view.pk}/edit/").status_code == 404
        do(staff_client, view, "edit", name="北部", icon="flag", users=[laura.pk])
        assert "北部" not in words(of_ming.get("/people/"))
    view.refresh_from_db()
    assert (view.name, view.icon, view.shared) == ("北部", "flag", False)


def test_each_pins_a_shared_view_for_himself(staff_client: Client, staff: User, view: SavedView) -> None:
    _laura, of_laura = person("laura")
    do(staff_client, view, "share")
    staff_client.get("/account/")  # and with it what was said of saving
    do(of_laura, view, "pin")
    do(of_laura, view, "default")
    assert "北部" in words(of_laura.get("/account/"))  # in the side bar
    assert "北部" not in words(staff_client.get("/account/"))
    assert f"view={view.pk}&" in of_laura.get("/people/")["Location"]
    assert staff_client.get("/people/").status_code == 200
    do(staff_client, view, "unshare")
    assert "北部" not in words(of_laura.get("/account/"))  # shared no more: gone from hers
    assert of_laura.get("/people/").status_code == 200
    assert do(of_laura, view, "pin")["HX-Redirect"].startswith("/people/?view=")
    assert ViewChoice.objects.filter(user=staff.pk).count() == 0


def test_a_copy_is_ones_own(staff_client: Client, view: SavedView) -> None:
    laura, of_laura = person("laura")
    do(staff_client, view, "share")
    do(of_laura, view, "copy")
    do(of_laura, view, "copy")
    copies = SavedView.objects.filter(owner=laura).order_by("id")
    assert [copy.name for copy in copies] == ["北部, copy", "北部, copy 2"]
    assert copies[0].query == view.query
    assert not copies[0].shared
    assert do(of_laura, copies[0], "delete").status_code == 204


def test_a_wrong_edit_keeps_what_was_typed(staff_client: Client, view: SavedView) -> None:
    laura, _client = person("laura")
    answer = do(staff_client, view, "edit", name=" ", icon="flag", users=[laura.pk], shared="on")
    assert answer.status_code == 422
    assert "Give the view a name." in words(answer)
    assert f'value="{laura.pk}" checked' in words(answer)
    assert do(staff_client, view, "edit", name="x", icon="skull").status_code == 422
    view.refresh_from_db()
    assert (view.name, view.shared, ViewShare.objects.count()) == ("北部", False, 0)


@pytest.mark.django_db(transaction=True)
def test_pins_outlive_the_upgrade_and_the_way_back(staff: User) -> None:
    def at(name: str) -> Any:
        executor = MigrationExecutor(connection)
        executor.migrate([("desk", name)])
        return MigrationExecutor(connection).loader.project_state([("desk", name)]).apps

    newest = max(name for app, name in MigrationExecutor(connection).loader.graph.leaf_nodes() if app == "desk")
    try:
        old = at("0001_initial")
        old.get_model("desk", "SavedView").objects.create(
            desk="people", name="北部", owner_id=staff.pk, pinned=True, is_default=True
        )
        new = at("0002_views_for_each")
        choice = new.get_model("desk", "ViewChoice").objects.get()
        assert (choice.user_id, choice.desk, choice.pinned, choice.is_default) == (staff.pk, "people", True, True)
        again = at("0001_initial").get_model("desk", "SavedView").objects.get()
        assert (again.pinned, again.is_default) == (True, True)
    finally:
        at(newest)


def test_programs_read_views_and_their_rows(api: Client, staff: User, view: SavedView, parties: list[Any]) -> None:
    laura, of_laura = person("laura")
    of_laura.post("/people/views/", {"name": "hers", "query": "f.city=Taipei"}, headers=HTMX)
    hers = SavedView.objects.get(owner=laura)
    listed = api.get("/api/v1/views?list=people").json()
    assert [(one["name"], one["form"], one["mine"]) for one in listed] == [("北部", "board", True)]
    rows: list[dict[str, Any]] = []
    cursor = ""
    for _turn in range(5):
        page = api.get(f"/api/v1/views/{view.pk}/rows?limit=7&cursor={cursor}").json()
        rows += page["items"]
        cursor = page["next"]
        if not cursor:
            break
    assert len(rows) == 30
    assert {row["values"]["city"] for row in rows} == {"臺北"}
    assert [row["values"]["name"] for row in rows] == sorted((row["values"]["name"] for row in rows), reverse=True)
    assert rows[0]["values"]["created_at"].startswith("2017-")
    assert api.get(f"/api/v1/views/{view.pk}/rows?cursor=made-up").status_code == 422
    for address in (f"/api/v1/views/{hers.pk}", f"/api/v1/views/{hers.pk}/rows", "/api/v1/views/999"):
        assert api.get(address).status_code == 404
    SavedView.objects.filter(pk=view.pk).update(query="f.purchases.revenue__gte=much")
    assert "is not a number" in api.get(f"/api/v1/views/{view.pk}/rows").json()["detail"]


def test_too_narrow_says_what_to_drop(staff_client: Client, desk: Desk, parties: list[Any]) -> None:
    query = "f.city=Taipei&f.created_at__gte=2030-01-01&sort=-name"
    for form in ("", "&as=board", "&as=grouped"):
        assert 'hx-get="/people/narrow/?' in words(staff_client.get(f"/people/?{query}{form}"))
    offers = words(staff_client.get(f"/people/narrow/?{query}"))
    assert "Drop “Known since from 1 Jan 2030”" in offers
    assert "Drop “City is Taipei”" not in offers  # that would not help
    assert 'href="/people/?f.city=Taipei&sort=-name"' in offers
    assert '<span class="count">30</span>' in offers
    both = words(staff_client.get("/people/narrow/?f.city=nowhere&f.created_at__gte=2030-01-01"))
    assert "exclude each other" in both
    search = words(staff_client.get("/people/narrow/?f.city=Taipei&q=nobody"))
    assert "Drop ““nobody” in the search box”" in search
    Party.objects.all().delete()
    assert "nothing without them either" in words(staff_client.get(f"/people/narrow/?{query}"))
    assert "Nothing here yet" in words(staff_client.get("/people/?as=grouped"))
