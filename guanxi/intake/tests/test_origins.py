"""What a source goes on saying of one that was merged goes with him when the merge is undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from guanxi.customers.actions import merge_parties, undo_merge
from guanxi.customers.models import ContactPoint, Merge, Party
from guanxi.foundation.visibility import SYSTEM
from guanxi.ledger.models import Event
from guanxi.orders.models import Order, PurchaseSummary

HEAD = "customer,order,date,amount\n"


def numbered(number: str) -> Party:
    return ContactPoint.objects.get(kind="external", value=number).party


def test_orders_and_records_of_the_merged_number_come_back(take_in: Callable[..., Any]) -> None:
    take_in("parties", "客戶編號,姓名,城市\n1,王美玲,台北\n2,王美鈴,台南\n")
    take_in("sales", HEAD + "1,A1,2017-01-02,10\n2,A2,2017-01-03,20\n")
    mei, twin = numbered("1"), numbered("2")
    merge_parties(mei, [twin], by=SYSTEM)
    take_in("sales", HEAD + "2,A3,2017-02-03,30\n1,A4,2017-02-04,40\n", name="later.csv")
    take_in("parties", "客戶編號,姓名,城市,電話\n2,王美鈴,高雄,0912345678\n", name="later-parties.csv")
    assert Order.objects.filter(party=mei).count() == 4
    assert numbered("2") == mei
    undo_merge(Merge.objects.get().pk, by=SYSTEM)
    assert sorted(Order.objects.filter(party=twin).values_list("number", flat=True)) == ["A2", "A3"]
    assert dict(PurchaseSummary.objects.values_list("party", "revenue")) == {mei.pk: 50, twin.pk: 50}
    twin.refresh_from_db()
    mei.refresh_from_db()
    assert (twin.city, mei.city) == ("高雄", "台北")
    assert ContactPoint.objects.get(kind="phone").party == twin
    told = Event.objects.filter(kind="order.placed", party=twin)
    assert sorted(event.payload["number"] for event in told) == ["A2", "A3"]
