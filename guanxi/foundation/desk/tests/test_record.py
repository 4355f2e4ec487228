"""The record page through HTTP: facts edited in place, conflicts, panels, history, making a new one."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from guanxi.foundation import hooks
from guanxi.foundation.desk import Button, Desk, Panel
from guanxi.foundation.desk.tests.people import Party, edit_party
from guanxi.foundation.models import AuditEntry, User

pytestmark = pytest.mark.django_db


def words(page: Any) -> str:
    return html.unescape(page.content.decode())


@pytest.fixture
def party(db: None) -> Any:
    return Party.objects.create(name="王美玲", latin_name="Wang Mei-ling", gender="female")


@pytest.fixture
def edit(staff_client: Client, desk: Desk, party: Any) -> Callable[..., Any]:
    def post(name: str, value: str, seen: Any) -> Any:
        data = {"value": value, "seen": json.dumps(seen)}
        return staff_client.post(f"/people/{party.pk}/fact/{name}/", data, headers={"HX-Request": "true"})

    return post


def test_shows_facts_and_header(staff_client: Client, desk: Desk, party: Any) -> None:
    page = words(staff_client.get(f"/people/{party.pk}/"))
    for expected in ["王美玲", "Wang Mei-ling", "Female", "Name in Latin letters", "Age", 'class="avatar-square"']:
        assert expected in page
    assert f"/people/{party.pk}/fact/name/?edit" in page
    assert "/fact/purchases.revenue/?edit" not in page  # not a field of its own


@pytest.mark.parametrize(
    "address", ["/people/99999/", "/people/99999999999999999999999/", "/people/0/", "/people/99999/fact/name/"]
)
def test_an_unknown_record_is_404(staff_client: Client, desk: Desk, address: str) -> None:
    assert staff_client.get(address).status_code == 404


def test_an_edit_is_saved_and_audited(edit: Callable[..., Any], party: Any) -> None:
    answer = edit("name", "王美齡", "王美玲")
    assert answer.status_code == 200
    assert "王美齡" in words(answer)
    assert 'hx-swap-oob="true"' in words(answer)  # the header too
    party.refresh_from_db()
    assert party.name == "王美齡"
    entry = AuditEntry.objects.latest("id")
    assert entry.changes == {"name": ["王美玲", "王美齡"]}
    assert str(entry.actor) == "陳 美華"


@pytest.mark.parametrize(
    ("name", "value", "seen", "stored"),
    [
        ("date_of_birth", "1980-02-29", None, "1980-02-29"),
        ("date_of_birth", "", None, "None"),
        ("gender", "male", "female", "male"),
        ("gender", "", "female", ""),
        ("made_up", "1", False, "True"),
        ("kind", "organisation", "person", "organisation"),
        ("latin_name", "  Wang  ", "Wang Mei-ling", "Wang"),
    ],
)
def test_each_kind_is_edited(
    edit: Callable[..., Any], party: Any, name: str, value: str, seen: Any, stored: str
) -> None:
    assert edit(name, value, seen).status_code == 200
    party.refresh_from_db()
    assert str(getattr(party, name)) == stored


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("name", "", "This cannot be left empty."),
        ("name", "王 3", "A name holds no digits."),
        ("name", "王" * 201, "at most 200 characters"),
        ("name", "a\x00b", "cannot be stored"),
        ("date_of_birth", "1980-02-30", "valid date"),
        ("gender", "robot", "not one of the available choices"),
    ],
)
def test_a_refused_value_stays_in_the_editor(
    edit: Callable[..., Any], party: Any, name: str, value: str, said: str
) -> None:
    answer = edit(name, value, None)
    assert answer.status_code == 422
    assert said in words(answer)
    assert value in words(answer)
    party.refresh_from_db()
    assert party.name == "王美玲"


def test_two_people_see_both_values(edit: Callable[..., Any], desk: Desk, party: Any, stranger: User) -> None:
    other = User.objects.create_user("yating", first_name="雅婷", last_name="李", is_staff=True)
    edit_party(party.pk, {"name": "王美琳"}, {"name": "王美玲"}, by=other)
    answer = edit("name", "王美齡", "王美玲")
    assert answer.status_code == 409
    for expected in ["王美琳", "王美齡", "李 雅婷 changed this meanwhile", "Keep theirs", "Save mine"]:
        assert expected in words(answer)
    party.refresh_from_db()
    assert party.name == "王美琳"
    # The editor now holds the other's value as seen: saving again is a choice made knowingly.
    assert 'name="seen" value="&quot;王美琳&quot;"' in answer.content.decode()
    assert edit("name", "王美齡", "王美琳").status_code == 200
    party.refresh_from_db()
    assert party.name == "王美齡"


def test_the_same_change_by_two_is_no_conflict(edit: Callable[..., Any], party: Any) -> None:
    Party.objects.filter(pk=party.pk).update(name="王美齡")
    assert edit("name", "王美齡", "王美玲").status_code == 200


def test_an_editor_holds_the_value_seen(staff_client: Client, desk: Desk, party: Any) -> None:
    page = words(staff_client.get(f"/people/{party.pk}/fact/gender/?edit"))
    assert '<option value="female" selected>' in page
    assert 'name="seen" value=""female""' in page
    assert staff_client.get(f"/people/{party.pk}/fact/profile.age/?edit").status_code == 404
    assert staff_client.get(f"/people/{party.pk}/fact/secret/").status_code == 404
    broken = {"value": "x", "seen": "{"}
    assert staff_client.post(f"/people/{party.pk}/fact/name/", broken).status_code == 422


def test_strangers_change_nothing(client: Client, stranger: User, desk: Desk, party: Any) -> None:
    client.force_login(stranger)
    data = {"value": "x", "seen": '"王美玲"'}
    assert client.post(f"/people/{party.pk}/fact/name/", data).status_code == 403
    assert client.post("/people/new/", {"name": "x"}).status_code == 403
    party.refresh_from_db()
    assert party.name == "王美玲"


def test_panels_at_once_and_lazy(staff_client: Client, desk: Desk, party: Any) -> None:
    def context(record: Any, viewer: User) -> dict[str, Any]:
        return {"title": f"{record.name} 的家", "icon": "home"}

    lazy = Panel("right", "Household", "foundation/shell/empty.html", context, lazy=True, key="household")
    now = Panel("left", "Now", "foundation/shell/empty.html", context, bare=True)
    never = Panel("left", "Never", "foundation/shell/empty.html", when=lambda *_: False, key="never")
    with (
        hooks.registered("panel:people", lazy),
        hooks.registered("panel:people", now),
        hooks.registered("panel:people", never),
    ):
        page = words(staff_client.get(f"/people/{party.pk}/"))
        assert page.count("王美玲 的家") == 1
        assert f"/people/{party.pk}/panel/household/" in page
        assert "Never" not in page
        assert "王美玲 的家" in words(staff_client.get(f"/people/{party.pk}/panel/household/"))
        assert staff_client.get(f"/people/{party.pk}/panel/never/").status_code == 404


def test_what_can_wait_comes_in_one_answer_and_one_that_fails_takes_no_other_away(
    staff_client: Client, desk: Desk, party: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(_record: Any, _viewer: User) -> dict[str, Any]:
        raise RuntimeError("no figures")

    template = "foundation/shell/empty.html"
    lazy = Panel("right", "Household", template, lambda row, _by: {"title": row.name}, lazy=True, key="household")
    broken = Panel("right", "Broken", template, fails, lazy=True, key="broken")
    never = Panel("right", "Never", template, lazy=True, when=lambda *_: False, key="never")
    with (
        hooks.registered("panel:people", lazy),
        hooks.registered("panel:people", broken),
        hooks.registered("panel:people", never),
    ):
        page = staff_client.get(f"/people/{party.pk}/").content.decode()
        assert f'data-panels="/people/{party.pk}/panels/"' in page
        assert 'data-panel="household"' in page and 'data-panel="broken"' in page and 'data-panel="history"' in page
        answer = staff_client.get(f"/people/{party.pk}/panels/").json()
    assert "household" in answer and "history" in answer and not {"broken", "never"} & set(answer)
    assert "王美玲" in answer["household"]
    assert "The panel “broken” could not be made" in caplog.text


def test_header_buttons_of_higher_floors(staff_client: Client, desk: Desk, party: Any) -> None:
    with hooks.registered("record_button:people", lambda row, _viewer: Button(f"致電 {row.name}", "/call/", "phone")):
        assert "致電 王美玲" in words(staff_client.get(f"/people/{party.pk}/"))


def test_history_tells_from_and_to(edit: Callable[..., Any], staff_client: Client, party: Any) -> None:
    edit("gender", "male", "female")
    for number in range(12):
        letter, before = "甲乙丙丁戊己庚辛壬癸子丑"[number], "玲甲乙丙丁戊己庚辛壬癸子丑"[number]
        assert edit("name", f"王美{letter}", f"王美{before}").status_code == 200
    page = words(staff_client.get(f"/people/{party.pk}/history/"))
    assert "<del>王美子</del> → 王美丑" in page
    assert "Female" not in page
    older = page.split(f"/people/{party.pk}/history/?before=")[1].split('"')[0]
    rest = words(staff_client.get(f"/people/{party.pk}/history/?before={older}"))
    assert "<del>Female</del> → Male" in rest
    assert staff_client.get(f"/people/{party.pk}/history/?before=junk").status_code == 200


def test_a_new_record_is_made(staff_client: Client, desk: Desk) -> None:
    assert "New customer" in words(staff_client.get("/people/new/?city=臺北"))
    assert 'value="臺北"' in words(staff_client.get("/people/new/?city=臺北"))
    data = {"kind": "person", "name": "陳建宏", "city": "高雄", "date_of_birth": "", "phone": "+886 912 345 678"}
    answer = staff_client.post("/people/new/", data)
    made = Party.objects.get(name="陳建宏")
    assert answer.status_code == 302
    assert answer["Location"] == f"/people/{made.pk}/"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": ""}, "This cannot be left empty."),
        ({"phone": "0912"}, "Begin the number with +"),
        ({"date_of_birth": "soon"}, "valid date"),
        ({"kind": "robot"}, "not one of the available choices"),
    ],
)
def test_a_refused_form_keeps_what_was_typed(
    staff_client: Client, desk: Desk, wrong: dict[str, str], said: str
) -> None:
    data = {"kind": "person", "name": "陳建宏", "city": "高雄港", "date_of_birth": "", "phone": ""} | wrong
    page = staff_client.post("/people/new/", data)
    assert page.status_code == 422
    assert said in words(page)
    assert "高雄港" in words(page)
    assert all(value in words(page) for value in wrong.values())
    assert not Party.objects.exists()


def test_the_audit_log_is_a_desk(edit: Callable[..., Any], staff_client: Client, party: Any) -> None:
    edit("name", "王美齡", "王美玲")
    entry = AuditEntry.objects.latest("id")
    page = words(staff_client.get("/audit/"))
    assert "<del>王美玲</del> → 王美齡" in page
    record = words(staff_client.get(f"/audit/{entry.pk}/"))
    assert re.search(rf'href="/[a-z]+/{party.pk}/"', record)  # the first desk of its type
    assert staff_client.get("/audit/new/").status_code == 404
    assert staff_client.get(f"/audit/{entry.pk}/fact/actor_name/?edit").status_code == 404
    assert staff_client.post(f"/audit/{entry.pk}/fact/actor_name/", {"value": "x"}).status_code == 404
