"""Custom fields at full size: a list filtered and sorted by one, its index, a formula over all customers.

Runs in a process of its own (`python -m benchmarks.custom_fields`), whose environment names home and database; prints
JSON. It adds two fields to the customers and fills them in one statement.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "guanxi.project.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402

from benchmarks.measure import Figure, percentile  # noqa: E402
from guanxi.customers.models import Party  # noqa: E402
from guanxi.foundation.custom_fields import actions, indexing, working  # noqa: E402
from guanxi.foundation.custom_fields.models import CustomField  # noqa: E402
from guanxi.foundation.models import User  # noqa: E402
from guanxi.foundation.roles import actions as roles  # noqa: E402
from guanxi.foundation.visibility import SYSTEM  # noqa: E402

TIMES = 30
TARGET = 150  # ms
FILLED = {
    "sqlite": "UPDATE customers_party SET profile = json_patch(profile, json_object('bench_limit', id % 100003, "
    "'bench_tier', CASE id % 10 WHEN 0 THEN 'gold' ELSE 'silver' END))",
    "postgresql": "UPDATE customers_party SET profile = profile || jsonb_build_object('bench_limit', id % 100003, "
    "'bench_tier', CASE id % 10 WHEN 0 THEN 'gold' ELSE 'silver' END)",
}
TIERS = {"choices": [{"code": code, "names": {"en": code.title()}} for code in ("gold", "silver")]}


def main() -> None:
    """Measure and print the figures as one JSON list."""
    settings.ALLOWED_HOSTS = ["*"]
    settings.SECURE_SSL_REDIRECT = False
    client = Client()
    user = User.objects.filter(username="bench-fields").first()
    if user is None:
        user = User.objects.create_user("bench-fields", is_staff=True)
        roles.give_role(user, "administrator", by=SYSTEM)
    client.force_login(user)
    limit, tier = _field("bench_limit", "number"), _field("bench_tier", "choice", options=TIERS)
    with connection.cursor() as cursor:
        cursor.execute(FILLED[connection.vendor])
    figures = [_index(limit), _index(tier, told=False), *_lists(client), _formula()]
    json.dump([figure.as_json() for figure in figures if figure is not None], sys.stdout)


def _field(key: str, kind: str, **more: Any) -> CustomField:
    known = CustomField.objects.filter(object_type="customers.party", key=key).first()
    return known or actions.add_field("customers.party", {"en": key}, kind, key=key, by=SYSTEM, **more)


def _index(field: CustomField, *, told: bool = True) -> Figure | None:
    indexing.drop(field)
    began = time.perf_counter()
    indexing.settle(field.pk)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE customers_party")
    return Figure("index of a custom field", time.perf_counter() - began, "s") if told else None


def _lists(client: Client) -> list[Figure]:
    queries = {
        "a list filtered by a rare custom value, p95": "f.profile.bench_limit=4711",
        "a list filtered by a range of a custom number and sorted by it, p95": (
            "f.profile.bench_limit__gte=50000&sort=-profile.bench_limit"
        ),
        "a list filtered by a frequent custom choice, p95": "f.profile.bench_tier=gold",
    }
    floor = percentile(lambda _: _get(client, "/customers/"), TIMES)
    return [
        Figure(
            name,
            percentile(lambda _, query=query: _get(client, f"/customers/?{query}"), TIMES),  # type: ignore[misc]
            "ms",
            floor,
            "the list as it is",
            TARGET,
        )
        for name, query in queries.items()
    ]


def _formula() -> Figure:
    options = {"formula": "IF(bench_limit > 50000, bench_limit / 2, 0)", "result": "number"}
    _field("bench_half", "formula", options=options)
    count = Party.objects.count()
    began = time.perf_counter()
    working.work_out("customers.party")
    rate = count / (time.perf_counter() - began)
    return Figure("a formula worked out for all customers", rate, "customers/s", higher_is_better=True)


def _get(client: Client, url: str) -> None:
    response = client.get(url)
    if response.status_code != 200:
        raise RuntimeError(f"{url} answered {response.status_code}")


if __name__ == "__main__":
    main()
