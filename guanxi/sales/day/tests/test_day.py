"""My day: what comes first and why, what one key does and takes back, and who gets to see what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from guanxi.channels.activities import actions as activities
from guanxi.channels.activities.models import Activity
from guanxi.customers import actions as customers
from guanxi.customers.models import Party
from guanxi.foundation import clock, hooks, notifications
from guanxi.foundation.models import User
from guanxi.foundation.notices.kinds import MENTION
from guanxi.foundation.roles.models import Role
from guanxi.foundation.todos import actions as todos
from guanxi.foundation.todos.models import Todo
from guanxi.foundation.visibility import seeing
from guanxi.insight.models import Learning, Stage, Standing
from guanxi.sales.day import queries
from guanxi.sales.day.lines import Line, Section, Worth
from guanxi.sales.day.ranking import ranked
from guanxi.sales.deals.models import Deal
from guanxi.sales.deals.models import Stage as DealStage
from guanxi.sales.leads import actions as leads
from guanxi.sales.leads.models import Lead

pytestmark = pytest.mark.django_db
MakeDeal = Callable[..., Deal]
MOST_STATEMENTS = 29  # of a page, whatever there is


def lines(viewer: User) -> dict[str, list[Line]]:
    return {section.key: section.lines for section in queries.sections(viewer)}


def ago(**span: int) -> Any:
    return clock.now() - timedelta(**span)


def repeated(activity: Activity) -> None:
    """Let it be at 22 o'clock of each day."""
    start = f"{clock.today() - timedelta(days=20):%Y%m%d}T220000"
    event = f"BEGIN:VEVENT\r\nUID:{activity.uid}\r\nDTSTART:{start}\r\nRRULE:FREQ=DAILY\r\nEND:VEVENT"
    activity.series = f"BEGIN:VCALENDAR\r\n{event}\r\nEND:VCALENDAR\r\n"
    activity.save(update_fields=["series"])


def next_action(deal: Any, what: str, by: User, days: int | None = None, **values: Any) -> Todo:
    due_on = None if days is None else clock.today() + timedelta(days=days)
    return todos.add(what, record=deal, is_next=True, by=by, verb="call", due_on=due_on, **values)


def test_value_and_urgency_decide_together() -> None:
    today = date(2026, 3, 2)

    def todo(number: int, days: int | None, priority: int = 2) -> Todo:
        return Todo(pk=number, due_on=None if days is None else today + timedelta(days=days), priority=priority)

    worths = {1: Worth(Decimal(100)), 2: Worth(Decimal(9_000_000)), 3: Worth(Decimal(500)), 4: Worth()}
    rows = [todo(1, -3), todo(2, 30), todo(3, 0), todo(4, None), todo(5, None, priority=1), todo(6, 30, priority=3)]
    order = [row.pk for row in ranked(rows, worths, today)]
    assert order == [3, 1, 2, 5, 4, 6], "what is due and worth much; overdue; worth most; important; the rest"
    assert [row.pk for row in ranked([todo(1, 20), todo(2, 20)], {1: Worth(pressing=True)}, today)] == [1, 2]


def test_next_actions_say_why(staff: User, make: MakeDeal) -> None:
    small = make("Small", value=Decimal(10), owner=staff)
    large = make("Large", value=Decimal(900_000), owner=staff, expected_close=clock.today() + timedelta(days=3))
    Deal.objects.filter(pk=large.pk).update(stage_since=ago(days=400))
    next_action(small, "price", staff, 1)
    next_action(large, "contract", staff, -2)
    first, second = lines(staff)["next"]
    assert (first.title, first.about, first.late) == ("Call: contract", "Large", True)
    assert "2 days overdue" in first.reason
    assert "closes in 3 days" in first.reason
    assert "400 days in “Lead in”" in first.reason or "400 days in" in first.reason
    assert first.amount == Deal.objects.get(pk=large.pk).weighted
    assert "due tomorrow" in second.reason


def test_each_section_shows_the_viewer_s_own(
    staff: User, make: MakeDeal, acme: Party, colleague: Callable[..., User], stages: list[DealStage]
) -> None:
    me = colleague("lin", "sales")
    Party.objects.filter(pk=acme.pk).update(owner=me)
    acme.refresh_from_db()
    deal = make("Pumps", owner=me)
    Deal.objects.filter(pk=deal.pk).update(stage_since=ago(days=300))
    DealStage.objects.filter(pk=deal.stage_id).update(expected_days=10)
    make("Not mine")
    todos.add("offer", by=me, due_on=clock.today(), due_time=time(15))
    todos.add("later", by=me, due_on=clock.today() + timedelta(days=3))
    today = clock.start_of(clock.today())
    activities.plan(by=me, record=acme, kind="visit", starts_at=today + timedelta(hours=9))
    activities.plan(by=staff, record=acme, kind="meeting", starts_at=today, participants=[me])
    activities.plan(by=staff, kind="meeting", subject="without me", starts_at=today)
    declined = activities.plan(by=staff, kind="meeting", subject="declined", starts_at=today, participants=[me])
    declined.participants.filter(user=me).update(answer="declined")
    repeated(activities.plan(by=me, kind="meeting", subject="mine each day", starts_at=ago(days=20)))
    repeated(activities.plan(by=staff, kind="call", subject="theirs", starts_at=ago(days=20), participants=[me]))
    activities.plan(by=me, record=acme, kind="call", subject="forgotten", starts_at=ago(days=2))
    lead = leads.create_lead(name="Chen Wei", by=staff, owner=me)
    Lead.objects.filter(pk=lead.pk).update(created_at=ago(hours=5))
    learning = Learning.objects.create(day=clock.today(), state=Learning.State.PUBLISHED)
    Standing.objects.create(
        party=acme, learning=learning, day=clock.today(), value_so_far=Decimal(9), stage=Stage.DECLINE,
        at_stake=Decimal(1234),
    )  # fmt: skip
    notifications.notify(me, "Wu mentions you", url=f"/deals/{deal.pk}/", kind=MENTION)
    notifications.notify(me, "Something else")

    found = lines(me)
    assert [(line.title, line.reason) for line in found["tasks"]] == [("offer", "today at 15:00")]
    assert [line.title for line in found["meetings"]] == ["forgotten", "Meeting", "Visit", "mine each day", "theirs"]
    assert "How did it go?" in found["meetings"][0].reason
    assert [(line.title, line.why[0]) for line in found["leads"]] == [("Chen Wei", "waits for 5 hours")]
    (ageing,) = found["ageing"]
    assert (ageing.title, ageing.about) == ("Pumps", "Acme Ltd")
    assert "300 days in" in ageing.reason
    assert "10 are expected" in ageing.reason
    assert "nothing is to be done next" in ageing.reason
    assert [(line.title, line.amount) for line in found["slipping"]] == [("Acme Ltd", Decimal(1234))]
    assert [line.title for line in found["mentions"]] == ["Wu mentions you"]
    assert not any(section.lines for section in queries.sections(colleague("wu", "sales"))), "nothing of it is Wu's"


def test_what_one_may_not_see_does_not_stand_on_the_day(
    staff: User, make: MakeDeal, acme: Party, colleague: Callable[..., User], client: Client
) -> None:
    lin, wu, reader = colleague("lin", "sales"), colleague("wu", "sales"), colleague("reader", "read-only")
    Party.objects.filter(pk=acme.pk).update(owner=lin)
    deal = make("Secret pumps", owner=lin)
    todo = next_action(deal, "sign", staff, 0, assignee=lin)
    Todo.objects.filter(pk=todo.pk).update(assignee=wu)  # given to somebody who sees neither deal nor customer
    client.force_login(wu)
    page = client.get("/day/").content.decode()
    assert "Secret" not in page
    assert "Call: sign" not in page
    assert client.post(f"/day/done/todo/{todo.pk}/", {"done": "1"}).status_code == 404
    assert client.get(f"/day/opened/deals.deal/{deal.pk}/").status_code == 404
    client.force_login(reader)
    assert client.get("/day/").status_code == 200
    client.force_login(colleague("nobody"))
    assert client.get("/day/").status_code == 403
    assert client.post(f"/day/done/todo/{todo.pk}/", {"done": "1"}).status_code == 403
    todo.refresh_from_db()
    assert todo.done_at is None


def test_hidden_amounts_are_not_told(make: MakeDeal, staff: User, colleague: Callable[..., User]) -> None:
    Role.objects.filter(key="sales").update(fields={"deals.deal": {"weighted": "hidden", "amount": "hidden"}})
    me = colleague("lin", "sales")
    soon = clock.today() + timedelta(days=3)
    next_action(make("Pumps", value=Decimal(900), owner=me, expected_close=soon), "price", staff, 0, assignee=me)
    with seeing(me):
        (line,) = lines(me)["next"]
    assert (line.about, line.amount, line.why) == ("Pumps", None, ("due today", "closes in 3 days"))


def test_one_key_s_request_does_it_and_takes_it_back(staff: User, staff_client: Client, make: MakeDeal) -> None:
    deal = make("Pumps", owner=staff)
    first, second = next_action(deal, "price", staff, -1), todos.add("tidy up", by=staff, due_on=clock.today())
    page = staff_client.get("/day/").content.decode()
    assert page.index("Call: price") < page.index("tidy up")
    answer = staff_client.post(f"/day/done/todo/{first.pk}/", {"done": "1"}).content.decode()
    assert "Done: Call: price" in answer
    assert "Say what comes next" in answer
    assert f'data-line="todo-{first.pk}"' not in answer
    assert f'data-line="todo-{second.pk}"' in answer
    back = staff_client.post(f"/day/done/todo/{first.pk}/", {"done": "0"}).content.decode()
    assert "Taken back: Call: price" in back
    assert f'data-line="todo-{first.pk}"' in back
    first.refresh_from_db()
    assert (first.done_at, first.is_next) == (None, True)

    told = notifications.notify(staff, "Lin mentions you", kind=MENTION)
    assert told is not None
    for done, unread in (("1", 0), ("0", 1)):
        staff_client.post(f"/day/done/mention/{told.pk}/", {"done": done})
        assert notifications.unread(staff) == unread
    assert staff_client.post(f"/day/done/party/{told.pk}/", {"done": "1"}).status_code == 404


def test_a_line_opens_into_how_to_reach_him_and_what_was_said(staff: User, staff_client: Client, acme: Party) -> None:
    customers.add_contact_point(acme, "phone", "+886 2 2345 6789", by=staff)
    activities.log("reached", by=staff, record=acme, kind="call", text="wants forty")
    opened = staff_client.get(f"/day/opened/customers.party/{acme.pk}/").content.decode()
    assert "tel:+886223456789" in opened
    assert "wants forty" in opened


def test_other_packages_add_sections_and_worth(staff: User, staff_client: Client, acme: Party) -> None:
    next_action(acme, "visit", staff, 0)
    section = Section("cases", "Open cases", [Line("Leak", "/", "bulb", ("since Monday",))])
    worth = ("customers.party", lambda ids, viewer: {number: Worth(Decimal(77), ("has a case",)) for number in ids})
    with hooks.registered("day_section", lambda viewer: section), hooks.registered("day_worth", worth):
        page = staff_client.get("/day/").content.decode()
    assert "Open cases" in page
    assert "has a case" in page


def test_who_has_nothing_to_do_reads_where_work_comes_from(staff: User, staff_client: Client, make: MakeDeal) -> None:
    empty = staff_client.get("/day/").content.decode()
    assert "Nothing waits for you today" in empty and "Nothing here today." not in empty
    assert 'class="btn" href="/deals/' in empty, "the ways to where work is made"
    next_action(make("Pumps", owner=staff), "price", staff, 0)
    busy = staff_client.get("/day/").content.decode()
    assert "Nothing waits for you today" not in busy and "Nothing here today." in busy


def test_programs_and_today_show_the_same(staff: User, api: Client, make: MakeDeal, staff_client: Client) -> None:
    assert "Open my day" not in staff_client.get("/").content.decode()
    todo = next_action(make("Pumps", owner=staff), "price", staff, 0)
    day = api.get("/api/v1/day").json()
    assert day["day"] == clock.today().isoformat()
    (line,) = day["sections"][0]["lines"]
    assert (line["title"], line["does"], line["number"]) == ("Call: price", "todo", todo.pk)
    assert line["why"][0] == "due today"
    assert "Open my day" in staff_client.get("/").content.decode()


def test_questions_do_not_grow_with_what_there_is(
    staff: User, make: MakeDeal, colleague: Callable[..., User], client: Client, django_assert_max_num_queries: Any
) -> None:
    me = colleague("lin", "sales")
    for number in range(12):
        deal = make(f"Deal {number}", owner=me)
        next_action(deal, "price", staff, -number, assignee=me)
        todos.add(f"task {number}", by=me, due_on=clock.today())
        activities.plan(by=staff, record=deal, kind="call", starts_at=timezone.now(), participants=[me])
        leads.create_lead(name=f"Lead {number}", by=staff, owner=me)
    Deal.objects.update(stage_since=ago(days=900))
    client.force_login(me)
    assert client.get("/day/").content.decode().count("/activities/") >= 12
    with django_assert_max_num_queries(MOST_STATEMENTS):
        assert "task 3" in client.get("/day/").content.decode()
