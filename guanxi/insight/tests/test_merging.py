"""Standings follow merges: the merged one has none, all are worked out anew soon; undone, all is as before."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from guanxi.customers.actions import merge_parties, undo_merge
from guanxi.customers.models import ContactPoint, Merge
from guanxi.foundation.visibility import SYSTEM
from guanxi.insight import queries, tasks
from guanxi.insight.models import Learning, Standing
from guanxi.insight.tests.conftest import Learn
from guanxi.insight.tests.test_learning import shoppers


def standings() -> list[Any]:
    return list(Standing.objects.order_by("party").values_list("party", "value_so_far", "expected_value", "tier"))


def test_standings_follow_a_merge_and_its_undoing(learn: Learn, monkeypatch: pytest.MonkeyPatch) -> None:
    learn(shoppers(150, 300))
    before = standings()
    one, other = ContactPoint.objects.filter(kind="external").order_by("key").values_list("party", flat=True)[:2]
    sums = {party: so_far for party, so_far, *_rest in before}
    assert not queries.merged_since_learning()
    merge_parties(one, [other], by=SYSTEM)
    assert not Standing.objects.filter(party=other).exists()
    an_hour_ago = timezone.now() - timedelta(hours=1)
    Learning.objects.update(finished_at=an_hour_ago, started_at=an_hour_ago)
    assert queries.merged_since_learning()
    assert tasks.learn_when_much_is_new.call()["queued"]
    learn()
    assert Standing.objects.get(party=one).value_so_far == sums[one] + sums[other]
    undo_merge(Merge.objects.get().pk, by=SYSTEM)
    learn()
    assert standings() == before
