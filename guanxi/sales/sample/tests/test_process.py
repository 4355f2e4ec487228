"""The process behind the made-up deals does what is said of it."""

from __future__ import annotations

from datetime import UTC, date
from functools import cache
from statistics import mean

from guanxi.sales.sample import firms
from guanxi.sales.sample.process import Story, Way, draw_stories

TODAY = date(2018, 1, 1)
WAY = Way([10, 25, 50, 75, 90], [14, 21, 21, 14, 7])
REPS = [f"rep-{number}" for number in range(8)]


@cache
def stories(scale: float = 1.0) -> list[Story]:
    return draw_stories(firms.draw_firms(REPS, scale), firms.articles(), WAY, TODAY, UTC, scale)


def won(some: list[Story]) -> float:
    return mean(story.state == "won" for story in some)


def test_the_same_for_the_same_scale() -> None:
    again = draw_stories(firms.draw_firms(REPS), firms.articles(), WAY, TODAY, UTC)
    assert again == stories() and len(again) == 2_500
    drawn = firms.draw_firms(REPS)
    assert len([one for one in drawn if not firms.is_rival(one)]) == 300
    assert len({one.name for one in drawn}) > 250 and {"TW", "CN", "US", "DE"} <= {one.country for one in drawn}
    assert len(stories(0.1)) == 250


def test_what_is_said_to_decide_decides() -> None:
    closed = [story for story in stories() if story.state != "open"]
    assert 1_500 < len(closed) < 2_400 and 0.25 < won(closed) < 0.65
    for better in (
        lambda story: story.kind == "straight_rebuy",
        lambda story: story.rival is None,
        lambda story: any(one.role == "decider" for one in story.seats),
        lambda story: story.firm.is_customer,
        lambda story: story.firm.rep == "rep-0",
        lambda story: sum(one.kind != "call" for one in story.contacts) >= 2,
    ):
        assert won([one for one in closed if better(one)]) > won([one for one in closed if not better(one)])
    long, short = (
        [story for story in closed if story.kind == kind and story.state == "won"]
        for kind in ("new_task", "straight_rebuy")
    )
    assert mean(length(story) for story in long) > 1.5 * mean(length(story) for story in short)


def length(story: Story) -> int:
    assert story.closed_at is not None
    return (story.closed_at - story.steps[0].at).days


def test_nothing_happens_before_its_time_or_after_today() -> None:
    for story in stories():
        moments = [step.at for step in story.steps] + ([story.closed_at] if story.closed_at else [])
        assert moments == sorted(moments) and moments[-1].date() < TODAY
        assert [step.stage for step in story.steps] == list(range(len(story.steps)))
        assert story.state != "won" or len(story.steps) == len(WAY.days)
        assert story.closed_at is None or story.state in ("won", "lost")
        for one in story.contacts:
            assert one.at.date() < TODAY
        for part in story.parts:
            assert part.day < TODAY and all(paid.day < TODAY and paid.day >= part.day for paid in part.payments)
        if story.parts:
            delivered = sum(sum(part.quantities.values()) for part in story.parts)
            assert delivered <= sum(item.quantity for item in story.items)


def test_late_payers_pay_late() -> None:
    days: dict[str, list[int]] = {payer: [] for payer in ("punctual", "late", "very_late")}
    for story in stories():
        for part in story.parts:
            if part.payments:
                days[story.firm.payer].append((part.payments[-1].day - part.day).days - 30)
    assert mean(days["punctual"]) < 1 < mean(days["late"]) < mean(days["very_late"])
