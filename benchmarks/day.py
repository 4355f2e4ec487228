"""Server times of My day, over many deals, customers with a standing, calls and meetings, tasks and leads.

Runs in a process of its own (`python -m benchmarks.day PARTIES DEALS ACTIVITIES [processor]`), whose environment names
home and database; makes what is missing in sets, measures, and prints JSON; `guanxi bench --boards` does it too, with
as many parties as deals and five times as many activities.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import timedelta
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "guanxi.project.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.test import Client  # noqa: E402

from benchmarks import deals as of_deals  # noqa: E402
from benchmarks.deals import CLOCK, COLLEAGUES, TIMES  # noqa: E402
from benchmarks.measure import Figure, percentile, tend_the_tables  # noqa: E402
from guanxi.channels.activities.models import Activity  # noqa: E402
from guanxi.customers.models import Party  # noqa: E402
from guanxi.foundation import clock  # noqa: E402
from guanxi.foundation.models import User  # noqa: E402
from guanxi.foundation.todos.models import Todo  # noqa: E402
from guanxi.insight.models import Learning, Standing  # noqa: E402
from guanxi.sales.deals.models import Deal  # noqa: E402
from guanxi.sales.leads.models import Lead  # noqa: E402

MOST = 100  # ms, the 95th percentile


def main() -> None:
    """Make what is missing, measure, and print the figures as one JSON list."""
    settings.ALLOWED_HOSTS = ["*"]
    settings.SECURE_SSL_REDIRECT = False
    sizes = [int(text) for text in sys.argv[1:4] if text.isdecimal()]
    parties, deals, activities = sizes if len(sizes) == 3 else (10_000, 10_000, 50_000)
    of_deals.make(deals)
    _make(parties, activities)
    rep, manager = Client(), Client()
    rep.force_login(User.objects.get(username="seller1"))
    manager.force_login(User.objects.get(username="seller0"))
    size = f"{Party.objects.count():,} parties, {Deal.objects.count():,} deals, {Activity.objects.count():,} activities"
    task = Todo.objects.filter(assignee__username="seller1", done_at__isnull=True).order_by("-due_on", "pk").first()
    figures = [
        Figure(f"My day of a representative, p95; {size}", of_deals.got(rep, "/day/"), "ms", target=MOST),
        Figure("  of an administrator with as much", of_deals.got(manager, "/day/"), "ms", target=MOST),
        Figure("  done by one key, with the day that follows", _done(rep, task.pk if task else 0), "ms", target=MOST),
        Figure("  the same for programs", of_deals.got(rep, "/api/v1/day"), "ms", target=MOST),
    ]
    json.dump([figure.as_json() for figure in figures], sys.stdout)


def _done(client: Client, task: int) -> float:
    def post(index: int) -> Any:
        response = client.post(f"/day/done/todo/{task}/", {"done": str((index + 1) % 2)})
        if response.status_code != 200:
            raise RuntimeError(f"The task answered {response.status_code}")

    post(0)
    return percentile(post, TIMES, clock=CLOCK)


def _make(parties: int, activities: int) -> None:
    """What two years of fifty colleagues leave behind, the same at every run: every second open deal has a next action,
    as many tasks besides are done or due, a fifth of the customers are in decline."""
    if Standing.objects.exists():
        return
    first = User.objects.get(username="seller0").pk
    owner, party = f"{first} + n % {COLLEAGUES}", f"{_first(Party)} + (n * 31) % {parties}"
    _fill(Party, _numbers(parties - Party.objects.count()), {
        "kind": "'organisation'", "name": "'Customer ' || n", "profile": "'{}'", "owner_id": owner, "made_up": "FALSE",
        "created_at": _moment("-n % 900000"), "changed_at": _moment("-n % 900000"),
    })  # fmt: skip
    at = _moment("(n * 7919) % 1100000 - 1050000")
    _fill(Activity, _numbers(activities), {
        "kind": "CASE n % 3 WHEN 0 THEN 'meeting' ELSE 'call' END", "subject": "'Talk ' || n", "party_id": party,
        "owner_id": owner, "starts_at": at, "minutes": "30", "direction": "'out'", "uid": "'bench-' || n",
        "sequence": "0",
        "state": "CASE WHEN (n * 7919) % 1100000 < 1050000 AND (n / 50) % 50 > 0 THEN 'held' ELSE 'planned' END",
        "created_at": at, "changed_at": at, "private": "FALSE", "whole_day": "FALSE",
    })  # fmt: skip
    todo = {"verb": "'call'", "what": "'task ' || n", "priority": "2", "created_at": _moment("0")}
    deals = "SELECT id AS n, owner_id FROM deals_deal WHERE state = 'open' AND (id / 50) % 2 = 0"
    _fill(Todo, deals, todo | {
        "object_type": "'deals.deal'", "object_id": "n", "assignee_id": "owner_id", "is_next": "TRUE",
        "due_on": _day("(n * 7919) % 360 - 30"),
    })  # fmt: skip
    _fill(Todo, _numbers(Deal.objects.count() // 2), todo | {
        "assignee_id": owner, "is_next": "FALSE", "due_on": _day("(n * 7919) % 700 - 680"),
        "done_at": f"CASE WHEN n % 20 > 0 THEN {_moment('0')} END",
    })  # fmt: skip
    _fill(Lead, _numbers(Deal.objects.count() // 5), {
        "name": "'Lead ' || n", "owner_id": owner, "proof": "'{}'", "made": "'{}'",
        "created_at": _moment("-(n % 500000)"),
        "state": "CASE WHEN n % 9 = 0 THEN 'new' ELSE 'converted' END",
    })  # fmt: skip
    learning = Learning.objects.create(day=clock.today(), state=Learning.State.PUBLISHED)
    _fill(Standing, "SELECT id AS n FROM customers_party", {
        "party_id": "n", "learning_id": str(learning.pk), "day": _day("0"), "value_so_far": "n % 977 * 10000",
        "expected_value": "n % 911 * 10000", "at_stake": "(n * 7919) % 99991 * 10000",
        "stage": "CASE WHEN (n / 50) % 5 = 0 THEN 'decline' ELSE 'stability' END", "tier": "'regular'", "grade": "'C'",
        "loyalty": "0", "categories": "1", "channels": "1",
    })  # fmt: skip
    Deal.objects.filter(state="open").update(stage_since=clock.now() - timedelta(days=20))
    tend_the_tables()


def _fill(model: type[models.Model], source: str, columns: dict[str, str]) -> None:
    """Rows made of `source`, whose `n` is a number; texts that are not named are empty."""
    texts = [f.column for f in model._meta.concrete_fields if isinstance(f, models.CharField | models.TextField)]
    null = {f.column for f in model._meta.concrete_fields if f.null}
    values = {name: "''" for name in texts if name not in null} | columns
    with of_deals.filling() as cursor:
        cursor.execute(
            f"INSERT INTO {model._meta.db_table} ({', '.join(values)}) "
            f"SELECT {', '.join(values.values())} FROM ({source}) AS source"
        )


def _first(model: type[models.Model]) -> int:
    return int(model._base_manager.order_by("pk").values_list("pk", flat=True)[0])


def _numbers(most: int) -> str:
    """Numbers from one on, in the words of the database."""
    if connection.vendor == "postgresql":
        return f"SELECT n FROM generate_series(1::bigint, {most}) AS n"
    return (
        f"WITH RECURSIVE numbers(n) AS (SELECT 1 WHERE {most} > 0 UNION ALL "
        f"SELECT n + 1 FROM numbers WHERE n < {most}) SELECT n FROM numbers"
    )


def _day(days: str) -> str:
    """So many days after today."""
    if connection.vendor == "postgresql":
        return f"(date '{clock.today()}' + ({days})::int)"
    return f"date('{clock.today()}', ({days}) || ' days')"


def _moment(minutes: str) -> str:
    """So many minutes after the first of today."""
    start = f"{clock.start_of(clock.today()):%Y-%m-%d %H:%M:%S}"
    if connection.vendor == "postgresql":
        return f"(timestamptz '{start}+00' + ({minutes}) * interval '1 minute')"
    return f"datetime('{start}', ({minutes}) || ' minutes')"


if __name__ == "__main__":
    main()
