"""A POST with an idempotency key is done once."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from guanxi.customers.models import Party
from guanxi.foundation.api import idempotency
from guanxi.foundation.models import IdempotencyRecord, User

JSON = "application/json"
ADDRESS = "/api/v1/parties"


def send(api: Client, key: str, name: str = "王美玲") -> Any:
    return api.post(ADDRESS, {"name": name}, content_type=JSON, headers={"Idempotency-Key": key})


@pytest.mark.django_db
def test_a_repeat_gets_the_same_answer_and_does_nothing(api: Client) -> None:
    first, second = send(api, "a"), send(api, "a")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second.headers["Idempotent-Replayed"] == "true"
    assert Party.objects.count() == 1


@pytest.mark.django_db
def test_another_key_is_another_request(api: Client) -> None:
    send(api, "a"), send(api, "b")
    assert Party.objects.count() == 2


@pytest.mark.django_db
def test_one_key_for_two_requests_is_refused(api: Client) -> None:
    send(api, "a")
    other = send(api, "a", "陳志明")
    assert other.status_code == 422
    assert other.headers["Content-Type"] == "application/problem+json"
    assert Party.objects.count() == 1


@pytest.mark.django_db
def test_a_refusal_is_repeated_too(api: Client) -> None:
    first, second = send(api, "a", ""), send(api, "a", "")
    assert (first.status_code, second.status_code) == (422, 422)
    assert second.headers["Content-Type"] == "application/problem+json"
    assert first.json() == second.json()


@pytest.mark.django_db
def test_an_error_of_ours_may_be_tried_again(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("guanxi.foundation.search.indexing.write", lambda *args, **named: 1 / 0)
        assert send(api, "a").status_code == 500
    assert Party.objects.count() == 0
    assert send(api, "a").status_code == 201


@pytest.mark.django_db
def test_keys_belong_to_their_user(api: Client, stranger: User) -> None:
    IdempotencyRecord.objects.create(user=stranger, key="a", fingerprint="x", status=200, response={})
    assert send(api, "a").status_code == 201


@pytest.mark.django_db
def test_without_a_token_no_key_is_kept(client: Client) -> None:
    assert send(client, "a").status_code == 401
    assert not IdempotencyRecord.objects.exists()


@pytest.mark.django_db
def test_a_key_that_is_too_long(api: Client) -> None:
    assert send(api, "a" * 201).status_code == 422


@pytest.mark.django_db
def test_after_a_day_a_key_is_free_again(api: Client) -> None:
    send(api, "a")
    IdempotencyRecord.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert "Idempotent-Replayed" not in send(api, "a").headers
    assert Party.objects.count() == 2
    IdempotencyRecord.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert idempotency.purge.func() == {"forgotten": 1}


@pytest.mark.django_db
def test_while_the_first_is_at_work_a_repeat_is_told_so(api: Client, staff: User) -> None:
    send(api, "a")
    IdempotencyRecord.objects.update(status=None, response=None)
    busy = send(api, "a")
    assert busy.status_code == 409
    assert busy.headers["Retry-After"] == "1"
    IdempotencyRecord.objects.update(created_at=timezone.now() - timedelta(minutes=11))
    assert send(api, "a").status_code == 201  # its process was killed, its work rolled back


@pytest.mark.django_db(transaction=True)
def test_two_threads_with_one_key_do_it_once(token: str) -> None:
    barrier, answers = threading.Barrier(4), []

    def run() -> None:
        client = Client(headers={"Authorization": f"Bearer {token}"})
        barrier.wait()
        answers.append(send(client, "a"))
        connection.close()

    threads = [threading.Thread(target=run) for _index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Party.objects.count() == 1
    codes = [answer.status_code for answer in answers]
    assert 201 in codes
    assert set(codes) <= {201, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
