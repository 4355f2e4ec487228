"""Tags: on one record, on many, in lists, renamed and merged."""

from __future__ import annotations

import pytest
from django.test import Client

from guanxi.customers import actions as customers
from guanxi.customers.models import Party
from guanxi.foundation import desk as desks
from guanxi.foundation.actions import Refused
from guanxi.foundation.bulk_changes.models import BulkChange
from guanxi.foundation.desk.choosing import Chosen
from guanxi.foundation.models import AuditEntry, User
from guanxi.foundation.tags import actions, in_bulk, queries
from guanxi.foundation.tags.models import Tag, Tagging
from guanxi.foundation.visibility import NotAllowed
from tests.costs import statements


@pytest.fixture
def parties(staff: User) -> list[Party]:
    return [customers.create_party(by=staff, name=name) for name in ("王美玲", "陳志明", "Laura Whitfield")]


def test_tags_of_a_record(staff_client: Client, parties: list[Party]) -> None:
    address = f"/tags/of/customers.party/{parties[0].pk}/"
    assert "Add a tag" in staff_client.get(f"/customers/{parties[0].pk}/panel/tags/").content.decode()
    page = staff_client.post(address, {"name": "重要， VIP"}).content.decode()
    assert "重要" in page
    staff_client.post(address, {"name": "vip"})
    assert Tag.objects.count() == 2
    assert Tagging.objects.count() == 2
    vip = Tag.objects.get(name="VIP")
    assert "VIP" not in staff_client.post(address, {"off": vip.pk}).content.decode()
    for wrong in ("", " ", "x" * 51):
        assert staff_client.post(address, {"name": wrong}).status_code == 422
    assert "重要" in staff_client.get("/tags/suggestions/?tag.name=VIP,重").content.decode()


def test_the_column_the_filter_and_the_selection(staff_client: Client, parties: list[Party]) -> None:
    ids = [party.pk for party in parties[:2]]
    staff_client.post("/customers/bulk/tag/", {"ids": ids, "tag.name": "展覽2026, 熟客", "query": ""})
    assert Tagging.objects.count() == 4
    tag = Tag.objects.get(name="展覽2026")
    page = staff_client.get(f"/customers/?f.tags={tag.pk}&cols=name,tags").content.decode()
    assert "王美玲" in page
    assert "展覽2026" in page
    assert "Laura" not in page
    others = staff_client.get(f"/customers/?f.tags__not={tag.pk}").content.decode()
    assert "Laura" in others
    assert "王美玲" not in others
    assert "Laura" in staff_client.get("/customers/?f.tags__empty=1").content.decode()
    assert "Laura" not in staff_client.get("/customers/?f.tags__empty=0").content.decode()
    assert "熟客" in staff_client.get("/customers/filter/?path=tags").content.decode()
    file = b"".join(staff_client.get("/customers/export.csv?cols=name,tags").streaming_content).decode()
    assert '"展覽2026, 熟客"' in file
    staff_client.post("/customers/bulk/untag/", {"ids": ids[:1], "untag.name": "熟客", "query": ""})
    assert {pill.label for pill in queries.pills(desks.find("customers"), parties)[ids[0]]} == {"展覽2026"}
    notes = AuditEntry.objects.filter(object_id=None, object_type="customers.party", action__contains="bulk_changes")
    assert notes.filter(changes__has_key="tags").count() == 2
    for number in BulkChange.objects.order_by("-pk").values_list("pk", flat=True):
        staff_client.post(f"/bulk-changes/{number}/undo/")
    assert not Tagging.objects.exists()


def test_a_list_looks_tags_up_at_once(staff: User, staff_client: Client, parties: list[Party]) -> None:
    for party in parties:
        actions.tag(party, ["一", "二"], by=staff)

    def cost(columns: str) -> int:
        return statements(lambda: staff_client.get(f"/customers/?cols={columns}"))

    assert cost("name,tags") == cost("name,city") + 1


def test_rename_merge_and_remove(staff: User, staff_client: Client, parties: list[Party]) -> None:
    for party in parties:
        actions.tag(party, ["客戶"], by=staff)
    actions.tag(parties[0], ["顧客"], by=staff)
    first, second = Tag.objects.get(name="客戶"), Tag.objects.get(name="顧客")
    with pytest.raises(Refused, match="merge"):
        actions.edit(second.pk, {"name": "客戶"}, by=staff)
    page = staff_client.get("/tags/").content.decode()
    assert "客戶" in page
    assert ">3<" in page
    staff_client.post("/tags/bulk/merge/", {"ids": [first.pk, second.pk], "merge.name": "主顧", "query": ""})
    kept = Tag.objects.get()
    assert kept.name == "主顧"
    assert Tagging.objects.count() == 3
    assert staff_client.post(f"/tags/{kept.pk}/fact/colour/", {"value": "red", "seen": '"grey"'}).status_code == 200
    staff_client.post("/tags/bulk/delete/", {"ids": [kept.pk], "query": ""})
    assert not Tagging.objects.exists()


def test_nobody_without_rights(client: Client, staff: User, stranger: User, parties: list[Party]) -> None:
    with pytest.raises(NotAllowed):
        actions.tag(parties[0], ["x"], by=stranger)
    with pytest.raises(NotAllowed):
        in_bulk.tag(Chosen(desks.find("customers"), stranger, "", (parties[0].pk,)), {"name": "x"})
    client.force_login(stranger)
    assert client.post("/customers/bulk/tag/", {"ids": [parties[0].pk], "tag.name": "x"}).status_code == 403
    assert client.get(f"/tags/of/customers.party/{parties[0].pk}/").status_code == 403
    assert client.get("/tags/").status_code == 403
    client.force_login(staff)
    assert client.get("/tags/of/tags.tag/1/").status_code == 404


def test_by_the_api(api: Client, parties: list[Party]) -> None:
    where = {"object_type": "customers.party", "object_id": parties[0].pk}
    tags = api.post("/api/v1/tags/of", {**where, "names": ["甲", "乙"]}, content_type="application/json").json()
    assert {tag["name"] for tag in tags} == {"甲", "乙"}
    number = tags[0]["id"]
    assert (
        api.patch(f"/api/v1/tags/{number}", {"colour": "blue"}, content_type="application/json").json()["colour"]
        == "blue"
    )
    assert api.delete(f"/api/v1/tags/of/customers.party/{parties[0].pk}/{number}").status_code == 204
    assert len(api.get(f"/api/v1/tags/of/customers.party/{parties[0].pk}").json()) == 1
    assert api.delete(f"/api/v1/tags/{number}").status_code == 204
    assert api.get("/api/v1/tags/of/customers.party/987654").status_code == 404
