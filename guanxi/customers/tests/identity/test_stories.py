"""Where each value comes from, over HTTP, and another taken in its place."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from guanxi.customers import actions
from guanxi.customers.actions import matching as deciding
from guanxi.customers.identity.story import story
from guanxi.customers.models import Party, SourceRecord
from guanxi.foundation.models import User
from guanxi.foundation.visibility import SYSTEM
from tests.costs import statements

pytestmark = pytest.mark.django_db
Tell = Callable[..., SourceRecord]


@pytest.fixture
def mei(db: None, tell: Tell) -> Party:
    """Known from two sources, the till more trusted than the web."""
    party = Party.objects.create(name="王美玲", city="台南")
    tell(party, "till", 90, trust=60, name="王美玲", city="台北")
    tell(party, "till", 60, trust=60, city="台南")
    tell(party, "till", 30, trust=60, name="王美玲")
    tell(party, "till", 20, trust=60, city="台南", gender="female")
    tell(party, "web", 10, trust=40, city="高雄")
    return party


def test_who_says_it_since_when_and_what_else_was_said(mei: Party, staff: User) -> None:
    told = story(mei, "city", staff)
    assert told.winner is not None
    assert (told.winner.words, told.winner.source, told.winner.since.day) == ("台南", "Till", 2)  # 60 days before
    assert "most trusted" in told.why
    assert [(one.words, one.source, one.until is not None) for one in told.others] == [
        ("高雄", "Web", False),
        ("台北", "Till", True),
    ]


def test_the_rule_of_the_field_is_told(mei: Party, staff: User) -> None:
    deciding.set_rule("city", "newest", by=SYSTEM)
    told = story(mei, "city", staff)
    assert told.winner is not None and told.winner.words == "高雄" and "newest" in told.why
    assert "only source" in story(mei, "gender", staff).why


def test_another_value_is_taken_by_hand(staff_client: Client, mei: Party) -> None:
    card = staff_client.get(f"/customers/{mei.pk}/story/city/").content.decode()
    assert "台南" in card and "Use this one" in card and "/source-records/" in card
    record = SourceRecord.objects.get(source__code="web")
    address = f"/customers/{mei.pk}/story/city/{record.pk}/"
    late = staff_client.post(address, {"seen": json.dumps("台東")})
    assert late.status_code == 409 and late["HX-Retarget"] == "closest .story"
    assert "Meanwhile" in late.content.decode()
    fact = staff_client.post(address, {"seen": json.dumps("台南")})
    assert fact.status_code == 200 and 'data-fact="city"' in fact.content.decode()
    assert "record-head" in fact.content.decode()
    mei.refresh_from_db()
    assert mei.city == "高雄"
    told = staff_client.get(f"/customers/{mei.pk}/story/city/").content.decode()
    assert "By hand" in told and "陳美華" in told.replace(" ", "") and "counts before all sources" in told


def test_dates_and_profile_fields_are_taken_too(staff_client: Client, mei: Party, tell: Tell) -> None:
    record = tell(mei, "web", 5, date_of_birth="1980-02-03", number="8", **{"profile.age": "45-54"})
    for name in ("date_of_birth", "profile.age"):
        answer = staff_client.post(f"/customers/{mei.pk}/story/{name}/{record.pk}/", {"seen": "null"})
        assert answer.status_code == 200, answer.content.decode()
    mei.refresh_from_db()
    assert str(mei.date_of_birth) == "1980-02-03" and mei.profile == {"age": "45-54"}
    bad = tell(mei, "web", 4, date_of_birth="the third", number="9")
    refused = staff_client.post(
        f"/customers/{mei.pk}/story/date_of_birth/{bad.pk}/", {"seen": json.dumps("1980-02-03")}
    )
    assert refused.status_code == 422 and "write it by hand" in refused.content.decode()


def test_what_nobody_says_and_what_is_no_field(staff_client: Client, mei: Party) -> None:
    assert "Nobody ever said" in staff_client.get(f"/customers/{mei.pk}/story/occupation/").content.decode()
    Party.objects.update(occupation="律師")
    assert "No source says this" in staff_client.get(f"/customers/{mei.pk}/story/occupation/").content.decode()
    assert staff_client.get(f"/customers/{mei.pk}/story/shoe_size/").status_code == 404
    foreign = SourceRecord.objects.filter(payload__has_key="gender").get()
    assert staff_client.post(f"/customers/{mei.pk}/story/city/{foreign.pk + 999}/").status_code == 404
    without = SourceRecord.objects.exclude(payload__has_key="city").first()
    assert without is not None
    assert staff_client.post(f"/customers/{mei.pk}/story/city/{without.pk}/").status_code == 404


def test_each_fact_of_the_record_page_has_its_mark(staff_client: Client, mei: Party) -> None:
    page = staff_client.get(f"/customers/{mei.pk}/").content.decode()
    assert f'hx-get="/customers/{mei.pk}/story/city/"' in page
    assert "Where “city” comes from" in page or "Where “City” comes from" in page
    assert "/story/created_at/" not in page


def test_strangers_are_told_nothing(client: Client, stranger: User, mei: Party) -> None:
    client.force_login(stranger)
    assert client.get(f"/customers/{mei.pk}/story/city/").status_code in (403, 404)
    record = SourceRecord.objects.get(source__code="web")
    assert client.post(f"/customers/{mei.pk}/story/city/{record.pk}/").status_code in (403, 404)
    assert client.get(f"/source-records/{record.pk}/").status_code == 403


def test_a_story_costs_the_same_however_much_was_said(staff_client: Client, mei: Party, tell: Tell) -> None:
    def cost() -> int:
        return statements(lambda: staff_client.get(f"/customers/{mei.pk}/story/city/"))

    few = cost()
    for number in range(30):
        tell(mei, f"shop{number}", 3, city=f"城{number}", number=str(number))
    assert cost() <= few <= 12


def test_the_record_as_it_was_said(staff_client: Client, mei: Party) -> None:
    record = SourceRecord.objects.get(payload__has_key="gender")
    page = staff_client.get(f"/source-records/{record.pk}/").content.decode()
    assert "台南" in page and "Female" in page and "As it was said" in page
    assert staff_client.get("/source-records/").status_code == 200


def test_a_correction_before_a_merge_keeps_its_author(staff: User, second_staff: User, mei: Party) -> None:
    twin: Any = actions.create_party(by=second_staff, name="王美鈴")
    actions.edit_party(twin.pk, {"occupation": "律師"}, by=second_staff)
    actions.merge_parties(mei, [twin], by=staff)
    told = story(mei, "occupation", staff)
    assert told.winner is not None and told.winner.who.replace(" ", "") == "林志強"
