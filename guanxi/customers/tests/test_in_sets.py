"""Customers corrected together: a word by hand for each, told, found, and taken back."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from guanxi.customers.actions import edit_party
from guanxi.customers.models import Party, SourceRecord
from guanxi.foundation import search
from guanxi.foundation.bulk_changes.models import BulkChange, BulkRow
from guanxi.foundation.models import AuditEntry, User
from guanxi.ledger.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def parties(staff: User) -> list[Any]:
    from guanxi.customers.actions import create_party

    return [create_party(by=staff, name=f"客戶{number}", city="高雄") for number in range(6)]


def edit(client: Client, ids: list[int] | None, **values: str) -> BulkChange:
    asked = {f"edit.{name}": value for name, value in values.items()}
    chosen = {"all": "1", "query": ""} if ids is None else {"ids": [str(number) for number in ids]}
    assert client.post("/customers/bulk/edit/", {**chosen, **asked}).status_code == 302
    return BulkChange.objects.latest("pk")


def test_many_are_corrected_as_by_hand_and_taken_back(staff: User, staff_client: Client, parties: list[Any]) -> None:
    change = edit(staff_client, None, **{"value.city": "臺南", "value.profile.household_size": "3"})
    assert (change.state, change.changed, change.one_by_one) == ("done", 6, False)
    assert set(Party.objects.values_list("city", flat=True)) == {"臺南"}
    assert Party.objects.get(pk=parties[0].pk).profile == {"household_size": "3"}
    said = SourceRecord.objects.filter(external_id__startswith=f"bulk-{change.pk}-")
    assert {row.source.code for row in said} == {"hand"} and said[0].payload == {
        "city": "臺南",
        "profile.household_size": "3",
    }
    told = Event.objects.filter(kind="party.changed", payload__bulk_change=change.pk)
    assert told.count() == 6 and told[0].actor == staff and told[0].payload["changes"]["city"] == ["高雄", "臺南"]
    assert search.find("客戶3", staff)[0].subtitle == "臺南"

    edit_party(parties[1].pk, {"city": "臺北"}, by=staff)
    staff_client.post(f"/bulk-changes/{change.pk}/undo/")
    change.refresh_from_db()
    assert (change.state, change.restored, change.kept) == ("undone", 5, 1)
    cities = dict(Party.objects.values_list("pk", "city"))
    assert cities.pop(parties[1].pk) == "臺北" and set(cities.values()) == {"高雄"}
    assert Party.objects.get(pk=parties[1].pk).profile == {}
    kept = BulkRow.objects.get(change=change, state=BulkRow.State.KEPT)
    assert kept.object_id == parties[1].pk and "臺北" in kept.why
    assert said.filter(party__isnull=False).count() == 0
    assert search.find("客戶3", staff)[0].subtitle == "高雄"
    page = staff_client.get(f"/bulk-changes/{change.pk}/").content.decode()
    assert "客戶1" in page and "臺北" in page


def test_what_a_source_said_meanwhile_counts_after_the_undoing(
    staff: User, staff_client: Client, parties: list[Any]
) -> None:
    from django.utils import timezone

    from guanxi.customers.models import Source

    shop = Source.objects.create(code="shop", name="Shop", trust=50)
    one = Party.objects.create(name="無名", city="花蓮")
    change = edit(staff_client, [one.pk], **{"value.city": "臺南"})
    SourceRecord.objects.create(
        source=shop, external_id="1", payload={"city": "臺東"}, digest="1", received_at=timezone.now(), party=one
    )
    staff_client.post(f"/bulk-changes/{change.pk}/undo/")
    one.refresh_from_db()
    assert one.city == "臺東"


def test_the_history_of_each_tells_of_the_set(staff_client: Client, parties: list[Any]) -> None:
    before = AuditEntry.objects.count()
    change = edit(staff_client, [row.pk for row in parties], **{"value.occupation": "醫師"})
    sets = AuditEntry.objects.filter(pk__gt=0, action__startswith="foundation.bulk_changes")
    assert AuditEntry.objects.count() - before <= 4 and sets.exists()
    history = staff_client.get(f"/customers/{parties[2].pk}/history/").content.decode()
    assert "醫師" in history
    staff_client.post(f"/bulk-changes/{change.pk}/undo/")
    history = staff_client.get(f"/customers/{parties[2].pk}/history/").content.decode()
    assert "<del>醫師</del>" in history
    other = staff_client.get(f"/customers/{Party.objects.create(name='另').pk}/history/").content.decode()
    assert "醫師" not in other


def test_what_cannot_be_is_refused(staff_client: Client, parties: list[Any]) -> None:
    ids = [str(row.pk) for row in parties]
    for asked, words in (
        ({"edit.value.date_of_birth": "2999-01-01"}, "This day lies in the future."),
        ({"edit.value.city": ""}, "write the new value"),
        ({"edit.value.city": "臺北", "edit.clear.city": "1"}, "not both"),
        ({"edit.value.nothing": "1"}, "There is no field"),
        ({}, "Choose at least one field."),
    ):
        staff_client.post("/customers/bulk/edit/", {"ids": ids, **asked})
        assert words in staff_client.get("/customers/").content.decode()
    assert not BulkChange.objects.exists()
    change = edit(staff_client, [parties[0].pk], **{"value.city": "", "clear.city": "1"})
    assert change.changed == 1 and Party.objects.get(pk=parties[0].pk).city == ""


def test_an_erasure_takes_his_values_from_the_table(
    home: Any, staff: User, staff_client: Client, parties: list[Any]
) -> None:
    from guanxi.customers.rights import erasing

    change = edit(staff_client, None, **{"value.occupation": "醫師"})
    staff_client.post(f"/bulk-changes/{change.pk}/undo/")
    gone = parties[0].pk
    erasing.erase(parties[0], by=staff)
    assert BulkRow.objects.get(change=change, object_id=gone).changes == {}
    assert not SourceRecord.objects.filter(external_id=f"bulk-{change.pk}-{gone}").exists()
    assert SourceRecord.objects.filter(external_id=f"bulk-{change.pk}-{parties[1].pk}").exists()


def test_rights_count_for_each_row_and_field(staff: User, colleague: Any, parties: list[Any]) -> None:
    from guanxi.foundation.roles import actions as roles
    from guanxi.foundation.visibility import SYSTEM

    grants = {"customers": {"view": "all", "edit": "own"}, "background": {"view": "own", "edit": "own"}}
    made = roles.create_role("Own only", by=SYSTEM)
    fields = {"customers.party": {"occupation": "read_only", "language": "hidden"}}
    roles.edit_role(made.pk, {"grants": grants, "fields": fields}, by=SYSTEM)
    user = colleague("own")
    roles.give_roles(user, [made], by=SYSTEM)
    Party.objects.filter(pk__in=[parties[0].pk, parties[1].pk]).update(owner=user)
    client = Client()
    client.force_login(user)
    change = edit(client, None, **{"value.city": "臺南"})
    assert (change.changed, change.refused) == (2, 4)
    assert Party.objects.filter(city="臺南").count() == 2
    assert "You may not change it." in client.get(f"/bulk-changes/{change.pk}/").content.decode()
    for name in ("occupation", "language"):
        client.post("/customers/bulk/edit/", {"ids": [parties[0].pk], f"edit.value.{name}": "x"})
    assert BulkChange.objects.count() == 1
    admin = Client()
    admin.force_login(staff)
    other = edit(admin, [parties[0].pk], **{"value.language": "xx-gone"})
    assert client.get(f"/bulk-changes/{other.pk}/").status_code == 404
    assert "xx-gone" not in client.get("/bulk-changes/").content.decode()
    assert "xx-gone" not in client.get(f"/customers/{parties[0].pk}/history/").content.decode()
    assert client.post(f"/bulk-changes/{other.pk}/undo/").status_code == 404
    given = admin.post("/customers/bulk/assign/", {"ids": [row.pk for row in parties], "assign.value": str(user.pk)})
    assert given.status_code == 302 and Party.objects.filter(owner=user).count() == 6
    admin.post(f"/bulk-changes/{BulkChange.objects.latest('pk').pk}/undo/")
    assert Party.objects.filter(owner=user).count() == 2
