"""Merging and undoing: everything moves, everything comes back, in any order and after whatever happened meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guanxi.customers import actions, queries
from guanxi.customers.hanging import hanging
from guanxi.customers.merged import root_of
from guanxi.customers.models import Consent, ContactPoint, MatchPair, Merge, Party, PartyRole, Relationship
from guanxi.foundation import search
from guanxi.foundation.actions import Refused
from guanxi.foundation.models import AuditEntry, User
from guanxi.foundation.visibility import SYSTEM, NotAllowed
from guanxi.ledger.models import Event
from guanxi.orders.actions import Line, create_order
from guanxi.orders.models import Order, PurchaseSummary

pytestmark = pytest.mark.django_db
NAMES = ["王美玲", "王美鈴", "Wang Meiling", "陳志明", "林雅婷"]


def make(staff: User, name: str = "王美玲", **values: Any) -> Party:
    return actions.create_party(by=staff, name=name, **values)


def buy(staff: User, party: Party, amount: str = "100", day: int = 2) -> Order:
    at = datetime(2017, 1, day, 10, tzinfo=UTC)
    return create_order(party, [Line(description="茶", amount=Decimal(amount))], by=staff, placed_at=at, channel="till")


def state() -> dict[str, Any]:
    """All that hangs on parties and follows from it, but for the record of merging itself."""
    told = Event.objects.exclude(kind__in=["party.merged", "party.unmerged"])
    return {
        "parties": list(
            Party.objects.order_by("pk").values_list(
                "pk", "kind", "name", "city", "occupation", "date_of_birth", "profile", "created_at", "merged_into"
            )
        ),
        "points": sorted(ContactPoint.objects.values_list("pk", "party", "origin", "kind", "key")),
        "roles": sorted(PartyRole.objects.values_list("party", "origin", "role")),
        "ties": sorted(Relationship.objects.values_list("pk", "party", "origin", "kind", "other", "other_origin")),
        "consents": sorted(Consent.objects.values_list("pk", "party", "origin", "given")),
        "orders": sorted(Order.objects.values_list("pk", "party", "origin", "amount")),
        "summaries": sorted(PurchaseSummary.objects.values_list("party", "order_count", "revenue", "last_day")),
        "events": sorted(told.values_list("kind", "party", "origin", "object_id", "payload__name")),
    }


def test_everything_that_hangs_on_the_merged_one_hangs_on_the_survivor(staff: User) -> None:
    mei, twin, friend = make(staff), make(staff, "王 美玲", city="台北"), make(staff, "林雅婷")
    actions.add_contact_point(mei, "mail", "mei@example.com", by=staff)
    actions.add_contact_point(twin, "mail", "mei@example.com", by=staff)
    actions.add_contact_point(twin, "phone", "+886912345678", by=staff)
    actions.add_relationship(twin, "household", friend, by=staff)
    actions.add_relationship(mei, "referred_by", twin, by=staff)
    actions.give_consent(twin, "marketing", "mail", by=staff)
    buy(staff, mei), buy(staff, twin, "50", 3)
    merged = actions.merge_parties(mei, [twin], by=staff)
    assert merged.survivor.city == "台北"
    assert PurchaseSummary.objects.get().revenue == Decimal(150)
    assert Order.objects.filter(party=mei).count() == 2
    assert [party.pk for party in queries.recognise([("phone", "+886912345678")], staff)] == [mei.pk]
    assert [tie.other.pk for tie in queries.ties(mei, staff)] == [friend.pk]  # not himself
    assert [row.given for row in queries.consent_state(mei, staff)] == [True]
    assert not Party.objects.visible_to(staff).filter(pk=twin.pk).exists()
    assert search.matching_ids(Party, "美玲", staff, 10) == [mei.pk]
    assert Merge.objects.get().moved["customers.contactpoint.party"] == 2
    assert AuditEntry.objects.filter(object_id=twin.pk, changes__merged_into=[None, mei.pk]).count() == 1
    event = Event.objects.get(kind="party.merged")
    assert (event.party_id, event.object_id, event.payload["name"]) == (mei.pk, twin.pk, "王 美玲")


def test_undone_after_an_order_an_edit_and_a_new_number(staff: User) -> None:
    mei, twin = make(staff, city="台南"), make(staff, "王美鈴", city="台北", mail="ling@example.com")
    buy(staff, twin, "50", 3)
    before = state()
    actions.merge_parties(mei, [twin], by=staff, choices={"name": twin.pk})
    assert Party.objects.get(pk=mei.pk).name == "王美鈴"
    actions.edit_party(mei.pk, {"occupation": "律師"}, by=staff)
    order = buy(staff, mei, "70", 4)
    back = actions.undo_merge(Merge.objects.get().pk, by=staff)
    assert (back.pk, back.name, back.city) == (twin.pk, "王美鈴", "台北")
    mei.refresh_from_db()
    assert (mei.name, mei.city, mei.occupation) == ("王美玲", "台南", "律師")
    assert Order.objects.get(pk=order.pk).party_id == mei.pk
    sums = dict(PurchaseSummary.objects.values_list("party", "revenue"))
    assert sums == {mei.pk: Decimal(70), twin.pk: Decimal(50)}
    assert state()["points"] == before["points"]
    assert set(search.matching_ids(Party, "ling@example.com", staff, 10)) == {twin.pk}
    pair = MatchPair.objects.get()
    assert (pair.low_id, pair.high_id, pair.state) == (mei.pk, twin.pk, "different")


def test_chains_are_taken_apart_in_any_order(staff: User) -> None:
    a, b, c = (make(staff, name) for name in NAMES[:3])
    order = buy(staff, c)
    actions.merge_parties(b, [c], by=staff)
    actions.merge_parties(a, [b], by=staff)
    assert root_of(c.pk) == a.pk
    assert Order.objects.get(pk=order.pk).party_id == a.pk
    inner, outer = Merge.objects.order_by("pk")
    actions.undo_merge(inner.pk, by=staff)
    assert Order.objects.get(pk=order.pk).party_id == c.pk
    assert root_of(b.pk) == a.pk
    actions.undo_merge(outer.pk, by=staff)
    assert Party.objects.visible_to(staff).count() == 3


def test_what_cannot_be_merged_is_refused(staff: User, stranger: User) -> None:
    mei, twin = make(staff), make(staff, "王美鈴")
    firm = actions.create_party(by=staff, name="大同股份有限公司", kind="organisation")
    for others, words in (
        ([mei], "himself"),
        ([firm], "cannot be one"),
        ([10**9], "no customer"),
        ([], "at least two"),
    ):
        with pytest.raises(Refused, match=words):
            actions.merge_parties(mei, others, by=staff)
    with pytest.raises(Refused, match="choose"):
        actions.merge_parties(mei, [twin], by=staff, choices={"shoe_size": mei.pk})
    actions.merge_parties(mei, [twin], by=staff)
    with pytest.raises(Refused, match="part of 王美鈴 already"):
        actions.merge_parties(make(staff, "甲"), [twin], by=staff)
    merge = Merge.objects.get()
    actions.undo_merge(merge.pk, by=staff)
    with pytest.raises(Refused, match="undone before"):
        actions.undo_merge(merge.pk, by=staff)
    with pytest.raises(NotAllowed):
        actions.merge_parties(mei, [twin], by=stranger)
    with pytest.raises(NotAllowed):
        actions.undo_merge(merge.pk, by=stranger)


def test_what_was_written_for_the_merged_one_meanwhile_is_settled(staff: User) -> None:
    mei, twin = make(staff), make(staff, "王美鈴")
    actions.merge_parties(mei, [twin], by=staff)
    stray = Event.objects.create(party=twin, kind="call")
    assert actions.settle_strays(by=SYSTEM) == 1
    stray.refresh_from_db()
    assert (stray.party_id, stray.origin) == (mei.pk, twin.pk)


STEPS = st.one_of(
    st.tuples(st.just("merge"), st.integers(0, 4), st.integers(0, 4)),
    st.tuples(st.just("undo"), st.integers(0, 9), st.just(0)),
    st.tuples(st.just("buy"), st.integers(0, 4), st.integers(1, 28)),
    st.tuples(st.just("edit"), st.integers(0, 4), st.integers(0, 3)),
    st.tuples(st.just("reach"), st.integers(0, 4), st.integers(0, 9)),
    st.tuples(st.just("agree"), st.integers(0, 4), st.booleans()),
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=2, max_size=12))
def test_merged_and_undone_in_any_order_is_as_never_merged(staff: User, steps: list[Any]) -> None:
    together, apart = _run(staff, steps, really=True), _run(staff, steps, really=False)
    assert together == apart


def _run(staff: User, steps: list[Any], really: bool) -> dict[str, Any]:
    """What the steps lead to once all merges are undone; without merging, done to those who would have been one."""
    _empty()
    world = _World(staff, really)
    for serial, (what, one, other) in enumerate(steps):
        if what == "merge":
            world.merge(one, other)
        elif what == "undo":
            world.undo(one)
        else:
            _do(staff, what, world.parties[world.root(one)], other, serial)
    while world.merged:
        world.undo(0)
    return _numbered_anew(state(), world.parties)


class _World:
    """Some parties, and who is part of whom: kept beside, for the run that does not merge."""

    def __init__(self, staff: User, really: bool) -> None:
        self.staff, self.really = staff, really
        self.parties = [make(staff, name, city=["台北", "", "高雄"][place % 3]) for place, name in enumerate(NAMES)]
        actions.add_relationship(self.parties[0], "household", self.parties[1], by=staff)
        self.into: dict[int, int] = {}
        self.merged: list[int] = []

    def root(self, place: int) -> int:
        while place in self.into:
            place = self.into[place]
        return place

    def merge(self, one: int, other: int) -> None:
        one, other = self.root(one), self.root(other)
        if one == other:
            return
        self.into[other] = one
        self.merged.append(other)
        if self.really:
            actions.merge_parties(self.parties[one].pk, [self.parties[other].pk], by=self.staff)

    def undo(self, which: int) -> None:
        if not self.merged:
            return
        absorbed = self.merged.pop(which % len(self.merged))
        del self.into[absorbed]
        if self.really:
            _undo(self.staff, self.parties[absorbed])


def _undo(staff: User, absorbed: Party) -> None:
    actions.undo_merge(Merge.objects.get(merged=absorbed, undone_at=None).pk, by=staff)


def _do(staff: User, what: str, party: Party, value: int, serial: int) -> None:
    if what == "buy":
        buy(staff, party, "10", value)
    elif what == "edit":
        # Never what is there already: that would be no edit, though without the merge it were one.
        actions.edit_party(party.pk, {["occupation", "city"][value % 2]: f"{'律師教師'[value]}{serial}"}, by=staff)
    elif what == "reach":
        actions.add_contact_point(party, "mail", f"m{serial}@example.com", by=staff)
    else:
        actions.record_consent(party, "marketing", "mail", bool(value), by=staff)


def _empty() -> None:
    for model in (Order, PurchaseSummary, Event, Consent, Relationship, ContactPoint, PartyRole, MatchPair, Merge):
        model.objects.all().delete()
    from guanxi.customers.models import SourceRecord
    from guanxi.orders.models import OrderLine

    OrderLine.objects.all().delete()
    SourceRecord.objects.all().delete()
    Party.objects.all().delete()


def _numbered_anew(found: dict[str, Any], parties: list[Party]) -> dict[str, Any]:
    """The state with parties by their place and without the numbers of other rows and the time of day."""
    place = {party.pk: f"party {number}" for number, party in enumerate(parties)}

    def plainly(row: Any, skip: int = 0) -> tuple[str, ...]:
        values = (place.get(value, value) if isinstance(value, int) else value for value in row[skip:])
        return tuple(str(value) for value in values if not isinstance(value, datetime))

    return {
        "parties": [plainly(row) for row in found["parties"]],
        **{name: sorted(plainly(row, 1) for row in found[name]) for name in ("points", "ties", "consents", "orders")},
        **{name: sorted(plainly(row) for row in found[name]) for name in ("roles", "summaries")},
        "events": sorted(plainly((row[0], row[1], row[2])) for row in found["events"]),
    }


def test_whatever_points_to_a_party_moves_with_it() -> None:
    moved = {(kind.model, kind.field) for kind in hanging()}
    follows = {  # worked out
        "orders.purchasesummary.party",
        "insight.standing.party",
        "insight.withoutstanding.party",
        "invoices.paymenthabit.party",
    }
    stays = {"customers.party.merged_into", "customers.merge", "customers.matchpair", "customers.matchkey"}
    left_out = [
        f"{model._meta.label_lower}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if field.related_model is Party and (model, field.name) not in moved
    ]
    forgotten = [name for name in left_out if name not in follows | stays and name.rpartition(".")[0] not in stays]
    assert not forgotten, f"Register at the door “hangs_on_party”, with an origin: {forgotten}"
