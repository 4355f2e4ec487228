"""What a re-cut would move, in figures: from whom to whom, and what everybody has before and after."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Sum

from guanxi.customers.models import Party
from guanxi.foundation.models import User
from guanxi.insight.models import Standing
from guanxi.sales.deals.models import Deal, State
from guanxi.sales.territories.models import Recut, RecutRow, Territory

NUMBERS = ("customers", "deals", "value", "equity")
SHOWN = 100  # pairs of colleagues, or of territories


def of(recut: Recut) -> dict[str, Any]:
    """The figures of a plan: between colleagues, between territories, and the balance of each colleague."""
    between: dict[tuple[Any, Any], dict[str, Any]] = defaultdict(lambda: dict.fromkeys(NUMBERS, 0))
    rows = RecutRow.objects.filter(recut=recut)
    _add(between, "customers", _grouped(rows, "owner_before", "owner_after", number=Count("pk")))
    if recut.with_deals:
        open_deals = Deal.objects.filter(
            state=State.OPEN, party__recut_rows__recut=recut, owner=F("party__recut_rows__owner_before")
        )
        pair = ("party__recut_rows__owner_before", "party__recut_rows__owner_after")
        _add(between, "deals", _grouped(open_deals, *pair, number=Count("pk")))
        _add(between, "value", _grouped(open_deals, *pair, number=Sum("amount")))
    standings = Standing.objects.filter(party__recut_rows__recut=recut)
    pair = ("party__recut_rows__owner_before", "party__recut_rows__owner_after")
    _add(between, "equity", _grouped(standings, *pair, number=Sum("expected_value")))
    moving = {pair: numbers for pair, numbers in between.items() if pair[0] != pair[1]}
    places = _grouped(rows, "before", "after", number=Count("pk"))
    return {
        "between": [{"from": pair[0], "to": pair[1], **_plain(numbers)} for pair, numbers in _largest(moving)],
        "territories": [
            {"from": before, "to": after, "customers": number}
            for before, after, number in sorted(places, key=lambda one: -one[2])[:SHOWN]
            if before != after
        ],
        "people": _balance(moving),
    }


def _grouped(rows: Any, one: str, other: str, number: Any) -> list[tuple[Any, Any, Any]]:
    return list(rows.order_by().values_list(one, other).annotate(number=number))


def _add(between: dict[tuple[Any, Any], dict[str, Any]], name: str, found: Iterable[tuple[Any, Any, Any]]) -> None:
    for before, after, number in found:
        between[before, after][name] += number or 0


def _largest(moving: dict[tuple[Any, Any], dict[str, Any]]) -> list[tuple[tuple[Any, Any], dict[str, Any]]]:
    return sorted(moving.items(), key=lambda one: -one[1]["customers"])[:SHOWN]


def _balance(moving: dict[tuple[Any, Any], dict[str, Any]]) -> list[dict[str, Any]]:
    """What each colleague has whom it touches, before and after."""
    people = {user for pair in moving for user in pair if user is not None}
    before = {user: dict.fromkeys(NUMBERS, 0) for user in people}
    whose = {"owner__in": people}
    parties = Party.objects.filter(merged_into__isnull=True, **whose)
    open_deals = Deal.objects.filter(state=State.OPEN, **whose)
    equity = Standing.objects.filter(party__owner__in=people, party__merged_into__isnull=True)
    for name, rows, key, number in (
        ("customers", parties, "owner", Count("pk")),
        ("deals", open_deals, "owner", Count("pk")),
        ("value", open_deals, "owner", Sum("amount")),
        ("equity", equity, "party__owner", Sum("expected_value")),
    ):
        for user, found in rows.order_by().values_list(key).annotate(number=number):
            before[user][name] = found or 0
    after = {user: dict(numbers) for user, numbers in before.items()}
    for (giver, taker), numbers in moving.items():
        for name in NUMBERS:
            if giver is not None:
                after[giver][name] -= numbers[name]
            if taker is not None:
                after[taker][name] += numbers[name]
    return [
        {"user": user, "before": _plain(before[user]), "after": _plain(after[user])}
        for user in sorted(people, key=lambda one: -after[one]["customers"])
    ]


def _plain(numbers: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in numbers.items()}


def named(figures: dict[str, Any]) -> dict[str, Any]:
    """The same with names of colleagues and territories, and money as numbers again, for a page."""
    people = {user.pk: str(user) for user in User.objects.filter(pk__in=_numbers(figures, "between", "people"))}
    places = dict(Territory.objects.filter(pk__in=_numbers(figures, "territories")).values_list("pk", "name"))

    def line(one: dict[str, Any], names: dict[int, str]) -> dict[str, Any]:
        return {**_money(one), "from": names.get(one["from"], ""), "to": names.get(one["to"], "")}

    return {
        "between": [line(one, people) for one in figures.get("between", [])],
        "territories": [line(one, places) for one in figures.get("territories", [])],
        "people": [
            {"name": people.get(one["user"], ""), "before": _money(one["before"]), "after": _money(one["after"])}
            for one in figures.get("people", [])
        ],
    }


def _numbers(figures: dict[str, Any], *names: str) -> set[int]:
    found = {one.get(end) for name in names for one in figures.get(name, []) for end in ("from", "to", "user")}
    return {number for number in found if number is not None}


def _money(one: dict[str, Any]) -> dict[str, Any]:
    return {**one, **{name: Decimal(str(one[name])) for name in ("value", "equity") if name in one}}
