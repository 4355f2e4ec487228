"""Notes on a record: written, shown, changed, pinned; colleagues called; nothing harmful shown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from guanxi.customers import actions as customers
from guanxi.customers.models import Party
from guanxi.foundation.actions import Refused
from guanxi.foundation.models import AuditEntry, Notification, User
from guanxi.foundation.notes import actions, writing
from guanxi.foundation.notes.models import LONGEST, Mention, Note
from guanxi.ledger.models import Event


@pytest.fixture
def mei(staff: User) -> Party:
    return customers.create_party(by=staff, name="王美玲")


@pytest.fixture
def yating(db: None) -> User:
    return User.objects.create_user("yating", first_name="雅婷", last_name="李", is_staff=True)


@pytest.fixture
def gone(db: None) -> User:
    return User.objects.create_user("gone", first_name="Old", last_name="Hand", is_staff=True, is_active=False)


def test_a_note_stands_on_the_page_and_on_the_timeline(staff_client: Client, mei: Party) -> None:
    address = f"/notes/of/customers.party/{mei.pk}/"
    assert "No notes yet" in staff_client.get(f"/customers/{mei.pk}/panel/notes/").content.decode()
    answer = staff_client.post(address, {"text": "**週六**送貨？\n- 牛奶\n- 優格", "once": "abc"}).content.decode()
    assert "<strong>週六</strong>送貨？" in answer
    assert "<li>優格</li>" in answer
    assert Event.objects.filter(kind="note.written", party=mei).count() == 1
    timeline = staff_client.get(f"/customers/{mei.pk}/timeline/").content.decode()
    assert "<strong>週六</strong>" in timeline
    staff_client.post(f"/notes/{Note.objects.get().pk}/remove/")
    assert "This note was deleted" in staff_client.get(f"/customers/{mei.pk}/timeline/").content.decode()


def test_a_double_click_writes_once(staff_client: Client, mei: Party) -> None:
    for _click in range(2):
        assert (
            staff_client.post(f"/notes/of/customers.party/{mei.pk}/", {"text": "一次", "once": "t1"}).status_code == 200
        )
    assert Note.objects.count() == 1
    for wrong in ("", " \n ", "x" * (LONGEST + 1), "nul\x00"):
        answer = staff_client.post(f"/notes/of/customers.party/{mei.pk}/", {"text": wrong, "once": "t2"})
        assert answer.status_code == 422
    assert staff_client.post(f"/notes/of/customers.party/{mei.pk}/", {"text": "再來", "once": "t2"}).status_code == 200
    assert Note.objects.count() == 2


@pytest.mark.any_database
@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        "[here](javascript:alert(1))",
        "[here](data:text/html;base64,PHNjcmlwdD4=)",
        '<a href="https://x" onclick="y">z</a>',
        "<style>*{}</style><svg onload=alert(1)>",
        "![x](https://example.com/x.png)",
    ],
)
def test_nothing_harmful_is_shown(db: None, text: str) -> None:
    html = str(writing.shown(text))
    for bad in ("<script", "<img", "<svg", "<style", 'href="javascript', 'href="data', "<a onclick"):
        assert bad not in html.lower()
    assert writing.shown("見https://x.example/y?a=1&b=2。 `https://code.example`").count("<a href=") == 1
    assert 'href="https://x.example/y?a=1&amp;b=2"' in writing.shown("見https://x.example/y?a=1&b=2。")


def test_mentions_tell_colleagues_once(staff: User, yating: User, gone: User, mei: Party) -> None:
    written = actions.write(mei, "@yating請回電。@gone @nobody mail@yating.example @meihua", by=staff)
    assert written.untold == [gone]
    told = Notification.objects.get()
    assert told.user == yating
    assert "王美玲" in told.title
    assert told.url.endswith(f"/customers/{mei.pk}/#note-{written.note.pk}")
    actions.edit(written.note.pk, "@yating 真的，@YATING!", by=staff)
    assert Notification.objects.count() == 1
    assert Mention.objects.filter(user=yating).count() == 1
    html = str(writing.shown("@yating, <b>@gone</b> [x](https://e.example/@yating)"))
    assert '<span class="mention" title="yating">@李 雅婷</span>' in html
    assert "mention gone" in html
    assert 'href="https://e.example/@yating"' in html


def test_an_edit_keeps_what_was_there_and_who_is_late_is_told(staff: User, staff_client: Client, mei: Party) -> None:
    note = actions.write(mei, "舊的", by=staff).note
    address = f"/notes/{note.pk}/"
    assert "舊的" in staff_client.get(address).content.decode()
    assert staff_client.post(address, {"text": "新的", "seen": "舊的"}).status_code == 200
    late = staff_client.post(address, {"text": "我的", "seen": "舊的"})
    assert late.status_code == 409
    assert "新的" in late.content.decode()
    assert "我的" in late.content.decode()
    assert "舊的" in staff_client.get(f"/notes/{note.pk}/versions/").content.decode()
    staff_client.post(f"/notes/{note.pk}/pin/", {"pinned": "1"})
    newer = actions.write(mei, "較新", by=staff).note
    page = staff_client.get(f"/notes/of/customers.party/{mei.pk}/").content.decode()
    assert page.index(f"note-{note.pk}") < page.index(f"note-{newer.pk}")
    actions.remove(note.pk, by=staff)
    last = AuditEntry.objects.filter(object_type="notes.note", object_id=note.pk).latest("id")
    assert last.changes["text"] == ["新的", None]
    assert staff_client.post(f"/notes/{note.pk}/remove/").status_code == 404


def test_nobody_without_rights_reads_or_writes(client: Client, staff: User, stranger: User, mei: Party) -> None:
    note = actions.write(mei, "秘密", by=staff).note
    assert not Note.objects.visible_to(stranger).exists()
    with pytest.raises(Exception, match="may not"):
        actions.write(mei, "x", by=stranger)
    client.force_login(stranger)
    for address in (f"/notes/of/customers.party/{mei.pk}/", f"/notes/{note.pk}/", "/notes/colleagues/?q=m"):
        assert client.get(address).status_code == 403
    client.force_login(staff)
    for address in (
        "/notes/of/customers.party/987654/",
        "/notes/of/foundation.user/1/",
        "/notes/of/x.y/1/",
        "/notes/9/",
    ):
        assert client.get(address).status_code == 404


def test_colleagues_are_offered(staff_client: Client, yating: User, gone: User) -> None:
    for words in ("ya", "雅", "李雅", "李"):
        assert 'data-name="yating"' in staff_client.get("/notes/colleagues/", {"q": words}).content.decode()
    assert "gone" not in staff_client.get("/notes/colleagues/?q=gone").content.decode()


def test_by_the_api(api: Client, mei: Party) -> None:
    body: dict[str, Any] = {"object_type": "customers.party", "object_id": mei.pk, "text": "由程式"}
    made = api.post("/api/v1/notes", body, content_type="application/json").json()
    address = f"/api/v1/notes/{made['id']}"
    assert api.patch(address, {"pinned": True}, content_type="application/json").json()["pinned"] is True
    late = api.patch(address, {"text": "y", "expected": "z"}, content_type="application/json")
    assert late.status_code == 409
    listed = api.get("/api/v1/notes", {"object_type": "customers.party", "object_id": mei.pk}).json()["items"]
    assert [one["text"] for one in listed] == ["由程式"]
    assert api.post("/api/v1/notes", {**body, "object_id": 987654}, content_type="application/json").status_code == 404
    assert api.delete(address).status_code == 204
    assert api.get(address).status_code == 404
    assert "由程式" not in json.dumps(
        api.get("/api/v1/notes", {"object_type": "customers.party", "object_id": mei.pk}).json()
    )


def test_too_many_mentions_are_refused(staff: User, mei: Party) -> None:
    User.objects.bulk_create(User(username=f"u{number}", is_staff=True) for number in range(60))
    with pytest.raises(Refused):
        actions.write(mei, " ".join(f"@u{number}" for number in range(60)), by=staff)
    assert not Note.objects.exists()
