"""Server times of the boards, the list and the page of deals, over many of them.

Runs in a process of its own (`python -m benchmarks.deals DEALS [processor]`), whose environment names home and
database; makes so many deals where there are fewer, measures, and prints JSON; `guanxi bench --boards` does it too.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "guanxi.project.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402

from benchmarks.measure import Figure, as_the_web_process_begins, percentile, tend_the_tables  # noqa: E402
from guanxi.customers import actions as customers  # noqa: E402
from guanxi.customers.models import Party  # noqa: E402
from guanxi.foundation import people  # noqa: E402
from guanxi.foundation.models import User  # noqa: E402
from guanxi.foundation.roles import actions as roles  # noqa: E402
from guanxi.foundation.visibility import SYSTEM  # noqa: E402
from guanxi.sales.deals.models import Deal, Pipeline, Stage  # noqa: E402

TIMES = 60
COLLEAGUES = 50
PARTIES = 300
BOARD, PAGE = 100, 60  # ms, the 95th percentile
CLOCK = time.process_time if "processor" in sys.argv else time.perf_counter


def main() -> None:
    """Make the deals, measure, and print the figures as one JSON list."""
    settings.ALLOWED_HOSTS = ["*"]
    settings.SECURE_SSL_REDIRECT = False
    make(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
    administrator, rep = Client(), Client()
    administrator.force_login(User.objects.get(username="seller0"))
    rep.force_login(User.objects.get(username="seller1"))
    deals, page = Deal.objects.count(), f"/deals/{Deal.objects.order_by('pk').first().pk}/"  # type: ignore[union-attr]
    addresses = [
        (f"board of {deals:,} deals by stage, p95", administrator, "/deals/?as=board", BOARD),
        ("  one's own, of a representative", rep, "/deals/?as=board", BOARD),
        ("  by month of closing", administrator, "/deals/?as=board&by=forecast", BOARD),
        ("  sums of all columns, on asking", administrator, "/deals/figures/?as=board", None),
        ("list of deals by expected close", administrator, "/deals/", BOARD),
        ("  one's own, of a representative", rep, "/deals/", BOARD),
        ("  by amount, the largest first", administrator, "/deals/?sort=-amount", BOARD),
        ("page of a deal", administrator, page, PAGE),
    ]
    figures = [Figure(name, got(client, url), "ms", target=most) for name, client, url, most in addresses]
    json.dump([figure.as_json() for figure in figures], sys.stdout)


@contextmanager
def filling() -> Iterator[Any]:
    """A cursor for making many rows: SQLite holds the pages of indexes meanwhile, and no more while it is measured."""
    with connection.cursor() as cursor:
        if connection.vendor != "sqlite":
            yield cursor
            return
        cursor.execute("PRAGMA cache_size")
        (usual,) = cursor.fetchone()
        cursor.execute("PRAGMA cache_size = -1000000")
        yield cursor
        cursor.execute(f"PRAGMA cache_size = {usual}")


def got(client: Client, address: str) -> float:
    """The 95th percentile of that page, in milliseconds, as a web process answers it that is warm."""

    def get(_index: int) -> Any:
        response = client.get(address)
        if response.status_code != 200:
            raise RuntimeError(f"{address} answered {response.status_code}")

    get(0)
    as_the_web_process_begins()
    return percentile(get, TIMES, clock=CLOCK)


def make(deals: int) -> None:
    """Deals of fifty colleagues with some customers, four in ten open, over the stages; the same at every run."""
    if not User.objects.filter(username="seller0").exists():
        for number in range(COLLEAGUES):
            user = people.create_user(f"seller{number}", f"never-used-{os.urandom(9).hex()}", by=SYSTEM)
            roles.give_role(user, "sales" if number else "administrator", by=SYSTEM)
    if not Party.objects.filter(name="Buyer 0").exists():
        for number in range(PARTIES):
            customers.create_party(name=f"Buyer {number}", kind="organisation", by=SYSTEM)
    missing = deals - Deal.objects.count()
    if missing <= 0:
        return
    first_user = User.objects.get(username="seller0").pk
    first_party = Party.objects.get(name="Buyer 0").pk
    pipeline = Pipeline.objects.order_by("pk").first()
    assert pipeline is not None
    stages = list(Stage.objects.filter(pipeline=pipeline).order_by("position").values_list("pk", flat=True))
    numbers, day = _dialect(missing)
    with filling() as cursor:
        cursor.execute(
            f"""INSERT INTO deals_deal (name, party_id, owner_id, pipeline_id, stage_id, stage_since, state,
              probability,
              value, currency, amount, weighted, expected_close, closed_on, source, purchase_kind, buyer_kind,
              tender_number, tender_url, lost_note, lost_reason_id, made_up, created_at)
            {numbers}
            SELECT 'Deal ' || n, {first_party} + (n * 31) % {PARTIES}, {first_user} + n % {COLLEAGUES}, {pipeline.pk},
              {stages[0]} + (n / 10) % {len(stages)}, CURRENT_TIMESTAMP,
              CASE WHEN n % 10 < 4 THEN 'open' WHEN n % 10 < 7 THEN 'won' ELSE 'lost' END, 50,
              ((n * 7919) % 100000) * 10000, 'USD', ((n * 7919) % 100000) * 10000, ((n * 7919) % 100000) * 5000,
              CASE WHEN n % 23 = 0 THEN NULL ELSE {day} END,
              CASE WHEN n % 10 > 3 THEN {day} END, '', '', '', '', '', '',
              CASE WHEN n % 10 > 6 THEN (SELECT MIN(id) FROM deals_lostreason) END, FALSE, CURRENT_TIMESTAMP
            FROM numbers"""
        )
    tend_the_tables()


def _dialect(missing: int) -> tuple[str, str]:
    """Numbers from one on, and a day within two years of them, in the words of the database."""
    if connection.vendor == "sqlite":
        numbers = f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {missing})"
        return numbers, "date('2017-06-01', '+' || ((n * 7919) % 730) || ' days')"
    return (
        f"WITH numbers AS (SELECT generate_series(1::bigint, {missing}) AS n)",
        "date '2017-06-01' + ((n * 7919) % 730)::int",
    )


if __name__ == "__main__":
    main()
