"""Records of any type for programs: the language of the list's address, fields, expansion, allowed and denied."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from guanxi.customers import actions
from guanxi.foundation.desk.actions import save_view
from guanxi.foundation.models import User

pytestmark = pytest.mark.django_db
JSON = "application/json"
CUSTOMERS = "/api/v1/records/customers"


@pytest.fixture
def three(staff: User) -> list[Any]:
    made = [("王美玲", "Taipei"), ("陳建宏", "Taipei"), ("Laura Whitfield", "Paris")]
    return [actions.create_party(by=staff, name=name, city=city, profile={"age": "45-54"}) for name, city in made]


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [item["name"] for item in answer.json()["items"]]


def test_an_address_of_the_screen_is_a_call_and_back(
    api: Client, staff_client: Client, three: list[Any], staff: User
) -> None:
    query = "f.city=Taipei&f.city=Rome&sort=-name&cols=name,city"
    answer = api.get(f"{CUSTOMERS}?{query}")
    assert set(names(answer)) == {"王美玲", "陳建宏"}
    assert set(answer.json()["items"][0]) == {"id", "name", "city"}
    page = answer.json()["page"]
    shown = staff_client.get(page).content.decode()
    assert "王美玲" in shown and "Laura" not in shown
    assert names(api.get(page.replace("/customers/", CUSTOMERS))) == names(answer)
    view = save_view("customers", "Taipei", "f.city=Taipei&sort=name", by=staff)
    assert set(names(api.get(f"{CUSTOMERS}?view={view.pk}&fields=name"))) == {"王美玲", "陳建宏"}
    assert names(api.get(f"{CUSTOMERS}?f.city__has=Par&fields=name")) == ["Laura Whitfield"]


def test_the_same_filters_narrow_the_lists_of_their_own(api: Client, three: list[Any]) -> None:
    assert {item["name"] for item in api.get("/api/v1/parties?f.city=Paris").json()["items"]} == {"Laura Whitfield"}
    assert api.get("/api/v1/parties?f.nothing=1").status_code == 422
    kinds = {item["kind"] for item in api.get("/api/v1/events?f.party.city=Paris").json()["items"]}
    assert kinds == {"party.created"}
    assert api.get("/api/v1/orders?f.channel=web").json()["items"] == []
    assert api.get("/api/v1/products?f.active=1").json()["items"] == []


def test_pages_go_by_key(api: Client, three: list[Any]) -> None:
    first = api.get(f"{CUSTOMERS}?limit=2&fields=name&sort=name").json()
    second = api.get(CUSTOMERS, {"limit": 2, "fields": "name", "sort": "name", "cursor": first["next"]}).json()
    assert len(first["items"]) == 2 and len(second["items"]) == 1 and second["next"] is None
    assert api.get(f"{CUSTOMERS}?cursor=nonsense").status_code == 422


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("f.nothing=1", "f.nothing"), ("f.kind=fish", "f.kind"), ("sort=nothing", "sort"), ("fields=nothing", "fields"),
        ("expand=nothing", "expand"), ("view=999", "view"), ("f.created_at__gte=yesterday", "f.created_at"),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_refused(api: Client, three: list[Any], query: str, field: str) -> None:
    answer = api.get(f"{CUSTOMERS}?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_fields_and_expansion(api: Client, three: list[Any], staff: User) -> None:
    actions.add_contact_point(three[0], "mail", "mei@example.com", by=staff)
    answer = api.get(f"{CUSTOMERS}/{three[0].pk}?fields=name&expand=contact_points,standing").json()
    assert answer["name"] == "王美玲" and set(answer) == {"id", "name", "expanded"}
    assert answer["expanded"]["contact_points"][0]["key"] == "mei@example.com"
    assert answer["expanded"]["standing"] is None
    every = api.get(f"{CUSTOMERS}/{three[0].pk}").json()
    assert every["profile.age"] == "45-54"
    events = api.get("/api/v1/records/events?expand=party&fields=kind").json()["items"]
    assert {item["expanded"]["party"]["title"] for item in events} >= {"王美玲"}
    assert api.get(f"/api/v1/parties/{three[0].pk}?fields=id,name").json() == {"id": three[0].pk, "name": "王美玲"}
    items = api.get("/api/v1/parties?fields=name").json()["items"]
    assert items and all(set(item) == {"id", "name"} for item in items)


def test_a_record_is_made_changed_and_not_overwritten(api: Client, staff: User) -> None:
    made = api.post("/api/v1/records/tags", {"name": "VIP"}, content_type=JSON)
    assert made.status_code == 201, made.content
    here = f"/api/v1/records/tags/{made.json()['id']}"
    assert api.patch(here, {"colour": "blue", "expected": {"colour": "grey"}}, content_type=JSON).status_code == 200
    stale = api.patch(here, {"colour": "red", "expected": {"colour": "grey"}}, content_type=JSON)
    assert stale.status_code == 409 and stale.json()["theirs"] == "blue"
    for body, field in (({"nothing": 1}, "nothing"), ({"colour": ["red"]}, "colour"), ({"colour": "fish"}, "colour")):
        refused = api.patch(here, body, content_type=JSON)
        assert refused.status_code == 422 and refused.json()["errors"][0]["field"] == field
    assert api.get("/api/v1/records/tags/999999").status_code == 404


def test_a_list_costs_no_more_for_more_rows(api: Client, three: list[Any], django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(17):
        api.get(f"{CUSTOMERS}?limit=3&expand=contact_points")


def test_strangers_get_nothing(client: Client, stranger: User, three: list[Any]) -> None:
    client.force_login(stranger)
    for path in (CUSTOMERS, f"{CUSTOMERS}/{three[0].pk}"):
        assert client.get(path).status_code == 403
    assert client.get("/api/v1/records/nothing").status_code in (403, 404)
