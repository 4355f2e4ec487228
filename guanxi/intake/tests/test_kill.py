"""An import killed at random points goes on where it was: nothing lost, nothing double."""

from __future__ import annotations

import random
import signal
import time
from decimal import Decimal
from pathlib import Path

import pytest
from django.db.models import Sum

from guanxi.customers.models import Party
from guanxi.intake.models import ImportRun
from guanxi.ledger.models import Event
from guanxi.orders.models import Order, OrderLine, PurchaseSummary
from tests.forked import Forked

PROGRAM = """
import django; django.setup()
import sys; from pathlib import Path
from guanxi.foundation.visibility import SYSTEM
from guanxi.intake import actions, plan, running, sales
sales.CHUNK, sales.PARTIES = 700, 90
print("ready", flush=True)
running.run(actions.begin_import(plan.prepare("sales", Path(sys.argv[1])), by=SYSTEM).pk)
"""


@pytest.mark.end_to_end
def test_killed_at_random_points(process_environment: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    rng = random.Random(11)
    rows = [
        (rng.randrange(300), f"2017-0{rng.randrange(1, 10)}-1{rng.randrange(10)}", rng.randrange(-100, 9999))
        for _ in range(9_000)
    ]
    path.write_text(
        "customer,date,amount\n" + "".join(f"{a},{b},{Decimal(c).scaleb(-2)}\n" for a, b, c in rows) + "x,,1\n"
    )
    for attempt in range(6):
        said, erred = tmp_path / f"said-{attempt}", tmp_path / f"erred-{attempt}"
        process = Forked(PROGRAM, [str(path)], process_environment, said, erred)
        while process.poll() is None and not (said.exists() and said.read_text()):
            time.sleep(0.005)
        if attempt < 5:
            time.sleep(rng.uniform(0.1, 2.5))
            process.send_signal(signal.SIGKILL)
        assert process.wait(300) in (0, -9), erred.read_text()
    run = ImportRun.objects.filter(state="done").order_by("id").first()
    assert run is not None
    assert (run.read, run.accepted, run.rejected) == (9_001, 9_000, 1)
    assert run.created + run.updated + run.unchanged == 9_000
    expected = sum(Decimal(c).scaleb(-2) for _, _, c in rows)
    assert OrderLine.objects.count() == 9_000
    for model, column in ((OrderLine, "amount"), (Order, "amount"), (PurchaseSummary, "revenue")):
        assert model.objects.aggregate(total=Sum(column))["total"] == expected
    assert (
        Order.objects.count()
        == len({row[:2] for row in rows})
        == Event.objects.filter(object_type="orders.order").count()
    )
    assert Party.objects.count() == 300 == Event.objects.filter(kind="party.created").count()
