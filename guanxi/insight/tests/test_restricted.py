"""Of whoever had the use of his data restricted, or objects, nothing is worked out or shown; lifted, it is again."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from guanxi.customers import actions as customers
from guanxi.customers.models import ContactPoint, Party
from guanxi.foundation.tasks.models import BackgroundTask
from guanxi.foundation.visibility import SYSTEM
from guanxi.insight import leaving, queries
from guanxi.insight.models import Standing
from guanxi.insight.tests.conftest import Learn
from guanxi.insight.tests.test_learning import shoppers
from guanxi.lake import tables


def in_lake() -> set[int]:
    return set(tables.table("standing").select("party_id").to_pyarrow()["party_id"].to_pylist())


def standings() -> list[Any]:
    return list(Standing.objects.order_by("party").values_list("party", "value_so_far"))


@pytest.mark.parametrize(("kind", "purpose"), [("restrict", ""), ("object", "profiling")])
def test_a_restricted_customer_has_no_standing_until_it_is_lifted(
    learn: Learn, staff_client: Client, kind: str, purpose: str
) -> None:
    learn(shoppers(150, 300))
    before = standings()
    one, other = Party.objects.filter(
        pk__in=ContactPoint.objects.filter(kind="external").values("party"), standing__isnull=False
    ).order_by("pk")[:2]
    equity = queries.current(SYSTEM).figures["equity"]["so_far"]
    restriction = customers.restrict(one, kind, purpose=purpose, by=SYSTEM)
    # At once: in the database, and by the task in the lake.
    assert not Standing.objects.filter(party=one).exists() and Standing.objects.filter(party=other).exists()
    assert BackgroundTask.objects.filter(unique_key=leaving.LEAVING).count() == 1
    assert one.pk in in_lake() and leaving.leave.call() == {"left": 1}
    assert one.pk not in in_lake() and other.pk in in_lake() and leaving.leave.call() == {"left": 0}
    rows = staff_client.get("/customers/", {"f.standing.stage": "stability,decline,formation,exploration,broken"})
    assert f"/customers/{one.pk}/" not in rows.content.decode()
    assert "restricted or objected" in staff_client.get(f"/customers/{one.pk}/").content.decode()
    # And a learning does not bring it back: neither to him, nor to the sums.
    assert learn().fresh
    assert not Standing.objects.filter(party=one).exists() and one.pk not in in_lake()
    assert queries.current(SYSTEM).figures["equity"]["so_far"] < equity
    assert Standing.objects.count() == len(before) - 1
    customers.lift_restriction(restriction.pk, by=SYSTEM)
    assert learn().fresh
    assert standings() == before and one.pk in in_lake()


def test_other_objections_change_nothing(learn: Learn) -> None:
    learn(shoppers(150, 300))
    before = standings()
    customers.restrict(Party.objects.get(pk=before[0][0]), "object", purpose="marketing", by=SYSTEM)
    assert standings() == before and not BackgroundTask.objects.filter(unique_key=leaving.LEAVING).exists()


def test_a_restriction_set_while_it_learns_holds(learn: Learn, monkeypatch: pytest.MonkeyPatch) -> None:
    from guanxi.insight import scoring

    score = scoring.score
    found: list[int] = []

    def restricting(*args: Any) -> Any:
        party = Party.objects.filter(contact_points__kind="external").order_by("pk")[0]
        customers.restrict(party, "restrict", by=SYSTEM)
        found.append(party.pk)
        return score(*args)

    monkeypatch.setattr(scoring, "score", restricting)
    learn(shoppers(150, 300))
    assert found and not Standing.objects.filter(party__in=found).exists() and found[0] not in in_lake()
