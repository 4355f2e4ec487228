"""How a party is reached, recognised, related, and what he agreed to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from guanxi.customers import actions, queries
from guanxi.customers.models import Party
from guanxi.foundation.actions import Conflict, Refused
from guanxi.foundation.models import User
from guanxi.foundation.visibility import NotAllowed
from guanxi.ledger.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def mei(staff: User) -> Party:
    return actions.create_party(by=staff, name="王美玲", country="TW")


@pytest.fixture
def ming(staff: User) -> Party:
    return actions.create_party(by=staff, name="陳志明")


def test_a_number_without_country_code_is_read_in_the_country_of_the_party(staff: User, mei: Party) -> None:
    added = actions.add_contact_point(mei, "phone", "0912 345 678", by=staff)
    assert added.contact_point.key == "+886912345678"
    assert added.contact_point.value == "0912 345 678"


def test_the_same_contact_point_twice_is_refused(staff: User, mei: Party) -> None:
    actions.add_contact_point(mei, "mail", "mei@example.com", by=staff)
    with pytest.raises(Refused) as refused:
        actions.add_contact_point(mei, "mail", "MEI@example.com ", by=staff)
    assert refused.value.field == "value"


def test_a_shared_telephone_is_allowed_and_reported(staff: User, mei: Party, ming: Party) -> None:
    actions.add_contact_point(mei, "phone", "+886 2 2345 6789", by=staff)
    assert actions.add_contact_point(ming, "phone", "+886223456789", by=staff).shared_with == [mei]


@pytest.mark.parametrize(
    ("kind", "value", "field"), [("pigeon", "coo", "kind"), ("mail", "no", "value"), ("phone", "", "value")]
)
def test_what_cannot_reach_anybody_is_refused(staff: User, mei: Party, kind: str, value: str, field: str) -> None:
    with pytest.raises(Refused) as refused:
        actions.add_contact_point(mei, kind, value, by=staff)
    assert refused.value.field == field
    assert not mei.contact_points.exists()


def test_only_one_of_a_kind_is_preferred(staff: User, mei: Party) -> None:
    first = actions.add_contact_point(mei, "mail", "a@example.com", preferred=True, by=staff).contact_point
    actions.add_contact_point(mei, "mail", "b@example.com", preferred=True, by=staff)
    first.refresh_from_db()
    assert not first.preferred


def test_a_changed_value_is_recognised_and_no_longer_verified(staff: User, mei: Party) -> None:
    point = actions.add_contact_point(mei, "mail", "a@example.com", by=staff).contact_point
    type(point).objects.filter(pk=point.pk).update(verified_at=datetime(2017, 5, 1, tzinfo=UTC))
    actions.change_contact_point(point.pk, {"value": "b@example.com"}, {"value": "a@example.com"}, by=staff)
    point.refresh_from_db()
    assert (point.key, point.verified_at) == ("b@example.com", None)
    with pytest.raises(Conflict) as conflict:
        actions.change_contact_point(point.pk, {"value": "c@example.com"}, {"value": "a@example.com"}, by=staff)
    assert conflict.value.theirs == "b@example.com"


def test_removing_leaves_a_trace(staff: User, stranger: User, mei: Party) -> None:
    point = actions.add_contact_point(mei, "mail", "a@example.com", by=staff).contact_point
    with pytest.raises(type(point).DoesNotExist):
        actions.remove_contact_point(point.pk, by=stranger)
    actions.remove_contact_point(point.pk, by=staff)
    assert not mei.contact_points.exists()
    assert Event.objects.get(kind="contact.removed").payload["value"] == "a@example.com"


def test_recognition_by_strong_keys_puts_the_best_match_first(
    staff: User, stranger: User, mei: Party, ming: Party
) -> None:
    for party, mail in ((ming, "ming@example.com"), (mei, "mei@example.com")):
        actions.add_contact_point(party, "phone", "+886 2 2345 6789", by=staff)
        actions.add_contact_point(party, "mail", mail, by=staff)
    keys = [("phone", "+886-2-2345-6789"), ("mail", " MEI@EXAMPLE.COM"), ("mail", "not a mail")]
    assert queries.recognise(keys, staff) == [mei, ming]
    assert queries.recognise([("mail", "nobody@example.com")], staff) == []
    assert queries.recognise(keys, stranger) == []


def test_an_address_recognises_nobody(staff: User, mei: Party) -> None:
    actions.add_contact_point(mei, "address", "臺北市信義路五段7號", by=staff)
    assert queries.recognise([("address", "臺北市信義路五段7號")], staff) == []


def test_the_newest_word_on_a_purpose_and_channel_counts(staff: User, mei: Party) -> None:
    at = [datetime(2017, month, 1, tzinfo=UTC) for month in (1, 2, 3)]
    actions.give_consent(mei, "marketing", "mail", at=at[1], by=staff)
    actions.withdraw_consent(mei, "marketing", "mail", at=at[2], by=staff)
    actions.give_consent(mei, "marketing", "mail", at=at[0], by=staff)  # noted late, said before
    actions.give_consent(mei, "service", "sms", at=at[0], by=staff)
    actions.add_contact_point(mei, "phone", "0912 345 678", by=staff)
    state = {(row.purpose, row.channel): row.given for row in queries.consent_state(mei, staff)}
    assert state == {("marketing", "mail"): False, ("service", "sms"): True}
    assert not queries.may_contact(mei, "marketing", "mail", staff)
    assert queries.may_contact(mei, "service", "sms", staff)
    assert mei.consents.count() == 4


def test_of_two_words_at_one_moment_the_later_noted_counts(staff: User, mei: Party) -> None:
    at = datetime(2017, 1, 1, tzinfo=UTC)
    actions.give_consent(mei, "marketing", "mail", at=at, by=staff)
    actions.withdraw_consent(mei, "marketing", "mail", at=at, by=staff)
    assert [row.given for row in queries.consent_state(mei, staff)] == [False]


def test_a_no_to_all_channels_counts_for_each(staff: User, mei: Party) -> None:
    actions.give_consent(mei, "marketing", "mail", at=datetime(2017, 1, 1, tzinfo=UTC), by=staff)
    actions.withdraw_consent(mei, "marketing", "any", at=datetime(2017, 2, 1, tzinfo=UTC), by=staff)
    assert not queries.may_contact(mei, "marketing", "mail", staff)


@pytest.mark.parametrize(
    ("values", "field"),
    [({"channel": "smoke"}, "channel"), ({"purpose": "fun"}, "purpose"), ({"basis": "luck"}, "basis")],
)
def test_a_consent_that_cannot_be_is_refused(staff: User, mei: Party, values: dict[str, Any], field: str) -> None:
    said = {"purpose": "marketing", "channel": "mail", "given": True, **values}
    with pytest.raises(Refused) as refused:
        actions.record_consent(mei, by=staff, **said)
    assert refused.value.field == field


def test_a_household_is_found_from_each_of_its_members(staff: User, mei: Party, ming: Party) -> None:
    child = actions.create_party(by=staff, name="陳小美")
    actions.add_relationship(mei, "household", ming, by=staff)
    actions.add_relationship(child, "household", ming, by=staff)
    assert queries.household(mei, staff) == [ming, child]
    assert queries.household(child, staff) == [mei, ming]
    with pytest.raises(Refused):
        actions.add_relationship(ming, "household", mei, by=staff)


def test_relationships_that_cannot_be_are_refused(staff: User, stranger: User, mei: Party, ming: Party) -> None:
    office = actions.create_party(by=staff, name="大同貿易有限公司", kind="organisation")
    for party, kind, other, field in [
        (mei, "household", mei, "other"),
        (mei, "works_at", ming, "other"),
        (mei, "household", office, "other"),
        (mei, "adores", ming, "kind"),
    ]:
        with pytest.raises(Refused) as refused:
            actions.add_relationship(party, kind, other, by=staff)
        assert refused.value.field == field
    row = actions.add_relationship(mei, "works_at", office, by=staff, title="採購", buying_role="decider")
    with pytest.raises(Refused):
        actions.change_relationship(row.pk, {"stance": 3}, by=staff)
    with pytest.raises(NotAllowed):
        actions.add_relationship(ming, "works_at", office, by=stranger)
    assert [tie.outward for tie in queries.ties(office, staff)] == [False]
    actions.remove_relationship(row.pk, by=staff)
    assert queries.ties(mei, staff) == []
