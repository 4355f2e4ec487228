"""Businesses to learn from: files of purchases, imported and learned as their owners would."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from guanxi.insight import learning
from guanxi.insight.learning import Outcome
from guanxi.intake.tests.conftest import take_in

__all__ = ["take_in"]

Purchase = tuple[Any, ...]  # customer, day, amount and perhaps more, by the columns named
Learn = Callable[..., Outcome]


@pytest.fixture
def learn(take_in: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Learn:
    """`learn(rows)` imports purchases (customer, day, amount) and learns from all there are."""
    monkeypatch.setattr("guanxi.lake.refresh.PATIENCE", 120.0)

    def run(rows: Iterable[Purchase] = (), columns: str = "customer,date,amount", **options: Any) -> Outcome:
        lines = [",".join(map(str, row)) for row in rows]
        if lines:
            take_in("sales", "\n".join([columns, *lines]) + "\n", name=f"sales-{len(lines)}-{abs(hash(lines[0]))}.csv")
        return learning.learn(**options)

    return run
