"""Background tasks, as programs see and steer them."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from guanxi.foundation import tasks
from guanxi.foundation.models import User
from guanxi.foundation.tasks import worker
from guanxi.foundation.tasks.tests import work

pytestmark = pytest.mark.django_db


def test_a_task_is_looked_at_cancelled_and_tried_again(api: Client, staff: User, colleague: Any) -> None:
    row = tasks.enqueue(work.quick, by=staff)
    address = f"/api/v1/tasks/{row.pk}"
    assert (api.get(address).json()["state"], api.get(address).json()["requested_by"]) == ("waiting", staff.pk)
    assert api.post(f"{address}/cancel").json()["state"] == "cancelled"
    again = api.post(f"{address}/retry").json()
    assert (again["state"], again["attempts"]) == ("waiting", 0)
    worker.run_waiting()
    ended = api.get(address).json()
    assert (ended["state"], ended["result"]) == ("done", "done")
    assert api.post(f"{address}/cancel").status_code == 422
    assert api.post(f"{address}/retry").status_code == 422
    nobody = Client()
    nobody.force_login(colleague("nothing"))
    assert nobody.get(address).status_code == 404
