"""Many records changed together, through HTTP: pinned, done, told, undone; in sets, one by one, in the background."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.utils import timezone

from guanxi.foundation import hooks
from guanxi.foundation.bulk_changes import actions, engine, tasks
from guanxi.foundation.bulk_changes.models import BulkChange, BulkRow
from guanxi.foundation.bulk_changes.writing import in_sets
from guanxi.foundation.desk import Desk, find
from guanxi.foundation.desk.choosing import Chosen
from guanxi.foundation.desk.tests.people import Party, People
from guanxi.foundation.models import AuditEntry, User
from guanxi.foundation.notes.models import Note
from guanxi.foundation.tasks.models import BackgroundTask
from guanxi.foundation.tasks.worker import run_waiting
from guanxi.foundation.todos.actions import add
from guanxi.foundation.todos.models import Todo
from guanxi.foundation.visibility import NotAllowed

pytestmark = pytest.mark.django_db
Product: Any = apps.get_model("catalog", "Product")
Price: Any = apps.get_model("catalog", "Price")
PriceList: Any = apps.get_model("catalog", "PriceList")


@pytest.fixture
def sets() -> Iterator[Desk]:
    """The desk `people`, whose fields are written in sets."""

    class InSets(People):
        facts = (*People.facts, "city")
        in_sets = in_sets(Party, ["city", "kind", "made_up", "date_of_birth"])

    declared = InSets()
    with hooks.registered("desk", declared):
        yield declared


def do(client: Client, address: str, **values: Any) -> BulkChange:
    known = BulkChange.objects.count()
    assert client.post(address, values).status_code == 302
    assert BulkChange.objects.count() == known + 1
    return BulkChange.objects.latest("pk")


def undo(client: Client, change: BulkChange) -> BulkChange:
    client.post(f"/bulk-changes/{change.pk}/undo/")
    change.refresh_from_db()
    return change


def words(client: Client, address: str) -> str:
    return html.unescape(client.get(address).content.decode())


def test_who_looks_at_what_a_set_changes_sees_it(sets: Desk, staff_client: Client, parties: list[Any]) -> None:
    other = Client()
    other.force_login(User.objects.create_user("yating", is_staff=True))
    ids = [row.pk for row in parties[:3]]
    asked = {"ids": ",".join(map(str, ids)), "mark": 0, "at": timezone.now().isoformat(), "query": ""}
    assert other.post("/people/live/", asked).json()["rows"] == {}
    change = do(staff_client, "/people/bulk/edit/", all="1", query="", **{"edit.value.city": "臺南"})
    told = other.post("/people/live/", asked).json()
    assert all("臺南" in told["rows"][str(pk)] for pk in ids)
    assert all(told["changed"][str(pk)]["entry"] > 0 and not told["changed"][str(pk)]["mine"] for pk in ids)
    board = other.post("/people/live/", {**asked, "query": "as=board&by=kind"}).json()
    assert set(board["cards"]) == {str(pk) for pk in ids}
    later = {**asked, "mark": AuditEntry.objects.latest("pk").pk}
    assert other.post("/people/live/", later).json()["rows"] == {}
    undo(staff_client, change)
    assert "臺南" not in str(other.post("/people/live/", later).json()["rows"])
    assert len(other.post("/people/live/", later).json()["rows"]) == len(ids)


def test_all_that_match_are_pinned(sets: Desk, staff_client: Client, parties: list[Any]) -> None:
    query = "f.city=高雄&f.kind=person"
    wanted = set(Party.objects.filter(city="高雄", kind="person").values_list("pk", flat=True))
    page = words(staff_client, f"/people/count/?{query}&exact=1&choosing=1")
    assert f"All {len(wanted)} that match the filter are chosen" in page and 'name="all"' in page
    change = do(staff_client, "/people/bulk/edit/", all="1", query=query, **{"edit.value.city": "臺南"})
    assert (change.total, change.changed, change.query) == (len(wanted), len(wanted), query)
    assert set(Party.objects.filter(city="臺南").values_list("pk", flat=True)) == wanted
    # It matches nothing any more; what is undone is what was pinned.
    assert undo(staff_client, change).restored == len(wanted)
    assert set(Party.objects.filter(city="高雄", kind="person").values_list("pk", flat=True)) == wanted


def test_of_several_fields_what_was_changed_since_is_kept(sets: Desk, staff_client: Client, parties: list[Any]) -> None:
    first, second, third = parties[:3]
    ids = [first.pk, second.pk, third.pk]
    told = {"edit.value.city": "臺南", "edit.value.date_of_birth": "1990-05-01", "edit.value.made_up": "1"}
    change = do(staff_client, "/people/bulk/edit/", ids=ids, **told)
    Party.objects.filter(pk=second.pk).update(city="嘉義")
    Party.objects.filter(pk=third.pk).delete()
    undo(staff_client, change)
    assert (change.state, change.restored, change.kept) == ("undone", 1, 2)
    second.refresh_from_db()
    assert (second.city, second.date_of_birth, second.made_up) == ("嘉義", None, False)
    why = dict(BulkRow.objects.filter(change=change).values_list("object_id", "why"))
    assert "嘉義" in why[second.pk] and why[third.pk] == "It is not there any more." and why[first.pk] == ""
    page = words(staff_client, f"/bulk-changes/{change.pk}/")
    assert "嘉義" in page and "2 were kept, because they were changed since." in page
    assert "This was undone already." in words(staff_client, undo(staff_client, change) and "/bulk-changes/")
    back = words(staff_client, f"/people/{second.pk}/history/")
    assert "1990" in back and "<del>1" in back.replace("<del>May 1", "<del>1").replace("<del>1 May", "<del>1")


def test_what_goes_one_by_one_asks_the_action(desk: Desk, staff_client: Client, parties: list[Any]) -> None:
    ids = [row.pk for row in parties[:3]]
    change = do(staff_client, "/people/bulk/edit/", ids=ids, **{"edit.value.name": "王 3"})
    assert (change.changed, change.refused) == (0, 3)
    assert "A name holds no digits." in words(staff_client, f"/bulk-changes/{change.pk}/")
    change = do(staff_client, "/people/bulk/edit/", ids=ids, **{"edit.value.name": "王美齡"})
    assert (change.one_by_one, change.changed) == (True, 3)
    assert AuditEntry.objects.filter(object_id__in=ids, changes__has_key="name").count() == 3
    Party.objects.filter(pk=ids[0]).update(name="林怡君")
    undo(staff_client, change)
    names = dict(Party.objects.filter(pk__in=ids).values_list("pk", "name"))
    assert names == {row.pk: row.name for row in parties[1:3]} | {ids[0]: "林怡君"}


def test_many_go_in_the_background_and_on_where_they_were(
    sets: Desk, staff: User, staff_client: Client, parties: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "IN_REQUEST", 10)
    monkeypatch.setattr(engine, "IN_SETS", 50)
    change = do(staff_client, "/people/bulk/edit/", all="1", query="", **{"edit.value.city": "臺南"})
    assert change.state == "running" and not Party.objects.filter(city="臺南").exists()
    assert "120 records are being changed in the background." in words(staff_client, "/people/")
    assert 'hx-trigger="every 1s"' in words(staff_client, f"/bulk-changes/{change.pk}/state/")
    Party.objects.create(name="晚來", city="臺北")  # not there at the moment of asking
    actions.next_chunk(change.pk, by=staff)  # then its worker is killed
    assert Party.objects.filter(city="臺南").count() == 50
    assert run_waiting() == 1
    change.refresh_from_db()
    assert (change.state, change.changed, change.total) == ("done", 120, 120)
    assert Party.objects.get(name="晚來").city == "臺北"
    task = BackgroundTask.objects.get(pk=change.task)
    assert task.requested_by == staff and task.progress_done
    undo(staff_client, change)
    assert change.state == "undoing"
    run_waiting()
    change.refresh_from_db()
    assert (change.state, change.restored) == ("undone", 120)
    assert not Party.objects.filter(city="臺南").exists()


def test_sent_twice_it_is_done_once(sets: Desk, staff_client: Client, parties: list[Any]) -> None:
    sent = {"ids": [parties[0].pk], "edit.value.city": "臺南", "edit.once": "one-and-the-same"}
    for _time in range(2):
        staff_client.post("/people/bulk/edit/", sent)
    assert BulkChange.objects.count() == 1


def test_the_table_of_values_cannot_be_changed_behind_the_log(
    sets: Desk, staff_client: Client, parties: list[Any]
) -> None:
    change = do(staff_client, "/people/bulk/edit/", ids=[parties[0].pk], **{"edit.value.city": "臺南"})
    noted = AuditEntry.objects.filter(changes__has_key="sha256").latest("pk").changes["sha256"][1]
    assert actions.digest(change) == noted
    BulkRow.objects.filter(change=change).update(changes={"city": ["臺中", "臺南"]})
    assert actions.digest(change) != noted


def test_nobody_without_rights(
    sets: Desk, client: Client, stranger: User, staff_client: Client, parties: list[Any]
) -> None:
    change = do(staff_client, "/people/bulk/edit/", ids=[parties[0].pk], **{"edit.value.city": "臺南"})
    with pytest.raises(NotAllowed):
        actions.begin(Chosen(sets, stranger, "", (parties[0].pk,)), "edit", {"city": "x"}, by=stranger)
    client.force_login(stranger)
    for address in ("/people/bulk/edit/", f"/bulk-changes/{change.pk}/undo/", "/bulk-changes/hangs/products/"):
        assert client.post(address, {"ids": [parties[0].pk]}).status_code == 403
    assert client.get(f"/bulk-changes/{change.pk}/").status_code == 403


def test_tasks_are_given_to_a_colleague_who_is_told_once(staff: User, staff_client: Client) -> None:
    other = User.objects.create_user("yating", is_staff=True)
    ids = [add(f"Call {number}", by=staff).pk for number in range(5)]
    assert "bulk-assign" in words(staff_client, "/todos/")
    change = do(staff_client, "/todos/bulk/assign/", ids=ids, **{"assign.value": str(other.pk)})
    assert set(Todo.objects.values_list("assignee", flat=True)) == {other.pk}
    (note,) = other.notifications.all()
    assert "5" in note.title
    undo(staff_client, change)
    assert set(Todo.objects.values_list("assignee", flat=True)) == {staff.pk}
    do(staff_client, "/todos/bulk/assign/", ids=ids, **{"assign.value": ""})
    assert set(Todo.objects.values_list("assignee", flat=True)) == {None}


def test_deleting_tells_what_hangs_and_can_be_undone(staff: User, staff_client: Client) -> None:
    kept, gone = (Product.objects.create(code=code, name=f"茶 {code}", price="12.5") for code in ("A1", "B2"))
    price_list = PriceList.objects.create(code="L", name="Friends", currency="TWD")
    price = Price.objects.create(price_list=price_list, product=gone, amount="9")
    note = Note.objects.create(object_type="catalog.product", object_id=gone.pk, text="好茶", author=staff)
    order = apps.get_model("orders", "Order").objects.create(
        number="1",
        source=apps.get_model("customers", "Source").objects.create(code="shop", name="Shop"),
        party=Party.objects.create(name="王"),
        placed_at="2026-01-01T00:00:00Z",
        day="2026-01-01",
        currency="TWD",
    )
    apps.get_model("orders", "OrderLine").objects.create(order=order, key="1", product=kept, amount=1)
    ids = [kept.pk, gone.pk]
    page = html.unescape(staff_client.post("/bulk-changes/hangs/products/", {"ids": ids}).content.decode())
    assert "On these 2 records hang" in page and "forbids it" in page and "好茶" in page
    change = do(staff_client, "/products/bulk/delete/", ids=ids)
    assert (change.changed, change.refused) == (1, 1)
    assert list(Product.objects.all()) == [kept] and not Price.objects.exists() and not Note.objects.exists()
    assert "is needed by" in words(staff_client, f"/bulk-changes/{change.pk}/")
    undo(staff_client, change)
    back = Product.objects.get(pk=gone.pk)
    assert (back.code, str(back.price)) == ("B2", "12.50")
    assert Price.objects.get().pk == price.pk and Note.objects.get().pk == note.pk
    assert "茶 B2" in words(staff_client, "/search/?q=茶")


def test_a_record_is_deleted_from_its_page(staff: User, staff_client: Client) -> None:
    todo = add("Call", by=staff)
    page = words(staff_client, f"/todos/{todo.pk}/")
    assert f"/bulk-changes/remove/todos/{todo.pk}/" in page
    assert staff_client.post(f"/bulk-changes/remove/todos/{todo.pk}/", {})["Location"] == "/todos/"
    assert not Todo.objects.exists()
    change = BulkChange.objects.get()
    Todo.objects.create(pk=todo.pk, what="in its place")
    undo(staff_client, change)
    assert (change.restored, change.kept) == (0, 1)
    assert Todo.objects.get().what == "in its place"
    assert find("customers").remove_action is None
