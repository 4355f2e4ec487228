"""Those who have no standing are found without a look at everybody: the same ones as that look would find."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from guanxi.customers import actions as customers
from guanxi.customers.models import Merge, Party
from guanxi.foundation.desk import state as states
from guanxi.foundation.visibility import SYSTEM
from guanxi.insight import queries
from guanxi.insight.models import Learning, Standing, WithoutStanding
from guanxi.insight.tests.conftest import Learn
from guanxi.insight.tests.test_learning import shoppers


def found() -> set[int]:
    """Whom the screens find; held against a look at all."""
    rows = Party.objects.visible_to(SYSTEM)
    few = set(rows.filter(queries.without_standing()).values_list("pk", flat=True))
    assert few == set(rows.filter(standing__isnull=True).values_list("pk", flat=True))
    return few


def made(name: str) -> Party:
    return customers.create_party(name=name, by=SYSTEM)


@pytest.mark.usefixtures("transactional_db")
def test_the_same_as_among_all(learn: Learn) -> None:
    early = made("早春")
    assert found() == {early.pk}  # before anything was learned
    learn(shoppers(30, 300))
    assert Learning.objects.get().known_to == max(Party.objects.values_list("pk", flat=True))
    before = found()
    late = made("王小明")
    assert found() == before | {late.pk}
    first, second, third = Standing.objects.order_by("party").values_list("party", flat=True)[:3]
    restriction = customers.restrict(Party.objects.get(pk=third), "restrict", by=SYSTEM)
    assert third in found()
    customers.merge_parties(first, [second], by=SYSTEM)
    assert second not in found()  # he is part of another
    customers.undo_merge(Merge.objects.get().pk, by=SYSTEM)
    assert second in found()
    customers.lift_restriction(restriction.pk, by=SYSTEM)
    assert third in found()
    learn(again=True)
    assert not {second, third} & found()
    assert set(WithoutStanding.objects.values_list("party", flat=True)) == found()


@pytest.mark.usefixtures("transactional_db")
@pytest.mark.parametrize("few", [0, 3000], ids=["walked", "collected"])
def test_the_board_shows_them(learn: Learn, staff_client: Client, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "FEW", few)
    learn(shoppers(30, 300))
    late = made("王小明")
    third = Standing.objects.order_by("party").first()
    assert third is not None
    customers.restrict(third.party, "restrict", by=SYSTEM)
    for by in ("stage", "tier", "grade"):
        page = staff_client.get(f"/customers/?as=board&by=standing.{by}").content.decode()
        lane = page[page.index('data-lane="~"') :]
        assert f"/customers/{late.pk}/" in lane and f"/customers/{third.pk}/" in lane
    page = staff_client.get("/customers/?f.standing.stage__empty=yes").content.decode()
    assert f"/customers/{late.pk}/" in page


@pytest.mark.usefixtures("transactional_db")
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_who_is_being_made_while_it_learns_is_found(learn: Learn, monkeypatch: pytest.MonkeyPatch) -> None:
    learn(shoppers(30, 300))
    monkeypatch.setattr("guanxi.lake.refresh.PATIENCE", 0.1)
    known_to = Learning.objects.get().known_to
    begun, go_on = threading.Event(), threading.Event()
    made_late: list[Any] = []

    def slowly() -> None:
        try:
            with transaction.atomic():
                made_late.append(Party.objects.create(name="慢慢来"))
                begun.set()
                assert go_on.wait(60)
        finally:
            connection.close()

    thread = threading.Thread(target=slowly)
    thread.start()
    try:
        assert begun.wait(30)
        later = made("After him, and there before him")
        learn(again=True)
        # One with a lower number than `later` may yet come, so all above the bound known before are still looked at.
        assert Learning.objects.latest("pk").known_to == known_to
    finally:
        go_on.set()
        thread.join(60)
    assert made_late[0].pk < later.pk and made_late[0].pk in found()
