"""`GET /healthz`: ready only when database, lake and worker are."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from guanxi.foundation import hooks
from guanxi.foundation.tasks import lease, worker
from guanxi.foundation.tasks.models import Worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def ready(home: Path, monkeypatch: pytest.MonkeyPatch) -> Worker:
    """A home with a lake and a living worker, and nothing else asked on the door."""
    (home / "lake").mkdir()
    monkeypatch.setitem(hooks._registry, "ready", [])
    return Worker.objects.create(name=lease.own_name())


def reason(client: Client) -> str:
    response = client.get("/healthz")
    assert response.status_code == 503
    assert response.json()["status"] == "not ready"
    return str(response.json()["reason"])


def test_ready(client: Client, ready: Worker) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert "no-store" in response.headers["Cache-Control"]


def test_no_worker(client: Client, ready: Worker) -> None:
    ready.delete()
    assert "no worker" in reason(client)


def test_worker_not_seen_for_long(client: Client, ready: Worker) -> None:
    Worker.objects.update(name="elsewhere/1:7", seen_at=timezone.now() - worker.SEEN - timedelta(seconds=1))
    assert "no worker" in reason(client)


def test_worker_that_died(client: Client, ready: Worker) -> None:
    Worker.objects.update(name=lease.own_name().rpartition(":")[0] + ":999999999")
    assert "no worker" in reason(client)


def test_no_lake(client: Client, ready: Worker, home: Path) -> None:
    (home / "lake").rmdir()
    assert "lake" in reason(client)


def test_no_database(client: Client, ready: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> bool:
        raise OperationalError("connection to server at 10.0.0.5 failed: password=secret")

    monkeypatch.setattr(worker, "alive", gone)
    said = reason(client)
    assert "database" in said
    assert "secret" not in said


def test_reason_of_a_package(client: Client, ready: Worker) -> None:
    with hooks.registered("ready", lambda: "the index is being built"):
        assert reason(client) == "the index is being built"


def test_costs_two_queries_at_most(client: Client, ready: Worker, django_assert_max_num_queries) -> None:
    with django_assert_max_num_queries(2):
        client.get("/healthz")
