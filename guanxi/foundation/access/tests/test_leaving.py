"""A colleague leaves: what is his goes to others and can be had back, his account and what acts in his name ends."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from guanxi.customers import actions as customers
from guanxi.customers.models import Party
from guanxi.foundation.access import actions, leaving
from guanxi.foundation.actions import Refused
from guanxi.foundation.bulk_changes import actions as changes
from guanxi.foundation.bulk_changes import tasks
from guanxi.foundation.models import ApiToken, User
from guanxi.foundation.people import authenticate_token, create_token
from guanxi.foundation.roles import actions as roles
from guanxi.foundation.todos import actions as todos
from guanxi.foundation.todos.models import Todo
from guanxi.foundation.visibility import SYSTEM

pytestmark = pytest.mark.django_db


@pytest.fixture
def rep(colleague: Any) -> User:
    """A representative with five customers and something to do."""
    user: User = colleague("rep", "sales")
    for number in range(5):
        customers.create_party(name=f"Number {number}", owner=user, by=SYSTEM)
    todos.add("Call", assignee=user, by=user)
    return user


def test_he_hands_over_and_his_account_is_closed(rep: User, staff_client: Client, colleague: Any) -> None:
    one, two, nothing = colleague("one", "sales"), colleague("two", "sales"), colleague("nothing")
    plain = create_token(rep, "till", by=rep)[1]
    his = Client()
    his.force_login(rep)
    page = staff_client.get(f"/access/{rep.pk}/leave/").content.decode()
    assert f'value="{one.pk}"' in page
    assert f'value="{nothing.pk}"' not in page, "who may see no customers takes none over"

    answer = staff_client.post(
        f"/access/{rep.pk}/leave/", {"to.customers": [one.pk, two.pk], "close": "on"}, follow=True
    )

    assert answer.status_code == 200
    assert (Party.objects.filter(owner=one).count(), Party.objects.filter(owner=two).count()) == (2, 3)
    assert Todo.objects.get().assignee == rep, "nobody was chosen for it"
    rep.refresh_from_db()
    assert not rep.is_active
    assert his.get("/customers/").status_code == 302
    assert authenticate_token(plain) is None
    assert not ApiToken.objects.filter(user=rep).exists()

    for change in leaving.handed_over(rep, SYSTEM):
        tasks.start(changes.begin_undo(change.pk, by=change.by), by=change.by)
    assert Party.objects.filter(owner=rep).count() == 5
    staff_client.post(f"/access/{rep.pk}/back/")
    rep.refresh_from_db()
    assert rep.is_active


def test_each_list_goes_its_own_way(rep: User, staff: User, colleague: Any) -> None:
    one, reader = colleague("one", "sales"), colleague("reader", "analyst")
    found = {held.slug: (held.count, held.others) for held in leaving.held(rep, staff)}
    assert found == {"customers": (5, 0), "todos": (1, 0)}

    leaving.leave(rep, {"customers": [one], "todos": [reader]}, close=False, by=staff)

    assert Party.objects.filter(owner=one).count() == 5
    assert Todo.objects.get().assignee == reader
    assert leaving.held(rep, staff) == []


def test_more_successors_than_records(rep: User, staff: User, colleague: Any) -> None:
    many = [colleague(f"c{number}", "sales") for number in range(7)]

    leaving.leave(rep, {"customers": many}, close=False, by=staff)

    assert sorted(Party.objects.filter(owner__in=many).values_list("owner", flat=True)) == [u.pk for u in many[:5]]


def test_what_is_refused(rep: User, staff: User, staff_client: Client, colleague: Any) -> None:
    nothing = colleague("nothing")
    clerk = colleague("clerk")
    people = roles.create_role("Personnel", by=SYSTEM)
    roles.edit_role(people.pk, {"grants": {"people": {"view": "all", "edit": "all"}}}, by=SYSTEM)
    roles.give_roles(clerk, [people], by=SYSTEM)
    client = Client()
    client.force_login(clerk)

    with pytest.raises(Refused):
        leaving.leave(rep, {"customers": [nothing]}, close=True, by=staff)
    with pytest.raises(Refused):
        actions.deactivate(staff, by=staff)
    assert {held.slug: (held.count, held.others) for held in leaving.held(rep, clerk)}["customers"] == (0, 5)
    assert client.get(f"/access/{staff.pk}/leave/").status_code == 403, "administrators are theirs"
    assert staff_client.post(f"/access/{rep.pk}/leave/", {}).status_code == 422
    refused = staff_client.post(f"/access/{rep.pk}/leave/", {"to.customers": [nothing.pk], "close": "on"})
    assert refused.status_code == 422
    rep.refresh_from_db()
    assert rep.is_active, "nothing was done by halves"
    assert Party.objects.filter(owner=rep).count() == 5


def test_programs_let_him_go_and_come_back(rep: User, api: Client, colleague: Any) -> None:
    one, two = colleague("one", "sales"), colleague("two", "sales")
    create_token(rep, "till", by=rep)
    held = {row["list"]: row for row in api.get(f"/api/v1/access/{rep.pk}/held").json()}
    assert (held["customers"]["count"], held["customers"]["others"]) == (5, 0)
    assert {one.pk, two.pk} <= set(held["customers"]["successors"])
    token = api.get(f"/api/v1/access/{rep.pk}/tokens").json()[0]
    assert token["name"] == "till" and "token" not in token

    def is_active() -> bool:
        return User.objects.get(pk=rep.pk).is_active

    def leave(**body: Any) -> Any:
        return api.post(f"/api/v1/access/{rep.pk}/leave", body, content_type="application/json")

    assert leave().status_code == 422, "nothing was asked for"
    for successors in ({"customers": [10**9]}, {"nowhere": [one.pk]}, {"customers": [colleague("nothing").pk]}):
        assert leave(successors=successors, close=True).status_code == 422
    assert is_active(), "nothing was done by halves"

    begun = leave(successors={"customers": [one.pk, two.pk]}, close=True)

    assert begun.status_code == 202
    assert [(row["list"], row["state"]) for row in begun.json()] == [("customers", "done")] * 2
    assert (Party.objects.filter(owner=one).count(), Party.objects.filter(owner=two).count()) == (2, 3)
    assert not is_active() and not ApiToken.objects.filter(user=rep).exists()
    assert api.post(f"/api/v1/access/{rep.pk}/back").status_code == 204
    assert is_active()
    mine = create_token(rep, "again", by=rep)[0]
    assert api.delete(f"/api/v1/access/tokens/{mine.pk}").status_code == 204
    assert not ApiToken.objects.filter(pk=mine.pk).exists()
    assert api.delete(f"/api/v1/access/tokens/{mine.pk}").status_code == 404


def test_programs_say_the_rules_of_access(api: Client, rep: User) -> None:
    def say(required: bool) -> Any:
        return api.put("/api/v1/access/rules", {"second_factor": required}, content_type="application/json")

    assert api.get("/api/v1/access/rules").json() == {"second_factor": False}
    assert say(True).json()["errors"][0]["field"] == "second_factor", "who says so has none himself"
    assert say(False).json() == {"second_factor": False}
    his = Client()
    his.force_login(rep)
    assert his.get("/api/v1/access/rules").status_code == 403
