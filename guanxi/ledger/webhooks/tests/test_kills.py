"""A worker killed in the middle of telling: nothing is lost, and what comes twice has the same id."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from guanxi.foundation.models import User
from guanxi.ledger.actions import record
from guanxi.ledger.webhooks import actions, sending
from guanxi.ledger.webhooks.models import Delivery
from guanxi.ledger.webhooks.tests.receiver import Receiver
from tests.forked import Forked

MESSAGES = 60
WORK = """
from guanxi.project.cli import boot
boot()
from guanxi.ledger.webhooks import sending
sending.run()
"""


@pytest.fixture
def worker(process_environment: dict[str, str], tmp_path: Path) -> Callable[[], Forked]:
    environment = {**process_environment, "GUANXI_WEBHOOK_HOSTS": "127.0.0.1"}
    return lambda: Forked(WORK, [], environment, tmp_path / f"said{time.monotonic()}", tmp_path / "erred")


def test_nothing_is_lost_by_a_kill(staff: User, receiver: Receiver, worker: Callable[[], Forked]) -> None:
    webhook = actions.create_webhook("Shop", receiver.url("/slow"), by=staff)
    for number in range(MESSAGES):
        record("call", by=staff, payload={"n": number})
    process = worker()
    receiver.wait_for(sending.EACH)  # so many are under way, none answered
    process.kill()
    process.wait(20)
    assert not Delivery.objects.filter(state="delivered").exists()
    assert Delivery.objects.exclude(claimed_by="").count() >= sending.EACH
    receiver.release.set()
    sending.run(120)  # a busy machine takes its time
    numbers = {body["data"]["payload"]["n"] for body in receiver.verified(webhook.secret, "/slow")}
    assert numbers == set(range(MESSAGES)), "none is lost"
    assert len(receiver.ids("/slow")) > MESSAGES, "some came twice"
    assert set(receiver.ids("/slow")) == {row.message_id for row in Delivery.objects.all()}, "with the ids they had"
    assert not Delivery.objects.exclude(state="delivered").exists()
