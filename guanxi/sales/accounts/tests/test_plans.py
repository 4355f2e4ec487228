"""Account plans: goals, reviews that remind, strength by department, white space; who may; merged; for programs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from guanxi.catalog.models import Category, Product
from guanxi.channels.activities import actions as activities
from guanxi.customers import actions as customers
from guanxi.customers.models import Party
from guanxi.customers.rights import erasing
from guanxi.foundation import clock
from guanxi.foundation.actions import Refused
from guanxi.foundation.models import AuditEntry, User
from guanxi.foundation.todos.models import Todo
from guanxi.lake.refresh import refresh
from guanxi.ledger.models import Event
from guanxi.orders import actions as orders
from guanxi.sales.accounts import actions, queries, strength, whitespace
from guanxi.sales.accounts.models import AccountGoal, AccountReview

pytestmark = pytest.mark.django_db
JSON = "application/json"


@pytest.fixture(autouse=True)
def own_currency(settings: Any) -> None:
    settings.GUANXI_CURRENCY = "USD"


@pytest.fixture
def acme(staff: User) -> Party:
    return customers.create_party(by=staff, name="Acme Ltd", kind="organisation")


def days(count: int) -> Any:
    return clock.today() + timedelta(days=count)


def bought(party: Party, product: Product, amount: str, staff: User, ago: int = 0) -> None:
    line = orders.Line(product, amount=Decimal(amount))
    orders.create_order(party, [line], placed_at=timezone.now() - timedelta(days=ago), currency="USD", by=staff)


def test_a_goal_is_set_counted_and_decided(staff_client: Client, staff: User, acme: Party) -> None:
    page = f"/customers/{acme.pk}/plan/"
    wrong = staff_client.post(f"{page}goals/", {"title": "Filters too", "amount": "1000"})
    assert (wrong.status_code, "Filters too" in wrong.content.decode()) == (422, True)
    said = {"title": "Filters too", "amount": "1000", "due_on": str(days(90)), "once": "abc"}
    for _again in range(2):  # a double click
        assert staff_client.post(f"{page}goals/", said).status_code == 200
    goal = AccountGoal.objects.get()
    assert (goal.owner, goal.since, goal.state) == (staff, clock.today(), "open")

    bought(acme, Product.objects.create(code="f", name="Filter"), "250", staff)
    (aim,) = queries.aims(acme, staff)
    assert (aim.sold, aim.percent) == (Decimal(250), 25)
    shown = staff_client.get(page).content.decode()
    assert "25 %" in shown
    assert "Filters too" in staff_client.get(f"/customers/{acme.pk}/panel/account-plan/").content.decode()
    assert "Filters too" in staff_client.get("/account-goals/?as=board").content.decode()

    staff_client.post(f"{page}goals/", {"goal": goal.pk, "state": "reached"})
    goal.refresh_from_db()
    assert (goal.state, goal.closed_on) == ("reached", clock.today())
    staff_client.post(f"{page}goals/", {"goal": goal.pk, "state": "open"})
    goal.refresh_from_db()
    assert (goal.state, goal.closed_on) == ("open", None)
    assert staff_client.post(f"{page}goals/", {"goal": goal.pk, "state": "sold"}).status_code == 422
    assert list(Event.objects.filter(party=acme, kind__startswith="account.").order_by("id").values_list(
        "kind", flat=True)) == ["account.goal_set", "account.goal_reached"]  # fmt: skip
    assert AuditEntry.objects.filter(object_type="account_plans.accountgoal", object_id=goal.pk).count() == 3
    assert "Filters too" in staff_client.get(f"/account-goals/{goal.pk}/").content.decode()


def test_a_review_reminds_is_moved_held_and_planned_again(staff_client: Client, staff: User, acme: Party) -> None:
    address = f"/customers/{acme.pk}/plan/reviews/"
    assert staff_client.post(address, {"day": ""}).status_code == 422
    assert staff_client.post(address, {"day": str(days(-1))}).status_code == 422
    for when in (days(10), days(20)):
        staff_client.post(address, {"day": str(when)})
    review, task = AccountReview.objects.get(), Todo.objects.get()
    assert (review.day, review.todo, task.due_on) == (days(20), task, days(20))
    assert (task.is_next, task.remind_at is not None, task.object_id) == (True, True, acme.pk)
    answer = staff_client.post(address, {"held": review.pk, "text": "Two goals more", "day": str(days(120))})
    assert "Two goals more" in answer.content.decode()
    task.refresh_from_db()
    assert task.done_at is not None
    following = AccountReview.objects.get(held_at__isnull=True)
    assert (following.day, following.todo != task) == (days(120), True)
    assert Event.objects.filter(party=acme, kind="account.reviewed").count() == 1


def test_only_organisations_have_one(staff_client: Client, staff: User) -> None:
    mei = customers.create_party(by=staff, name="王美玲", kind="person")
    assert staff_client.get(f"/customers/{mei.pk}/plan/").status_code == 404
    with pytest.raises(Refused, match="Only organisations"):
        actions.add_goal(by=staff, party=mei, title="More", due_on=days(1))
    acme = customers.create_party(by=staff, name="Acme", kind="organisation")
    with pytest.raises(Refused, match="ends after"):
        actions.add_goal(by=staff, party=acme, title="More", due_on=days(1), since=days(2))


def test_the_strength_of_each_department_and_why(staff: User, acme: Party, staff_client: Client) -> None:
    def works(name: str, department: str, **values: Any) -> Party:
        person = customers.create_party(by=staff, name=name, kind="person")
        customers.add_relationship(person, "works_at", acme, by=staff, department=department, **values)
        return person

    buyer = works("Lin", "Purchasing", influence=5, stance=2)
    works("Wu", "Purchasing", influence=1)
    chen = works("Chen", "Engineering", stance=-2)
    for ago in (1, 40, 100, 150):
        activities.log("reached", by=staff, record=buyer, kind="call", starts_at=timezone.now() - timedelta(days=ago))
    weak, strong = strength.departments(acme, staff)
    assert (strong.name, strong.people, strong.spoken_with, strong.contacts) == ("Purchasing", 2, 1, 4)
    assert strong.score == round(40 * 5 / 6 + 30 + 30)
    assert (strong.band, weak.name, weak.score, weak.band) == ("strong", "Engineering", 0, "none")
    assert "1 is against us" in weak.why
    page = staff_client.get(f"/customers/{acme.pk}/plan/").content.decode()
    assert page.index("Engineering") < page.index("Purchasing")

    # Who takes part in what is held with his organisation was spoken with, too; once for each time.
    past = timezone.now() - timedelta(days=2)
    visit = activities.plan(by=staff, record=acme, kind="visit", starts_at=past, participants=[chen, buyer])
    activities.hold(visit.pk, "held", by=staff)
    engineering, purchasing = strength.departments(acme, staff)
    assert (engineering.spoken_with, engineering.contacts, purchasing.contacts) == (1, 1, 5)


def test_who_may(colleague: Callable[..., User], staff: User, acme: Party, client: Client) -> None:
    lin, wu, reader = colleague("lin", "sales"), colleague("wu", "sales"), colleague("reader", "read-only")
    Party.objects.filter(pk=acme.pk).update(owner=lin)
    goal = actions.add_goal(by=lin, party=Party.objects.get(pk=acme.pk), title="Filters", due_on=days(9))
    page = f"/customers/{acme.pk}/plan/"
    said = {"title": "Pumps", "due_on": str(days(9))}
    for who, seen, written in ((lin, 200, 200), (wu, 404, 404), (reader, 200, 403)):
        client.force_login(who)
        assert client.get(page).status_code == seen
        assert client.get(f"{page}white-space/").status_code == seen
        assert client.post(f"{page}goals/", said).status_code == written
        assert client.post(f"{page}reviews/", {"day": str(days(9))}).status_code == written
        assert client.get(f"/account-goals/{goal.pk}/").status_code == seen
    assert AccountGoal.objects.count() == 2
    client.force_login(colleague("nobody"))
    assert client.get(page).status_code == 403


def test_plans_go_with_merges_and_come_back(staff: User, acme: Party) -> None:
    twin = customers.create_party(by=staff, name="ACME", kind="organisation")
    for party in (acme, twin):
        actions.add_goal(by=staff, party=party, title=f"Goal of {party.name}", due_on=days(9))
        actions.plan_review(party, days(9), by=staff)
    (merge,) = customers.merge_parties(acme, [twin], by=staff).merges
    assert AccountGoal.objects.filter(party=acme).count() == 2
    to_come = queries.to_come(acme, staff)
    assert to_come is not None
    assert to_come.origin is None
    customers.undo_merge(merge.pk, by=staff)
    assert [goal.title for goal in AccountGoal.objects.filter(party=twin)] == ["Goal of ACME"]
    assert AccountReview.objects.filter(party=twin).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_plan_goes_when_its_organisation_is_erased(home: Any, staff: User, acme: Party) -> None:
    goal = actions.add_goal(by=staff, party=acme, title="Goal of Acme Ltd", due_on=days(9))
    actions.hold_review(actions.plan_review(acme, days(1), by=staff).pk, "Acme Ltd wants more", days(9), by=staff)
    erasing.erase(acme, by=staff)
    assert not AccountGoal.objects.exists()
    assert not AccountReview.objects.exists()
    assert not AuditEntry.objects.filter(object_id=goal.pk, changes__icontains="Acme").exists()


def test_programs_do_the_same(api: Client, staff: User, acme: Party) -> None:
    here = f"/api/v1/parties/{acme.pk}"
    made = api.post(
        f"{here}/account-goals", {"title": "Filters", "due_on": str(days(30)), "amount": "500"}, content_type=JSON
    )
    assert (made.status_code, made.json()["amount"], made.json()["owner"]) == (201, "500.00", staff.pk)
    number = made.json()["id"]
    review = api.put(f"{here}/account-review", {"day": str(days(30))}, content_type=JSON).json()
    plan = api.get(f"{here}/account-plan").json()
    assert Decimal(plan["goals"][0]["sold"]) == 0
    assert (plan["review"]["id"], plan["departments"]) == (review["id"], [])
    goals = "/api/v1/account-plans/goals"
    changed = api.patch(f"{goals}/{number}", {"note": "By June", "state": "missed"}, content_type=JSON).json()
    assert (changed["note"], changed["state"]) == ("By June", "missed")
    assert api.patch(f"{goals}/{number}", {"title": None}, content_type=JSON).status_code == 422
    clash = {"title": "Other", "expected": {"title": "Pumps"}}
    assert api.patch(f"{goals}/{number}", clash, content_type=JSON).status_code == 409
    held = api.post(f"/api/v1/account-plans/reviews/{review['id']}/held", {"text": "Fine"}, content_type=JSON)
    assert held.json()["held_at"] is not None
    assert api.delete(f"{goals}/{number}").status_code == 204
    assert api.get("/api/v1/records/account-goals").json()["items"] == []


@pytest.mark.django_db(transaction=True)
def test_white_space_is_what_others_like_it_buy(
    home: Any, staff: User, staff_client: Client, api: Client, colleague: Callable[..., User]
) -> None:
    names = ("Pumps", "Pipes", "Filters", "Paint")
    products = {
        name: Product.objects.create(code=name, name=name, category=Category.objects.create(path=name, name=name))
        for name in names
    }
    buys = {
        "Acme": ("Pumps", "Pipes"), "One": ("Pumps", "Pipes", "Filters"), "Two": ("Pumps", "Pipes", "Filters"),
        "Three": ("Pumps", "Pipes", "Filters"), "Four": ("Pumps", "Paint"), "Other": ("Paint",),
    }  # fmt: skip
    parties = {}
    for name, what in buys.items():
        parties[name] = customers.create_party(by=staff, name=name, kind="organisation")
        for category in what:
            bought(parties[name], products[category], "730", staff, ago=30)
    person = customers.create_party(by=staff, name="Mei", kind="person")
    bought(person, products["Paint"], "10", staff)
    refresh()

    space = whitespace.of(parties["Acme"], staff)
    assert (space.own, space.alike, space.industry) == (2, 4, "")
    (gap,) = space.gaps
    assert (gap.category, gap.buyers, gap.share, gap.yearly) == ("Filters", 3, 0.75, Decimal(365))
    shown = staff_client.get(f"/customers/{parties['Acme'].pk}/plan/white-space/").content.decode()
    assert "Filters" in shown
    assert "Against the 4 organisations" in shown
    told = api.get(f"/api/v1/parties/{parties['Acme'].pk}/white-space").json()
    assert [one["category"] for one in told["gaps"]] == ["Filters"]
    assert whitespace.of(parties["Other"], staff).alike == 1

    lin = colleague("lin", "sales")
    Party.objects.filter(pk=parties["Acme"].pk).update(owner=lin)
    refresh(full=True)
    assert whitespace.of(parties["Acme"], lin).alike == 0, "others' customers do not count for whom they are hidden"
