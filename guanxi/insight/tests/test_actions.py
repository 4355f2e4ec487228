"""What people change of insight: assumptions and cost rates, audited, and refused where they make no sense."""

from __future__ import annotations

from decimal import Decimal

import pytest

from guanxi.foundation.actions import Conflict, Refused
from guanxi.foundation.models import AuditEntry, User
from guanxi.foundation.visibility import NotAllowed
from guanxi.insight import actions, queries
from guanxi.insight.models import Assumptions, CostRate

pytestmark = pytest.mark.django_db


def test_assumptions_are_one_row_whoever_changes_them(staff: User) -> None:
    assert queries.assumptions(staff).discount_rate == 0.10
    assert Assumptions.objects.count() == 0
    actions.change_assumptions({"discount_rate": 0.12}, by=staff)
    actions.change_assumptions({"horizon_years": None}, by=staff)
    row = Assumptions.objects.get()
    assert (row.discount_rate, row.horizon_years) == (0.12, None)
    assert queries.assumptions(staff).discount_rate == 0.12
    assert AuditEntry.objects.filter(action="insight.change_assumptions").exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"discount_rate": 1.5}, "discount_rate"),
        ({"horizon_years": 0}, "horizon_years"),
        ({"risk_days": 0}, "risk_days"),
        ({"share_a": 0.9, "share_b": 0.8}, "share_b"),
        ({"bond": "friendship"}, "bond"),
    ],
)
def test_assumptions_that_cannot_be(staff: User, changes: dict[str, object], field: str) -> None:
    with pytest.raises(Refused) as refusal:
        actions.change_assumptions(changes, by=staff)
    assert refusal.value.field == field
    assert queries.assumptions(staff).share_b == 0.95


def test_two_people_change_the_same_assumption(staff: User) -> None:
    actions.change_assumptions({"discount_rate": 0.12}, by=staff)
    with pytest.raises(Conflict) as conflict:
        actions.change_assumptions({"discount_rate": 0.15}, {"discount_rate": 0.10}, by=staff)
    assert (conflict.value.theirs, conflict.value.yours) == (0.12, 0.15)


def test_cost_rates_come_change_and_go(staff: User) -> None:
    row = actions.create_cost_rate(kind="call", channel="", purpose="sell", amount=Decimal("4.50"), by=staff)
    actions.edit_cost_rate(row.pk, {"amount": Decimal(5)}, {"amount": "4.50"}, by=staff)
    with pytest.raises(Conflict):
        actions.edit_cost_rate(row.pk, {"amount": Decimal(6)}, {"amount": "4.50"}, by=staff)
    with pytest.raises(Refused):
        actions.create_cost_rate(kind="call", channel="", purpose="serve", amount=Decimal(1), by=staff)
    with pytest.raises(Refused) as refusal:
        actions.create_cost_rate(kind="visit", channel="", purpose="sell", amount=Decimal(-1), by=staff)
    assert refusal.value.field == "amount"
    actions.delete_cost_rate(row.pk, by=staff)
    assert not CostRate.objects.exists()
    assert AuditEntry.objects.filter(action="insight.delete_cost_rate").exists()


def test_strangers_change_nothing(staff: User, stranger: User) -> None:
    row = actions.create_cost_rate(kind="call", channel="", purpose="sell", amount=Decimal(4), by=staff)
    with pytest.raises(NotAllowed):
        actions.change_assumptions({"discount_rate": 0.2}, by=stranger)
    with pytest.raises(CostRate.DoesNotExist):
        actions.edit_cost_rate(row.pk, {"amount": Decimal(0)}, by=stranger)
    with pytest.raises(CostRate.DoesNotExist):
        actions.delete_cost_rate(row.pk, by=stranger)
    assert list(queries.cost_rates(stranger)) == []
