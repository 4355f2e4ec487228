"""Questions are saved, shared and mailed; dashboards show them for one period, each with what its viewer may see."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from guanxi.foundation.actions import Refused
from guanxi.foundation.models import Notification, User
from guanxi.foundation.reports import tasks as report_tasks
from guanxi.foundation.reports.models import Subscription
from guanxi.foundation.roles.actions import add_member, create_team, remove_member
from guanxi.foundation.tasks.worker import run_waiting
from guanxi.foundation.visibility import SYSTEM, NotAllowed
from guanxi.lake.dashboards import actions, boards, declaration
from guanxi.lake.dashboards.models import Dashboard, Question, Sharing, Tile
from guanxi.lake.explore.state import State
from guanxi.lake.tests.conftest import Shop

BAKERY = "m=sales&by=department&period=last_month&compare=before"


@pytest.fixture
def colleague(db: None) -> User:
    return User.objects.create_user("zhiming", "zhiming@example.com", "relation-8-ship", is_staff=True)


@pytest.fixture
def board(staff: User) -> Dashboard:
    """A dashboard of `staff` with a figure, a plot and a table."""
    made = actions.make_dashboard("Morning", by=staff, query="period=last_month")
    for name, query, form in (
        ("Sales", "m=sales&by=", "number"),
        ("Departments", BAKERY, "plot"),
        ("Places", "m=sales&m=customers&by=place", "table"),
    ):
        actions.add_tile(made.pk, actions.save_question(name, query, by=staff).pk, form, by=staff)
    return made


def tile(client: Client, board: Any, title: str, query: str = "") -> Any:
    placed = next(one for one in client.get(f"/dashboards/{board}/").context["board"].tiles if one.title == title)
    return client.get(f"/dashboards/{board}/tiles/{placed.number}/?{query}").context["drawn"]


@pytest.mark.any_database
def test_a_tile_shows_its_question_for_the_period_of_the_dashboard(
    trade: Shop, staff_client: Client, board: Dashboard
) -> None:
    assert tile(staff_client, board.pk, "Sales").number.text == "20.00"
    year = tile(staff_client, board.pk, "Sales", "period=last_year&compare=year")
    assert year.number.text == "30.00" and year.number.note is None
    month = tile(staff_client, board.pk, "Sales", "period=last_month&compare=before")
    assert month.number.note.text == "+100.0 %" and month.before == "10.00"
    behind = staff_client.get(month.number.url).content.decode()
    assert "A2" in behind and "A3" in behind and "A1<" not in behind
    drawn = tile(staff_client, board.pk, "Departments", "period=last_month&f.place=South")
    assert [[cell.text for cell in row][:2] for row in drawn.table.rows] == [["BAKERY", "5.00"]]
    assert drawn.table.plot["x"] == ["BAKERY"]
    assert staff_client.get(drawn.url).context["table"].rows[0][0].text == "BAKERY"


def test_what_a_period_cannot_cut_is_shown_as_it_is_now(trade: Shop, staff: User, board: Dashboard) -> None:
    question = actions.save_question("All", "m=known&by=", by=staff)
    drawn = boards.draw(
        boards.Placed(1, "All", question.query, "number", "third"), State.parse("period=last_month&f.place=N"), staff
    )
    assert drawn.number and drawn.number.text == "2"
    assert len(drawn.notes) == 2 and "As of now" in drawn.notes[0]


@pytest.mark.any_database
def test_ready_made_dashboards_are_answered_and_can_be_copied(trade: Shop, staff: User, staff_client: Client) -> None:
    for ready in declaration.all():
        made = boards.of_ready(ready)
        for placed in made.tiles:
            drawn = boards.draw(placed, State.parse(made.query), staff)
            assert not drawn.problem, (ready.slug, placed.title, drawn.problem)
    answer = staff_client.post("/dashboards/new/", {"ready": "management"}, follow=True)
    copied = answer.context["board"]
    assert copied.own and len(copied.tiles) == len(declaration.MANAGEMENT.tiles)
    again = staff_client.post("/dashboards/new/", {"ready": "management"}, follow=True)
    assert again.context["board"].title == "Management 2"
    refused = staff_client.post("/dashboards/management/change/", {"do": "rename", "name": "x"}, follow=True)
    assert "copy it" in refused.content.decode()


def test_tiles_are_arranged_and_changed_by_their_owner_alone(
    trade: Shop, staff_client: Client, staff: User, board: Dashboard, colleague: User
) -> None:
    first, second, third = board.tiles.values_list("pk", flat=True)
    url = f"/dashboards/{board.pk}/change/"
    script = {"HTTP_X_REQUESTED_WITH": "fetch"}
    assert staff_client.post(url, {"do": "arrange", "tile": [third, first]}, **script).status_code == 204
    assert list(board.tiles.values_list("pk", flat=True)) == [third, first, second]
    staff_client.post(url, {"do": "tile", "tile": first, "size": "full", "form": "table"})
    assert Tile.objects.filter(pk=first, size="full", form="table").exists()
    assert staff_client.post(url, {"do": "tile", "tile": first, "size": "huge"}, **script).status_code == 422
    staff_client.post(url, {"do": "remove", "tile": second})
    assert list(board.tiles.values_list("pk", flat=True)) == [third, first]
    actions.share(Dashboard, board.pk, "everybody", by=staff)
    other = Client()
    other.force_login(colleague)
    assert other.get(f"/dashboards/{board.pk}/").status_code == 200
    assert other.post(url, {"do": "arrange", "tile": [first, third]}).status_code == 403
    with pytest.raises(NotAllowed):
        actions.remove_tile(first, by=colleague)


def test_private_until_shared_with_named_people_or_everybody(
    trade: Shop, staff: User, board: Dashboard, colleague: User
) -> None:
    question = Question.objects.get(name="Departments")
    other = Client()
    other.force_login(colleague)
    pages = (f"/dashboards/{board.pk}/", f"/questions/{question.pk}/")
    assert [other.get(url).status_code for url in pages] == [404, 404]
    actions.share(Dashboard, board.pk, "named", ["zhiming"], by=staff)
    actions.share(Question, question.pk, "everybody", by=staff)
    assert [other.get(url, follow=True).status_code for url in pages] == [200, 200]
    told = Notification.objects.get(user=colleague)
    assert "Morning" in told.title and told.url == f"/dashboards/{board.pk}/"
    assert "Morning" in other.get("/dashboards/").content.decode()
    actions.share(Dashboard, board.pk, "private", by=staff)
    assert other.get(f"/dashboards/{board.pk}/").status_code == 404
    assert not board.readers.exists()
    with pytest.raises(Refused, match="nobody"):
        actions.share(Dashboard, board.pk, "named", ["nobody"], by=staff)
    with pytest.raises(Refused, match="at least one"):
        actions.share(Dashboard, board.pk, Sharing.NAMED, [""], by=staff)


def test_shared_with_a_team_and_taken_back(
    trade: Shop, staff: User, staff_client: Client, board: Dashboard, colleague: User
) -> None:
    team, other_team = create_team("North", by=SYSTEM), create_team("South", by=SYSTEM)
    other = Client()
    other.force_login(colleague)
    url, question = f"/dashboards/{board.pk}/", Question.objects.get(name="Departments")
    sent = {"do": "share", "sharing": "named", "names": "", "groups": [f"team:{team.pk}", "team:0"]}
    staff_client.post(f"{url}change/", sent)
    staff_client.post(f"/questions/{question.pk}/change/", sent)
    assert list(board.readers.filter(user=None).values_list("group", flat=True)) == [f"team:{team.pk}"]
    assert board.readers.count() == 1
    assert f'value="team:{team.pk}" checked' in staff_client.get(url).content.decode()
    assert other.get(url).status_code == 404
    add_member(other_team, colleague, by=SYSTEM)
    assert other.get(url).status_code == 404
    add_member(team, colleague, by=SYSTEM)
    assert other.get(url).status_code == 200
    assert other.get(f"/questions/{question.pk}/", follow=True).status_code == 200
    assert other.post(f"{url}change/", {"do": "rename", "name": "x"}).status_code == 403
    remove_member(team, colleague, by=SYSTEM)
    assert other.get(url).status_code == 404
    staff_client.post(f"{url}change/", {**sent, "names": "zhiming", "groups": []})
    assert other.get(url).status_code == 200
    assert list(board.readers.values_list("user", "group")) == [(colleague.pk, "")]


def test_a_question_is_saved_reopened_changed_and_deleted(trade: Shop, staff_client: Client, staff: User) -> None:
    opened = staff_client.post("/questions/", {"name": "Departments", "query": BAKERY + "&x=1"}, follow=True)
    assert opened.context["state"].period == "last_month"
    saving = opened.context["saving"][0]
    assert saving["row"].name == "Departments" and not saving["changed"]
    number = saving["row"].pk
    other = staff_client.get("/explore/", {"m": "orders", "by": "place", "saved": number})
    assert other.context["saving"][0]["changed"]
    again = staff_client.post("/questions/", {"name": "Departments", "query": BAKERY}, follow=True)
    assert "already" in again.content.decode()
    staff_client.post(f"/questions/{number}/change/", {"query": "m=orders&by=place"})
    assert Question.objects.get().query.startswith("m=orders&by=place")
    staff_client.post(f"/questions/{number}/change/", {"do": "delete"})
    assert not Question.objects.exists()


def test_a_dashboard_is_mailed_with_what_its_reader_may_see_and_ends_when_it_is_gone(
    trade: Shop, staff: User, staff_client: Client, board: Dashboard, smtp_server: Any
) -> None:
    url = f"/reports/dashboard-{board.pk}/subscription/"
    answer = staff_client.post(url, {"rhythm": "weekly", "back": f"/dashboards/{board.pk}/"})
    assert answer.url == f"/dashboards/{board.pk}/"
    assert Subscription.objects.get().sent_for == "2018-W01"
    staff_client.post(url, {"rhythm": "daily"})
    Subscription.objects.update(sent_for="2018-01-01")
    for _again in range(2):
        report_tasks.send_due.call()
        run_waiting()
    (mail,) = smtp_server
    assert "Morning" in mail["Subject"] and "Sales: 20.00" in mail.get_body(("plain",)).get_content()
    (attached,) = mail.iter_attachments()
    assert attached.get_content()[:5] == b"%PDF-"
    actions.remove(Dashboard, board.pk, by=staff)
    Subscription.objects.update(sent_for="2018-01-01")
    report_tasks.send_due.call()
    run_waiting()
    assert len(smtp_server) == 1 and not Subscription.objects.exists()
    assert "not there any more" in Notification.objects.latest("id").title


def test_a_page_costs_few_queries_and_the_first_dashboard_is_remembered(
    trade: Shop, staff_client: Client, board: Dashboard, django_assert_max_num_queries: Any
) -> None:
    staff_client.post(f"/dashboards/{board.pk}/change/", {"do": "first"})
    with django_assert_max_num_queries(18):
        assert staff_client.get(f"/dashboards/{board.pk}/").context["first"]
    with django_assert_max_num_queries(16):
        assert staff_client.get("/dashboards/").context["first"] == str(board.pk)
    with django_assert_max_num_queries(24):  # the page, and the tile
        tile(staff_client, "management", "Sales by week")


@pytest.mark.parametrize("key", ["nothing", "999", "1" * 30])
def test_unknown_dashboards_are_not_there(home: Any, staff_client: Client, key: str) -> None:
    assert staff_client.get(f"/dashboards/{key}/").status_code == 404
    assert staff_client.get(f"/dashboards/{key}/tiles/1/").status_code == 404
    assert staff_client.get(f"/reports/dashboard-{key}/pdf/").status_code == 404


def test_strangers_see_no_dashboard(trade: Shop, client: Client, stranger: User) -> None:
    client.force_login(stranger)
    for url in ("/dashboards/", "/dashboards/management/", "/dashboards/management/tiles/0/", "/questions/1/"):
        assert client.get(url).status_code == 403, url
