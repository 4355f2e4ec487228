"""Features as they were known at the time: what is recorded later changes nothing of before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from django.utils import timezone
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from guanxi.channels.activities import actions as activities
from guanxi.customers import actions as customers
from guanxi.foundation import bulk
from guanxi.foundation.models import User
from guanxi.foundation.notes import actions as notes
from guanxi.sales.deals import actions as deals
from guanxi.sales.deals.models import Deal, LostReason, Stage
from guanxi.sales.winning import facts
from guanxi.sales.winning.facts import DEALS, EDITED, EDITS, MEMBERS, PLAIN, STAGES, STANDINGS, STEPS, TOUCHES, Facts
from guanxi.sales.winning.features import MOMENTS, NAMES, History

BEGIN = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)
STAGE_ROWS = [{"stage": at, "pipeline": 1, "position": at, "expected_days": 10 * at} for at in (1, 2, 3)]


def table(schema: pa.Schema, rows: list[dict[str, Any]]) -> pa.Table:
    plain = pa.schema([(one.name, PLAIN if pa.types.is_timestamp(one.type) else one.type) for one in schema])
    return pa.Table.from_pylist(rows, schema=plain)


def told(known: Facts, asked: list[tuple[int, datetime]]) -> list[dict[str, Any]]:
    rows = [{"n": at, "deal": deal, "moment": moment} for at, (deal, moment) in enumerate(asked)]
    with History(known) as history:
        found: list[dict[str, Any]] = history.features(pa.Table.from_pylist(rows, schema=MOMENTS)).to_pylist()
        return found


# Recorded facts, drawn ------------------------------------------------------------------------------------------------

hours = st.integers(0, 24 * 60)
words = st.sampled_from(["", "web", "mail", "referral"])
fact = st.tuples(
    hours,
    st.integers(1, 3),  # deal
    st.one_of(
        st.tuples(st.just("step"), st.integers(1, 3), st.sampled_from(["open", "won", "lost"]), st.integers(0, 9)),
        st.tuples(st.just("edit"), st.sampled_from(EDITED), words, st.integers(1, 9)),
        st.tuples(st.just("member"), st.sampled_from(["deals.contender", "deals.committeeseat"]), st.booleans()),
        st.tuples(st.just("touch")),
        st.tuples(st.just("standing"), st.sampled_from(["formation", "decline"])),
    ),
)


def recorded(drawn: list[Any]) -> Facts:
    """The tables as they stand after all that was recorded: the deals' rows say what came last."""
    rows = {
        deal: {"owner": deal, "party": 7, "source": "", "purchase_kind": "", "buyer_kind": ""} for deal in (1, 2, 3)
    }
    edited: dict[int, dict[str, Any]] = {deal: {"amount": None, "expected_close": None} for deal in rows}
    where = dict.fromkeys(rows, (1, "open"))
    kept: dict[str, list[dict[str, Any]]] = {name: [] for name in ("steps", "edits", "members", "touches", "standings")}
    for deal in rows:
        first = {"deal": deal, "moment": BEGIN, "from_stage": None, "to_stage": 1, "from_state": "", "to_state": "open"}
        kept["steps"].append({**first, "id": deal, "amount": 10_000})
    for number, (hour, deal, what) in enumerate(drawn, start=10):
        moment = BEGIN + timedelta(hours=hour)
        if what[0] == "step":
            (stage, state), (before, was) = what[1:3], where[deal]
            where[deal] = (stage, state)
            kept["steps"].append(
                {
                    "deal": deal, "id": number, "moment": moment, "from_stage": before, "to_stage": stage,
                    "from_state": was, "to_state": state, "amount": what[3] * 10_000,
                    "expected_close": date(2026, 3, 1 + what[3]),
                }
            )  # fmt: skip
        elif what[0] == "edit":
            name, value = what[1], edit_value(what[1], what[2], what[3])
            held = edited[deal] if name in ("amount", "expected_close") else rows[deal]
            before = held[name]
            held[name] = value
            plain = {f"{name}_before": None if before is None else str(before), f"{name}_after": str(value)}
            kept["edits"].append({"deal": deal, "id": number, "moment": moment, **plain})
        elif what[0] == "member":
            side = {"joined": deal} if what[2] else {"left": deal}
            kept["members"].append({"kind": what[1], "moment": moment, "role": "decider", **side})
        elif what[0] == "touch":
            kept["touches"].append({"deal": deal, "moment": moment})
        else:
            kept["standings"].append({"party": 7, "moment": moment, "standing": what[1]})
    now = [
        {"deal": deal, **row, "owner": int(row["owner"]), "state": where[deal][1], "made_up": False}
        for deal, row in rows.items()
    ]
    return Facts(
        table(DEALS, now), table(STEPS, kept["steps"]), table(STAGES, STAGE_ROWS), table(EDITS, kept["edits"]),
        table(MEMBERS, kept["members"]), table(TOUCHES, kept["touches"]), table(STANDINGS, kept["standings"]),
    )  # fmt: skip


def edit_value(name: str, word: str, number: int) -> Any:
    if name in ("owner", "party"):
        return number
    if name == "amount":
        return f"{number}.0000"
    return f"2026-04-0{number}" if name == "expected_close" else word


@pytest.mark.any_database
@settings(max_examples=20)
@given(st.lists(fact, max_size=25), st.integers(1, 24 * 60))
def test_what_is_recorded_later_changes_nothing_of_before(drawn: list[Any], hour: int) -> None:
    drawn = sorted(drawn, key=lambda one: one[0])
    until = BEGIN + timedelta(hours=hour)
    asked = [(deal, moment) for deal in (1, 2, 3) for moment in (until - timedelta(hours=hour // 2), until)]
    early = [one for one in drawn if one[0] <= hour]
    assert told(recorded(early), asked) == told(recorded(drawn), asked)


@pytest.mark.any_database
@settings(max_examples=25, deadline=None)
@given(st.lists(fact, max_size=25), hours)
def test_one_moment_of_all_deals_is_told_as_each_of_many_is(drawn: list[Any], hour: int) -> None:
    known, moment = recorded(drawn), BEGIN + timedelta(hours=hour)
    learned = known.standings["moment"].to_pylist()
    assume(len(learned) == len(set(learned)))  # two of the same moment: either may be told
    alone = told(known, [(deal, moment) for deal in (1, 2, 3)])
    assert told(known, [*((deal, moment) for deal in (1, 2, 3)), (1, BEGIN)])[:3] == alone


@pytest.mark.any_database
def test_each_feature_says_what_was_known() -> None:
    first, second = (timedelta(days=day) for day in (10, 20))
    known = recorded(
        [
            (24, 2, ("step", 1, "won", 1)),  # of the same owner once deal 2 is his, on the second day
            (48, 1, ("edit", "owner", "", 2)),
            (72, 1, ("edit", "source", "web", 1)),
            (96, 1, ("touch",)),
            (120, 1, ("step", 3, "open", 4)),
            (144, 1, ("step", 2, "open", 4)),
            (168, 1, ("edit", "amount", "", 8)),
            (192, 1, ("member", "deals.contender", True)),
            (240 + 24, 1, ("edit", "source", "mail", 1)),
            (240 + 48, 1, ("member", "deals.contender", False)),
            (240 + 72, 1, ("step", 2, "lost", 4)),
        ]
    )
    at_ten, at_twenty = told(known, [(1, BEGIN + first), (1, BEGIN + second)])
    assert at_ten["open"] and not at_twenty["open"]
    assert (at_ten["source"], at_twenty["source"]) == ("web", "mail")
    assert (at_ten["competitors"], at_twenty["competitors"]) == (1, 0)
    assert (at_ten["stage"], at_ten["moves"], at_ten["moves_back"]) == ("2", 2, 1)
    assert at_ten["days_in_stage"] == pytest.approx(4)
    assert at_ten["pace"] == pytest.approx(4 / 20)
    assert at_ten["age_days"] == pytest.approx(10)
    assert (at_ten["contacts"], at_ten["quiet_days"]) == (1, pytest.approx(6))
    assert at_ten["amount_change"] == pytest.approx(2.0794, abs=1e-3)  # eightfold
    assert at_ten["owner_rate"] == pytest.approx((1 + 10 * 1.0) / 11)  # all that had ended was won
    assert (at_ten["party_won"], at_ten["party_lost"]) == (1, 0)


# Through the doors that people use ------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_later_work_on_a_deal_changes_nothing_of_before(
    staff: User, stages: list[Stage], colleague: Callable[..., User]
) -> None:
    acme = customers.create_party(by=staff, name="Acme Ltd", kind="organisation")
    rival = customers.create_party(by=staff, name="Rival Inc", kind="organisation", roles=[])
    mei = customers.create_party(by=staff, name="王美玲", kind="person")
    given = {"party": acme, "value": Decimal(1000), "source": "web", "expected_close": date(2026, 5, 1)}
    deal = deals.create_deal(name="Pumps", by=staff, **given)
    deals.edit_deal(deal.pk, {"source": "mail", "value": Decimal(2000)}, by=staff)
    deals.add_contender(deal.pk, rival, by=staff)
    deals.seat(deal.pk, mei, "decider", by=staff)
    notes.write(deal, "He liked it.", by=staff)
    held = activities.log("reached", record=deal, by=staff)
    moment = timezone.now()
    before = features_of(deal, moment)
    expected = {"source": "mail", "competitors": 1, "seats": 1, "deciders": 1, "contacts": 2, "moves": 0}
    assert {name: before[name] for name in expected} == expected
    assert before["amount_change"] == pytest.approx(0.6931, abs=1e-3)

    changes = {
        "source": "referral", "value": Decimal(9000), "owner": colleague("wei", "sales"), "purchase_kind": "new_task",
        "expected_close": date(2026, 9, 1), "party": mei,
    }  # fmt: skip
    deals.edit_deal(deal.pk, changes, by=staff)
    deals.move(deal.pk, stages[2], by=staff)
    deals.move(deal.pk, stages[0], by=staff)
    deals.remove_contender(deal.contenders.get().pk, by=staff)
    deals.remove_seat(deal.committee.get().pk, by=staff)
    notes.write(deal, "Not any more.", by=staff)
    activities.edit(held.pk, {"subject": "Otherwise"}, by=staff)
    other = deals.create_deal(name="Valves", by=staff, party=acme)
    deals.win(other.pk, by=staff)
    deals.lose(deal.pk, LostReason.objects.get(name="No budget"), by=staff)

    assert features_of(deal, moment) == before
    after = features_of(deal, timezone.now())
    assert not after["open"]
    differing = ("source", "competitors", "seats", "contacts", "moves", "moves_back", "purchase_kind", "amount")
    assert all(after[name] != before[name] for name in differing)


def features_of(deal: Deal, moment: datetime) -> dict[str, Any]:
    with bulk.session() as db:
        known = facts.read(db)
    (found,) = told(known, [(deal.pk, moment.astimezone(UTC).replace(tzinfo=None))])
    assert set(NAMES) <= set(found)
    return found
