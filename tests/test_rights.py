"""Who may see and do what: roles, owners, teams, shared records, fields."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.db import transaction
from django.test import Client

from guanxi.customers import actions as customers
from guanxi.customers.models import ContactPoint, Party
from guanxi.foundation import people, search
from guanxi.foundation.actions import Refused
from guanxi.foundation.governing import UNDECLARED, rule_of
from guanxi.foundation.models import AuditEntry, User
from guanxi.foundation.roles import actions, ready_made, tables
from guanxi.foundation.roles.models import Role, Team
from guanxi.foundation.visibility import SYSTEM, NotAllowed, VisibleQuerySet, may
from guanxi.lake.dashboards import actions as dashboards
from guanxi.lake.dashboards.models import Tile
from guanxi.ledger.actions import put_event
from guanxi.ledger.models import Event
from guanxi.orders.actions import Line, create_order

pytestmark = pytest.mark.django_db
Colleague = Callable[..., User]


def role(name: str, grants: dict[str, dict[str, str]], fields: dict[str, dict[str, str]] | None = None) -> Role:
    made = actions.create_role(name, by=SYSTEM)
    return actions.edit_role(made.pk, {"grants": grants, "fields": fields or {}}, by=SYSTEM)


def party(name: str, owner: User | None = None, **values: Any) -> Party:
    return customers.create_party(name=name, owner=owner, by=SYSTEM, **values)


@pytest.fixture
def own_only(colleague: Colleague) -> User:
    """Somebody who sees and edits his own customers."""
    user = colleague("own")
    made = role("Own only", {"customers": {"view": "own", "edit": "own"}, "events": {"view": "own"}})
    actions.give_roles(user, [made], by=SYSTEM)
    return user


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_every_model_that_is_asked_for_says_how_it_is_governed() -> None:
    asked = [model for model in apps.get_models() if isinstance(model._default_manager.all(), VisibleQuerySet)]

    silent = [model._meta.label for model in asked if rule_of(model) is UNDECLARED]

    assert not silent, f"Say in one line how each is governed (guanxi.foundation.governing): {silent}"


def test_own_team_and_all(colleague: Colleague, own_only: User) -> None:
    lead, rep, other = colleague("lead", "sales"), colleague("rep", "sales"), colleague("other", "sales")
    north = actions.create_team("North", by=SYSTEM)
    taipei = actions.create_team("Taipei", parent=north, by=SYSTEM)
    actions.set_teams(lead, [north], by=SYSTEM)
    actions.set_teams(rep, [taipei], by=SYSTEM)
    mine, his, nobodys = party("Mine", own_only), party("His", rep), party("Nobody's")

    def seen(user: User) -> set[Party]:
        return set(Party.objects.visible_to(user))

    assert seen(own_only) == {mine}
    assert seen(rep) == {his}
    assert seen(lead) == {his}, "those above see those below"
    assert seen(other) == set()
    assert seen(colleague("reader", "read-only")) == {mine, his, nobodys}
    assert may(lead, "edit", his)
    assert not may(other, "edit", his)
    assert not may(rep, "delete", his)
    with pytest.raises(NotAllowed):
        customers.edit_party(his.pk, {"city": "Taipei"}, by=colleague("again", "read-only"))
    with pytest.raises(Party.DoesNotExist):
        customers.edit_party(his.pk, {"city": "Taipei"}, by=other)


def test_the_most_permissive_role_wins_and_nobody_does_more_than_he_sees(colleague: Colleague) -> None:
    narrow = role("Narrow", {"customers": {"view": "own", "edit": "all"}})
    user = colleague("several")
    actions.give_roles(user, [narrow], by=SYSTEM)
    foreign = party("Foreign")
    assert not may(user, "edit", foreign)

    actions.give_roles(user, [narrow, role("Wide", {"customers": {"view": "all"}})], by=SYSTEM)

    assert may(user, "edit", foreign)


def test_what_hangs_on_a_customer_goes_with_him(own_only: User) -> None:
    mine, foreign = party("Mine", own_only, mail="mine@example.com"), party("Foreign", mail="foreign@example.com")

    assert [point.party for point in ContactPoint.objects.visible_to(own_only)] == [mine]
    customers.add_contact_point(mine, "phone", "+886912345678", by=own_only)
    with pytest.raises((NotAllowed, Party.DoesNotExist)):
        customers.add_contact_point(foreign, "phone", "+886912345678", by=own_only)


def test_sharing(own_only: User, colleague: Colleague) -> None:
    record = party("Shared")
    colleague_with_nothing = colleague("nothing")

    shared = actions.share(record, user=own_only, by=SYSTEM)
    assert list(Party.objects.visible_to(own_only)) == [record]
    assert not may(own_only, "edit", record)
    actions.share(record, user=own_only, may_edit=True, by=SYSTEM)
    assert may(own_only, "edit", record)
    with pytest.raises(Refused):
        actions.share(record, user=colleague_with_nothing, by=SYSTEM)
    actions.unshare(shared.pk, by=SYSTEM)
    assert not Party.objects.visible_to(own_only).exists()


def test_who_may_see_a_record_is_told_of_all_with_few_questions(
    own_only: User, colleague: Colleague, django_assert_max_num_queries: Any
) -> None:
    lead, rep, beside = colleague("lead", "sales"), colleague("rep", "sales"), colleague("beside", "sales")
    north = actions.create_team("North", by=SYSTEM)
    actions.set_teams(lead, [north], by=SYSTEM)
    actions.set_teams(rep, [actions.create_team("Taipei", parent=north, by=SYSTEM)], by=SYSTEM)
    actions.set_teams(beside, [actions.create_team("South", by=SYSTEM)], by=SYSTEM)
    colleague("manager", "manager"), colleague("nobody")
    his = party("His", rep)
    actions.share(his, by=SYSTEM, team=Team.objects.get(name="South"))
    actions.share(his, by=SYSTEM, user=own_only, may_edit=True)

    with django_assert_max_num_queries(6):
        told = {seer.user: seer.may_edit for seer in tables.seers(his)}

    people_here = User.objects.filter(is_staff=True)
    assert told == {user: may(user, "edit", his) for user in people_here if may(user, "view", his)}
    assert {user.username for user in told} == {"lead", "rep", "beside", "own", "manager"}


def test_the_last_administrator_stays(staff: User, colleague: Colleague) -> None:
    administrators = Role.objects.get(key=ready_made.ADMINISTRATOR)

    for locking_out in (
        lambda: actions.give_roles(staff, [], by=staff),
        lambda: actions.delete_role(administrators.pk, by=staff),
        administrators.delete,
        lambda: setattr(staff, "is_active", False) or staff.save(),
        staff.delete,
    ):
        with pytest.raises(Refused), transaction.atomic():
            locking_out()
    staff.refresh_from_db()
    assert may(staff, "edit")

    actions.give_roles(colleague("second"), [administrators], by=staff)
    actions.give_roles(staff, [], by=SYSTEM)
    assert not may(User.objects.get(pk=staff.pk), "view", Party)


def test_nobody_gives_himself_rights(colleague: Colleague) -> None:
    clerk = colleague("clerk")
    people_only = role("Personnel", {"people": {"view": "all", "edit": "all", "create": "all"}})
    actions.give_roles(clerk, [people_only], by=SYSTEM)

    with pytest.raises(NotAllowed):
        actions.give_roles(clerk, list(Role.objects.all()), by=clerk)
    with pytest.raises(NotAllowed):
        actions.edit_role(people_only.pk, {"grants": {"customers": {"view": "all"}}}, by=clerk)
    administrator = colleague("boss", "administrator")
    with pytest.raises(NotAllowed):
        people.set_password(administrator, "牡丹 and 11 cranes", by=clerk)


def test_wrong_tables_of_rights_are_refused() -> None:
    made = actions.create_role("Odd", by=SYSTEM)
    for grants in (
        {"unicorns": {"view": "all"}},
        {"customers": {"fly": "all"}},
        {"customers": {"view": "some"}},
        {"products": {"view": "own"}},
        {"customers": "all"},
        ["customers"],
    ):
        with pytest.raises(Refused):
            actions.edit_role(made.pk, {"grants": grants}, by=SYSTEM)


def test_a_team_is_no_part_of_itself() -> None:
    north = actions.create_team("North", by=SYSTEM)
    taipei = actions.create_team("Taipei", parent=north, by=SYSTEM)
    with pytest.raises(Refused):
        actions.edit_team(north.pk, {"parent": taipei}, by=SYSTEM)
    actions.delete_team(north.pk, by=SYSTEM)
    assert Team.objects.get().parent is None


def test_handing_over_many(staff: User, own_only: User, colleague: Colleague) -> None:
    ids = [party(f"Number {number}").pk for number in range(5)]

    assert customers.hand_over(ids, own_only, by=staff) == 5

    assert Party.objects.visible_to(own_only).count() == 5
    entry = AuditEntry.objects.filter(action="customers.hand_over").get()
    assert entry.changes["owner"] == [None, own_only.pk]
    assert set(entry.changes["from"]) == {str(number) for number in ids}
    with pytest.raises(Refused):
        customers.hand_over(ids, colleague("nothing"), by=staff)
    assert customers.hand_over(ids, None, by=colleague("elsewhere", "sales")) == 0, "none of them is his"


def test_few_records_of_ones_own_are_found_among_many_namesakes(own_only: User) -> None:
    mine = party("王美玲", own_only)
    for number in range(250):
        Party.objects.create(name=f"王美玲 {number}")
    search.touch(*Party.objects.all())

    assert search.matching_ids(Party, "王美", own_only) == [mine.pk]


def test_hidden_fields_are_nowhere(own_only: User, staff: User) -> None:
    hiding = role(
        "Discreet",
        {"customers": {"view": "all", "edit": "all", "create": "all", "export": "all"}, "events": {"view": "all"}},
        {
            "customers.party": {
                "occupation": "hidden",
                "latin_name": "hidden",
                "profile.age": "hidden",
                "city": "read_only",
            }
        },
    )
    row = party(
        "王美玲", own_only, occupation="Lamplighter", latin_name="Xanadu", profile={"age": "35-44"}, city="臺北"
    )
    customers.edit_party(row.pk, {"occupation": "Clockmaker", "latin_name": "Xanadu Park"}, by=staff)
    actions.give_roles(own_only, [hiding], by=SYSTEM)
    client = logged_in(own_only)

    for url in (
        "/customers/",
        "/customers/?cols=name,occupation,city,profile.age",
        f"/customers/{row.pk}/",
        f"/customers/{row.pk}/history/",
        "/customers/export.csv?cols=name,city,latin_name,occupation",
        f"/api/v1/parties/{row.pk}",
        "/api/v1/parties",
        f"/api/v1/parties/{row.pk}/events",
        "/search/?q=王美玲",
        "/search/suggest/?q=王美玲",
    ):
        response = client.get(url)
        assert response.status_code == 200, url
        text = b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]
        for secret in (b"Lamplighter", b"Clockmaker", b"Xanadu", b"35-44"):
            assert secret not in text, (url, secret)
    assert search.find("Xanadu", staff)
    assert not search.find("Xanadu", own_only)
    assert client.get("/customers/?f.occupation=Clockmaker").content.count(b"/customers/%d/" % row.pk) == 0
    assert client.get(f"/customers/{row.pk}/fact/occupation/").status_code == 404
    for change in ({"occupation": "Spy"}, {"city": "高雄"}, {"profile.age": "65+"}):
        with pytest.raises(Refused):
            customers.edit_party(row.pk, change, by=own_only)
    customers.edit_party(row.pk, {"gender": "female"}, by=own_only)
    row.refresh_from_db()
    assert (row.occupation, row.profile, row.gender) == ("Clockmaker", {"age": "35-44"}, "female"), "nothing is lost"

    for change in ({"occupation": "Spy", "expected": {"occupation": "?"}}, {"profile": {"age": "65+"}, "expected": {}}):
        change["expected"] |= {"profile.age": "25-34"}
        answer = client.patch(f"/api/v1/parties/{row.pk}", change, content_type="application/json")
        assert answer.status_code == 422, "a clash would tell what is hidden"
        assert b"Clockmaker" not in answer.content
        assert b"35-44" not in answer.content


def test_a_hidden_reference_is_not_expanded(own_only: User) -> None:
    mine = party("Mine", own_only)
    other = party("Kept secret", own_only)
    order = create_order(mine, [Line(description="Tea", amount=Decimal(1))], by=SYSTEM)
    client, asked = logged_in(own_only), f"/api/v1/records/orders/{order.pk}?expand=party"
    reads = {"customers": {"view": "all"}, "orders": {"view": "all"}}
    actions.give_roles(own_only, [role("Reader", reads)], by=SYSTEM)
    assert client.get(asked).json()["expanded"]["party"]["title"] == "Mine"

    actions.give_roles(own_only, [role("Discreet", reads, {"orders.order": {"party": "hidden"}})], by=SYSTEM)

    assert client.get(asked).status_code == 422
    assert client.get(f"/api/v1/records/customers/{other.pk}").status_code == 200


def test_numbers_of_other_systems_open_no_foreign_record(colleague: Colleague) -> None:
    rep, other = colleague("rep", "sales"), colleague("other", "sales")
    foreign, _new = customers.put_party("till", "7", {"name": "Foreign", "owner": other}, by=SYSTEM)
    put_event("till", "9", "call", party=foreign, by=SYSTEM)
    client = logged_in(rep)

    def put(path: str, body: dict[str, Any], who: Client = client) -> int:
        return who.put(f"/api/v1/{path}", body, content_type="application/json").status_code

    assert put("parties/by/till/7", {"name": "Taken over"}) == 403
    assert put("parties/by/till/7", {}) in (403, 422)
    assert put("events/by/till/9", {"kind": "call"}) == 422
    assert put("events/by/till/10", {"kind": "call", "party": foreign.pk}) == 422
    assert put("events/by/till/11", {"kind": "call"}, logged_in(colleague("nothing"))) == 403
    foreign.refresh_from_db()
    assert foreign.name == "Foreign"
    assert not Event.objects.filter(kind="call").exclude(party=foreign).exists()


def test_a_formula_is_tried_on_records_that_its_writer_sees(own_only: User, staff: User) -> None:
    party("Foreign")
    made = role("Fields", {"settings": {"view": "all", "create": "all"}, "customers": {"view": "own"}})
    actions.give_roles(own_only, [made], by=SYSTEM)
    body = {
        "object_type": "customers.party",
        "kind": "formula",
        "formula": "1 + 1",
        "result": "number",
        "name_en": "Two",
    }

    assert b"Foreign" in logged_in(staff).post("/fields/preview/", body).content
    assert b"Foreign" not in logged_in(own_only).post("/fields/preview/", body).content


def test_who_is_no_administrator_makes_dashboards(colleague: Colleague) -> None:
    analyst, reader = colleague("analyst", "analyst"), colleague("reader", "analyst")
    board = dashboards.make_dashboard("Sales", by=analyst)
    question = dashboards.save_question("Orders", "m=orders", by=analyst)
    tile = dashboards.add_tile(board.pk, question.pk, by=analyst)

    assert list(Tile.objects.visible_to(analyst)) == [tile]
    assert not Tile.objects.visible_to(reader).exists()
    dashboards.share(type(board), board.pk, "everybody", by=analyst)
    assert may(reader, "view", board)
    assert not may(colleague("nothing"), "view", board)
    with pytest.raises((NotAllowed, Refused)):
        dashboards.remove_tile(tile.pk, by=reader)
