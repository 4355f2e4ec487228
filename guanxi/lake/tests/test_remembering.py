"""Answers kept: many who ask the same at once are told what one question found out."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

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
