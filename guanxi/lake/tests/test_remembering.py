"""Answers kept: many who ask the same at once are told what one question found out."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from guanxi.customers import actions as customers
from guanxi.foundation.visibility import SYSTEM
from guanxi.lake import query, remembering
from guanxi.lake.query import Query
from guanxi.lake.refresh import refresh
from guanxi.lake.tests.conftest import Shop


def test_what_many_ask_at_once_is_worked_out_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.order(shop.party("陳美華"), "2017-03-05", (None, 3))
    refresh()
    question = Query(["sales"])
    result = query.run(question, SYSTEM)
    remembering.forget()
    asked, begun, go_on = [], threading.Event(), threading.Event()

    def slowly(one: Query, viewer: Any) -> query.Result:
        asked.append(one)
        begun.set()
        assert go_on.wait(30)
        return result

    monkeypatch.setattr(query, "run", slowly)
    ask = remembering.asker(SYSTEM)
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(ask, question) for _one in range(4)]
        assert begun.wait(30)
        go_on.set()
        assert [answer.result(30).rows for answer in answers] == [result.rows] * 4
    assert asked == [question]
    assert not remembering._turns


def test_one_that_fails_does_not_keep_the_others_waiting(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    refresh()

    def fails(_one: Query, _viewer: Any) -> query.Result:
        raise query.BadQuery("no", "where")

    monkeypatch.setattr(query, "run", fails)
    ask = remembering.asker(SYSTEM)
    for _time in range(2):
        with pytest.raises(query.BadQuery):
            ask(Query(["orders"]))
    assert not remembering._turns


def test_what_other_tables_hold_does_not_count(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sales are added up anew where a sale came, not where somebody moved house; by city it is the other way round."""
    mei = shop.party("陳美華", city="台北")
    shop.order(mei, "2017-03-05", (None, 3))
    refresh()
    remembering.forget()
    asked, run = [], query.run

    def noted(question: Query, viewer: Any) -> query.Result:
        asked.append(tuple(question.by))
        return run(question, viewer)

    monkeypatch.setattr(query, "run", noted)

    def answers() -> list[Any]:
        ask = remembering.asker(SYSTEM)
        return [ask(Query(["sales"])).rows, ask(Query(["sales"], by=["city"])).rows]

    assert answers() == answers() == [[{"sales": 3}], [{"city": "台北", "sales": 3}]]
    assert asked == [(), ("city",)]
    customers.edit_party(mei.pk, {"city": "高雄"}, by=SYSTEM)
    refresh()
    assert answers() == [[{"sales": 3}], [{"city": "高雄", "sales": 3}]]
    assert asked[2:] == [("city",)]
    shop.order(mei, "2017-03-06", (None, 4))
    refresh()
    assert answers() == [[{"sales": 7}], [{"city": "高雄", "sales": 7}]]
    assert asked[3:] == [(), ("city",)]


def test_nothing_is_kept_for_long(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    found = iter(range(9))

    def told() -> int:
        return int(remembering.once(SYSTEM, "told", lambda: next(found), beside=["sales_line"]))

    refresh()
    remembering.forget()
    assert (told(), told()) == (0, 0)
    later = time.monotonic() + remembering.KEPT_FOR
    monkeypatch.setattr(remembering.time, "monotonic", lambda: later)
    assert told() == 1
