"""Making and correcting parties: what is written, what is refused, what two people at once see."""

from __future__ import annotations

from typing import Any

import pytest

from guanxi.customers import actions, corrections
from guanxi.customers.models import Party, Source, SourceRecord
from guanxi.customers.survivorship import Said, survive
from guanxi.foundation.actions import Conflict, Refused
from guanxi.foundation.models import AuditEntry, User
from guanxi.foundation.visibility import NotAllowed
from guanxi.ledger.models import Event

pytestmark = pytest.mark.django_db


def make(by: Any, **values: Any) -> Party:
    return actions.create_party(by=by, **{"family_name": "王", "given_name": "美玲", **values})


def test_a_name_is_put_together_in_the_order_of_its_script(staff: User) -> None:
    assert make(staff).name == "王美玲"
    assert make(staff, family_name="Weber", given_name="Maria").name == "Maria Weber"


def test_a_party_without_a_name_is_refused(staff: User) -> None:
    with pytest.raises(Refused) as refused:
        actions.create_party(by=staff)
    assert refused.value.field == "name"


def test_contact_points_roles_and_profile_are_made_with_it(staff: User) -> None:
    party = make(staff, mail="Mei@Example.com", phone="+886 912 345 678", profile={"age": "45-54"}, roles=["customer"])
    assert set(party.contact_points.values_list("key", flat=True)) == {"mei@example.com", "+886912345678"}
    assert [role.role for role in party.roles.all()] == ["customer"]
    assert party.profile == {"age": "45-54"}
    assert Event.objects.filter(party=party, kind="party.created").exists()


def test_a_wrong_mail_address_makes_no_party(staff: User) -> None:
    with pytest.raises(Refused) as refused:
        make(staff, mail="nobody")
    assert refused.value.field == "mail"
    assert not Party.objects.exists()


def test_a_stranger_makes_and_changes_nothing(staff: User, stranger: User) -> None:
    with pytest.raises(NotAllowed):
        make(stranger)
    party = make(staff)
    with pytest.raises(NotAllowed):
        actions.edit_party(party.pk, {"city": "臺北"}, by=stranger)
    party.refresh_from_db()
    assert party.city == ""


def test_an_edit_is_kept_as_said_by_hand_audited_and_recorded(staff: User) -> None:
    party = make(staff)
    actions.edit_party(party.pk, {"city": "臺北", "profile.age": "25-34"}, {"city": ""}, by=staff)
    actions.edit_party(party.pk, {"city": "高雄"}, {"city": "臺北"}, by=staff)
    said = corrections.said_by_hand(party)
    assert said["city"] == "高雄"
    assert said["profile.age"] == "25-34"
    assert said["name"] == "王美玲"
    assert Source.objects.get(code="hand").trust == 100
    assert SourceRecord.objects.filter(party=party, source__code="hand").count() == 3
    entry = AuditEntry.objects.filter(object_type="customers.party", action="customers.edit_party").latest("id")
    assert entry.changes["city"] == ["臺北", "高雄"]
    event = Event.objects.filter(kind="party.changed").latest("id")
    assert event.payload["changes"] == {"city": ["臺北", "高雄"]}
    assert event.actor == staff


def test_going_back_and_forth_keeps_every_word(staff: User) -> None:
    party = make(staff)
    for city in ("臺北", "高雄", "臺北", "高雄"):
        actions.edit_party(party.pk, {"city": city}, by=staff)
    assert corrections.said_by_hand(party)["city"] == "高雄"


def test_an_edit_that_changes_nothing_leaves_no_trace(staff: User) -> None:
    party = make(staff, city="臺北")
    before = Event.objects.count(), AuditEntry.objects.count()
    actions.edit_party(party.pk, {"city": "臺北"}, by=staff)
    assert (Event.objects.count(), AuditEntry.objects.count()) == before


@pytest.mark.parametrize(("field", "first", "second"), [("city", "臺北", "高雄"), ("profile.age", "25-34", "65+")])
def test_two_people_who_change_one_field_see_both_values(staff: User, field: str, first: str, second: str) -> None:
    party = make(staff)
    actions.edit_party(party.pk, {field: first}, {field: "" if field == "city" else None}, by=staff)
    with pytest.raises(Conflict) as conflict:
        actions.edit_party(party.pk, {field: second}, {field: "" if field == "city" else None}, by=staff)
    assert (conflict.value.yours, conflict.value.theirs, conflict.value.field) == (second, first, field)


def test_two_people_who_change_different_profile_fields_do_not_meet(staff: User) -> None:
    party = make(staff, profile={"age": "25-34", "income": "50-74K"})
    actions.edit_party(party.pk, {"profile.age": "35-44"}, {"profile.age": "25-34"}, by=staff)
    actions.edit_party(party.pk, {"profile.income": "75-99K"}, {"profile.income": "50-74K"}, by=staff)
    party.refresh_from_db()
    assert party.profile == {"age": "35-44", "income": "75-99K"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"made_up": True}, "made_up"),
        ({"name": ""}, "name"),
        ({"gender": "robot"}, "gender"),
        ({"profile.shoe": "44"}, "profile.shoe"),
        ({"name": "王" * 201}, "name"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(staff: User, changes: dict[str, Any], field: str) -> None:
    party = make(staff)
    with pytest.raises(Refused) as refused:
        actions.edit_party(party.pk, changes, by=staff)
    assert refused.value.field == field


def test_an_emptied_profile_field_is_gone(staff: User) -> None:
    party = make(staff, profile={"age": "25-34"})
    actions.edit_party(party.pk, {"profile.age": ""}, by=staff)
    party.refresh_from_db()
    assert party.profile == {}


def test_roles_are_replaced_and_recorded(staff: User) -> None:
    party = make(staff)
    assert actions.set_roles(party, ["partner", "supplier"], by=staff) == {"partner", "supplier"}
    assert set(party.roles.values_list("role", flat=True)) == {"partner", "supplier"}
    with pytest.raises(Refused) as refused:
        actions.set_roles(party, ["friend"], by=staff)
    assert refused.value.field == "roles"


def test_who_buys_is_no_longer_a_prospect(staff: User) -> None:
    party = make(staff, roles=["prospect", "partner"])
    actions.add_role(party, "customer", by=staff)
    assert set(party.roles.values_list("role", flat=True)) == {"customer", "partner"}


def test_what_was_said_by_hand_is_what_survives(staff: User) -> None:
    party = make(staff, city="臺北", profile={"age": "25-34"})
    actions.edit_party(party.pk, {"city": "", "profile.age": "35-44", "gender": "female"}, by=staff)
    records = SourceRecord.objects.filter(party=party).select_related("source")
    said = [Said(record.source.trust, record.received_at, record.pk, record.payload) for record in records]
    said.append(Said(50, said[-1].received_at, said[-1].id + 1, {"city": "Springfield", "gender": "male"}))
    survivors = survive(said)
    party.refresh_from_db()
    for name, value in survivors.items():
        field = name.removeprefix("profile.")
        stored = party.profile.get(field) if name != field else getattr(party, name)
        assert (stored or None) == (value or None), name
    assert survivors["city"] is None
