"""Boards through HTTP: what stands in which column, what it costs, and what a drag does and refuses."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext

from guanxi.foundation import actions, hooks
from guanxi.foundation.desk import Board, Column, Desk, Lane, Lanes, find
from guanxi.foundation.desk import boards as lanes_module
from guanxi.foundation.desk import state as states
from guanxi.foundation.desk.tests.people import Party, People
from guanxi.foundation.models import AuditEntry, User
from guanxi.foundation.todos.models import Todo

pytestmark = pytest.mark.django_db
MOST_QUERIES = 12  # roles, teams and sensitive fields included


@pytest.fixture(params=[0, 3000], ids=["walked", "collected"])
def few(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the rows asked for count as few, which are parted in one pass, or as many."""
    monkeypatch.setattr(states, "FEW", request.param)


def words(page: Any) -> str:
    return html.unescape(page.content.decode())


def columns(page: Any) -> dict[str, list[int]]:
    """The numbers of the cards of each column."""
    parts = re.split(r'data-lane="([^"]*)"', page.content.decode())[1:]
    return {
        html.unescape(key): [int(number) for number in re.findall(r'data-card="(\d+)"', part)]
        for key, part in zip(parts[::2], parts[1::2], strict=True)
    }


def counts(page: Any) -> list[str]:
    return [text.strip() for text in re.findall(r'<span class="count">([^<·]*)', page.content.decode()) if text.strip()]


def seen_of(page: Any, pk: int) -> str:
    found = re.search(rf'data-card="{pk}" data-seen="([^"]*)"', page.content.decode())
    assert found
    return html.unescape(found[1])


def move(client: Client, pk: int, to: str, seen: str, slug: str = "people", query: str = "as=board") -> Any:
    return client.post(f"/{slug}/{pk}/move/", {"to": to, "seen": seen, "query": query})


ASKED: list[tuple[str, str, Any]] = [
    ("name", "", lambda party: True),
    ("-purchases.revenue", "&f.city=Taipei&f.city=臺北", lambda party: party.city in ("Taipei", "臺北")),
    ("city", "&f.roles.role=supplier", lambda party: any(role.role == "supplier" for role in party.roles.all())),
    ("-city", "&q=美玲", lambda party: "美玲" in party.name),
    ("purchases.last_day", "&f.city=Taipei", lambda party: party.city == "Taipei"),
]


@pytest.mark.usefixtures("few")
def test_cards_stand_in_their_columns(staff_client: Client, desk: Desk, parties: list[Any]) -> None:
    everyone = list(Party.objects.select_related("purchases").prefetch_related("roles"))
    for sort, query, fits in ASKED:
        page = staff_client.get(f"/people/?as=board&by=kind&sort={sort}&sums=purchases.revenue{query}")
        fitting = [party for party in everyone if fits(party)]
        by_kind = Counter(party.kind for party in fitting)
        found = columns(page)
        assert list(found) == ["person", "organisation"]
        assert counts(page) == [str(by_kind[kind]) for kind in found], query
        order = [int(pk) for pk in re.findall(r'value="(\d+)" form="bulk"', listed(staff_client, query, sort))]
        kinds = {party.pk: party.kind for party in fitting}
        for kind, cards in found.items():
            assert len(cards) == min(by_kind[kind], 20)
            first = [pk for pk in order if kinds[pk] == kind]
            assert cards[: len(first)] == first[: len(cards)], query  # in the order in which the list has them
            assert f"<strong>{revenue(fitting, kind):,.2f}</strong>" in words(page)


def revenue(fitting: list[Any], kind: str) -> Decimal:
    bought = [party for party in fitting if party.kind == kind and hasattr(party, "purchases")]
    return sum((party.purchases.revenue for party in bought), Decimal(0))


def listed(client: Client, query: str, sort: str) -> str:
    return client.get(f"/people/?sort={sort}{query}").content.decode()


def test_more_cards_follow_by_key(staff_client: Client, desk: Desk, parties: list[Any]) -> None:
    page = staff_client.get("/people/?as=board&by=kind&sort=-purchases.revenue")
    cards = columns(page)["person"]
    text = page.content.decode()
    for _turn in range(10):
        following = re.search(r'class="btn-link lane-more" hx-get="([^"]+)"', text)
        if not following:
            break
        text = staff_client.get(html.unescape(following[1])).content.decode()
        cards += [int(number) for number in re.findall(r'data-card="(\d+)"', text)]
    assert len(cards) == len(set(cards)) == 96
    lost = staff_client.get("/people/cards/?as=board&by=kind&lane=person&after=nonsense")
    assert "The list has changed meanwhile." in words(lost)
    assert staff_client.get("/people/cards/?as=board&by=kind&lane=nobody").status_code == 404


@pytest.mark.usefixtures("few")
def test_a_board_costs_a_few_queries(staff_client: Client, desk: Desk, parties: list[Any]) -> None:
    staff_client.get("/people/")
    for query in ["", "&f.city=Taipei", "&by=made_up&sums=purchases.revenue", "&sort=city&q=美"]:
        with CaptureQueriesContext(connection) as captured:
            staff_client.get(f"/people/?as=board{query}")
        assert len(captured) <= MOST_QUERIES, "\n".join(query["sql"] for query in captured)
        grouped = [one["sql"] for one in captured if re.search("lane_number|AS (lane|part)_0", one["sql"])]
        assert len(grouped) in (1, 2, 3), query  # counts and sums; first cards; those without a value of the order


def test_counts_stop_and_are_known_when_asked_for(
    staff_client: Client, desk: Desk, parties: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes_module, "COUNTED", 50)
    page = staff_client.get("/people/?as=board&by=kind&sums=purchases.revenue")
    assert "1,000+" in counts(page)[0]
    assert counts(page)[1] == "24"
    assert "<strong>…</strong>" in words(page)  # a sum of a part would be wrong
    assert 'hx-trigger="load"' in words(page)
    heads = staff_client.get("/people/figures/?as=board&by=kind&sums=purchases.revenue")
    assert counts(heads) == ["96", "24"]
    assert "…" not in words(heads)


def test_fields_in_json_and_references_part_rows(staff_client: Client, parties: list[Any]) -> None:
    class WithAge(People):
        slug = "aged"
        board = Board(by="profile.age", card=["city"])

        def all_columns(self) -> list[Any]:
            return [*super().all_columns(), *[field for field in super().all_filters() if field.name == "profile.age"]]

    with hooks.registered("desk", WithAge()):
        page = staff_client.get("/aged/?as=board")
        assert list(columns(page)) == ["25-34", "35-44", "~"]
        assert counts(page) == ["60", "0", "60"]
        assert 'title="City"' in words(page)


def test_a_card_is_moved_by_the_edit_action(staff_client: Client, desk: Desk, parties: list[Any]) -> None:
    page = staff_client.get("/people/?as=board&by=kind")
    pk = columns(page)["person"][0]
    answer = move(staff_client, pk, "organisation", seen_of(page, pk), query="as=board&by=kind").json()
    assert Party.objects.get(pk=pk).kind == "organisation"
    assert answer["cards"][str(pk)]["lane"] == "organisation"
    assert "25" in answer["heads"]["organisation"]
    entry = AuditEntry.objects.get(object_type="customers.party", object_id=pk)
    assert entry.changes == {"kind": ["person", "organisation"]}


def test_two_people_move_one_card(staff_client: Client, desk: Desk, parties: list[Any]) -> None:
    page = staff_client.get("/people/?as=board&by=gender")
    pk = parties[0].pk
    other = Client()
    other.force_login(User.objects.create_user("yating", first_name="雅婷", last_name="李", is_staff=True))
    seen = '""'
    assert move(other, pk, "female", seen, query="as=board&by=gender").status_code == 200
    answer = move(staff_client, pk, "male", seen, query="as=board&by=gender")
    assert answer.status_code == 409
    dialog = html.unescape(answer.json()["dialog"])
    assert "李 雅婷 changed" in dialog
    assert "<dd>Female</dd>" in dialog
    assert "<dd>Male</dd>" in dialog
    assert Party.objects.get(pk=pk).gender == "female"
    now = re.search(r'data-seen="([^"]*)"', answer.json()["dialog"])
    assert now
    again = move(staff_client, pk, "male", html.unescape(now[1]), query="as=board&by=gender")
    assert again.status_code == 200
    assert Party.objects.get(pk=pk).gender == "male"
    assert page.status_code == 200


def test_what_cannot_be_moved_says_so(staff_client: Client, desk: Desk, parties: list[Any]) -> None:
    pk = parties[0].pk
    page = staff_client.get("/people/?as=board&by=roles.role")
    assert "cannot be parted by “roles.role”" in words(page)
    read_only = staff_client.get("/people/?as=board&by=purchases.last_day")
    assert "cannot be parted by" in words(read_only)
    assert move(staff_client, pk, "nowhere", "null").status_code == 404
    assert move(staff_client, 999_999, "person", "null").status_code == 404
    lost = move(staff_client, pk, "person", "{", query="as=board&by=kind")
    assert lost.status_code == 422
    assert "Somebody may have changed this" in lost.json()["error"]
    stranger = Client()
    stranger.force_login(User.objects.create_user("nobody"))
    assert move(stranger, pk, "person", '"person"').status_code == 403
    assert Party.objects.get(pk=pk).kind == parties[0].kind


@pytest.fixture
def city_desk() -> Iterator[Desk]:
    """A desk whose board has lanes of its own, with an action that moves."""

    @actions.action
    def send(row_id: int, to: str, seen: Any, *, by: Any) -> Any:
        if to == "north" and Party.objects.get(pk=row_id).name == "Laura Whitfield":
            raise actions.Refused("She stays where she is.")
        return actions.change(Party.objects.get(pk=row_id), city="臺北" if to == "north" else "高雄")

    class Cities(People):
        slug = "cities"
        lanes = (
            Lanes(
                "region",
                "Region",
                (Lane("north", "North", Q(city="臺北")), Lane("south", "South", Q(city="高雄"))),
                send,
            ),
        )
        board = Board(by="region", sums=("purchases.revenue",))

    declared = Cities()
    with hooks.registered("desk", declared):
        yield declared


def test_lanes_of_ones_own(staff_client: Client, city_desk: Desk, parties: list[Any]) -> None:
    page = staff_client.get("/cities/?as=board")
    assert counts(page) == ["30", "30"]
    party = Party.objects.filter(city="臺北").exclude(name="Laura Whitfield").first()
    done = move(staff_client, party.pk, "south", '"north"', "cities")
    assert done.json()["cards"][str(party.pk)]["lane"] == "south"
    conflict = move(staff_client, party.pk, "north", '"north"', "cities")
    assert conflict.status_code == 409  # somebody moved it since it was seen in the north
    assert "South" in conflict.json()["dialog"]
    elsewhere = Party.objects.filter(city="Taipei").exclude(name="Laura Whitfield").first()
    gone = move(staff_client, elsewhere.pk, "north", '"south"', "cities")
    assert gone.status_code == 200
    laura = Party.objects.filter(name="Laura Whitfield").first()
    Party.objects.filter(pk=laura.pk).update(city="高雄")
    refused = move(staff_client, laura.pk, "north", '"south"', "cities")
    assert refused.json() == {"error": "She stays where she is."}


def test_a_board_says_why_its_cards_stay(staff_client: Client, parties: list[Any]) -> None:
    class Learned(People):
        slug = "learned"
        edit = None
        board = Board(by="kind", fixed="The kind is learned.")

    class Grouped(Learned):
        slug = "grouped-people"
        board = None

    with hooks.registered("desk", Learned()), hooks.registered("desk", Grouped()):
        page = words(staff_client.get("/learned/?as=board"))
        assert 'data-fixed="The kind is learned."' in page and "data-movable" not in page
        assert move(staff_client, parties[0].pk, "organisation", '"person"', "learned").status_code == 422
        assert "is not changed by hand" in words(staff_client.get("/grouped-people/?as=board&by=kind"))
    assert "data-fixed" not in words(staff_client.get("/todos/?as=board"))


def test_the_form_is_chosen_and_kept_in_the_address(staff_client: Client, desk: Desk, parties: list[Any]) -> None:
    page = words(staff_client.get("/people/?f.city=Taipei"))
    assert 'href="/people/?f.city=Taipei&as=board"' in page
    panel = words(staff_client.get("/people/arrange/?as=board&by=made_up"))
    assert '<option value="made_up" selected>' in panel
    assert 'name="sums" value="purchases.revenue"' in panel
    assert '<option value="roles.role"' not in panel  # a row has several
    none = staff_client.get("/people/?as=board&sums=none&by=nonsense")
    assert "cannot be parted by “nonsense”" in words(none)
    csv = b"".join(staff_client.get("/people/export.csv?as=board&f.city=Taipei").streaming_content).decode()
    assert len(csv.strip().splitlines()) == 31


def test_an_empty_board_shows_its_columns(staff_client: Client, desk: Desk) -> None:
    page = staff_client.get("/people/?as=board")
    assert list(columns(page)) == ["person", "organisation"]
    narrow = staff_client.get("/people/?as=board&f.city=nowhere")
    assert "Nothing fits these filters" in words(narrow)
    broken = staff_client.get("/people/?as=board&f.purchases.revenue__gte=much")
    assert "A filter cannot be understood" in words(broken)


def test_tasks_are_done_on_the_board(staff_client: Client, staff: User) -> None:
    late = Todo.objects.create(what="the offer", assignee=staff, due_on="2000-01-01")
    Todo.objects.create(what="the contract", assignee=staff)
    page = staff_client.get("/todos/?as=board")
    assert columns(page)["overdue"] == [late.pk]
    assert counts(page) == ["1", "0", "1", "0"]
    assert move(staff_client, late.pk, "overdue", '"overdue"', "todos").status_code == 422
    done = move(staff_client, late.pk, "done", seen_of(page, late.pk), "todos")
    assert done.json()["cards"][str(late.pk)]["lane"] == "done"
    late.refresh_from_db()
    assert late.done_at is not None
    back = move(staff_client, late.pk, "open", '"done"', "todos")
    assert back.json()["cards"][str(late.pk)]["lane"] == "overdue"  # not done, and its day is over
    by_person = staff_client.get("/todos/?as=board&by=assignee")
    assert str(staff) in words(by_person)
    assert columns(by_person)[str(staff.pk)]


def test_too_many_values_are_no_columns(staff_client: Client, desk: Desk, parties: list[Any]) -> None:
    class Many(People):
        slug = "many"
        columns = (Column("name", link=True), Column("merged_into", label="Part of"))

    Party.objects.filter(pk__gt=parties[40].pk).update(merged_into=None)
    for number, party in enumerate(parties[:40]):
        Party.objects.filter(pk=party.pk).update(merged_into=parties[119 - number].pk)
    with hooks.registered("desk", Many()):
        page = staff_client.get("/many/?as=board&by=merged_into")
        assert "has more than 30 values" in words(page)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL plans by the rows that there are")
def test_lanes_of_many_rows_are_walked_along_an_index(staff: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "FEW", 0)
    desk = find("todos")
    assert desk is not None
    for query in (
        "as=board&by=priority",
        "as=board&by=assignee",
        "as=board&by=state",
        f"as=board&f.assignee={staff.pk}",
    ):
        state = states.read(desk, staff, QueryDict(query))
        assert state.layout.axis is not None
        with CaptureQueriesContext(connection) as captured:
            lanes_module.filled(state, state.layout.axis.lanes(staff))
        for statement in [one["sql"] for one in captured if "UNION ALL" in one["sql"]]:
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN QUERY PLAN {statement}")
                steps = [str(line[3]) for line in cursor.fetchall()]
            assert not [step for step in steps if "B-TREE" in step or "MULTI-INDEX" in step], query
            assert any(step.startswith("SEARCH todos_todo USING") for step in steps), query
