"""Server times of pages and questions at full size, each beside the barest SQL that answers the same.

Runs in a process of its own (`python -m benchmarks.pages`), whose environment names home and database; prints JSON.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Callable
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "guanxi.project.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402

from benchmarks.measure import Figure, best, percentile  # noqa: E402
from guanxi.customers.models import Party  # noqa: E402
from guanxi.foundation.models import User  # noqa: E402

TIMES = 60
NAMES = ["王美", "盧欣怡", "wang mei", "Simon Nor", "customer4321@example.com", "0004321", "陳曉", "Walter"]


def main() -> None:
    """Measure every page and print the figures as one JSON list."""
    settings.ALLOWED_HOSTS = ["*"]
    settings.SECURE_SSL_REDIRECT = False
    client = Client()
    client.force_login(User.objects.filter(is_staff=True).first() or _make_user())
    figures = [
        _record(client),
        _list(client),
        _search(client),
        _today(client),
        _query(client),
    ]
    json.dump([figure.as_json() for figure in figures], sys.stdout)


def _make_user() -> User:
    return User.objects.create_user("bench", is_staff=True)


def _get(client: Client, url: str) -> None:
    response = client.get(url)
    if response.status_code != 200:
        raise RuntimeError(f"{url} answered {response.status_code}")


def _sql(statement: str) -> Callable[[int], Any]:
    def run(index: int) -> Any:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()

    return run


def _record(client: Client) -> Figure:
    chooser = random.Random(1)
    last = Party.objects.order_by("-id").values_list("id", flat=True)[0]
    ids = [chooser.randint(1, last) for _ in range(TIMES)]

    def bare(index: int) -> Any:
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM customers_party WHERE id = %s", [ids[index]])
            party = cursor.fetchone()
            cursor.execute(
                "SELECT * FROM ledger_event WHERE party_id = %s ORDER BY occurred_at DESC, id DESC LIMIT 30",
                [ids[index]],
            )
            return party, cursor.fetchall()

    value = percentile(lambda index: _get(client, f"/customers/{ids[index]}/"), TIMES)
    return Figure("record page, p95", value, "ms", percentile(bare, TIMES), "its row and 30 events in SQL", 50)


def _list(client: Client) -> Figure:
    urls = [
        "/customers/?f.city=Tainan&sort=-purchases.revenue",
        "/customers/?f.purchases.revenue__gte=100&sort=name",
        "/customers/?sort=-purchases.last_day",
        "/customers/?f.city=Hualien&sort=name",
    ]
    value = percentile(lambda index: _get(client, urls[index % len(urls)]), TIMES)
    floor = percentile(
        _sql(
            "SELECT p.id, p.name, p.city, s.revenue FROM orders_purchasesummary s "
            "JOIN customers_party p ON p.id = s.party_id "
            "WHERE p.city = 'Tainan' ORDER BY s.revenue DESC, s.party_id DESC LIMIT 51"
        ),
        TIMES,
    )
    return Figure("list with filter and sort, p95", value, "ms", floor, "the same page in SQL", 100)


def _search(client: Client) -> Figure:
    value = percentile(lambda index: _get(client, f"/search/?q={NAMES[index % len(NAMES)]}"), TIMES)
    floor = percentile(_sql("SELECT id, name FROM customers_party WHERE name = '盧欣怡' ORDER BY id LIMIT 20"), TIMES)
    return Figure("search, p95", value, "ms", floor, "an exact name by its index", 100)


def _today(client: Client) -> Figure:
    value = percentile(lambda _: _get(client, "/"), 20)
    floor = best(lambda: _duck("SELECT day, sum(amount), count(DISTINCT order_id) FROM lines GROUP BY day")) * 1000
    return Figure("Today, p95", value, "ms", floor, "sales and orders by day in DuckDB", 500)


def _query(client: Client) -> Figure:
    body = json.dumps({"measures": ["sales", "orders"], "by": ["department", "month"], "limit": 10000})

    def ask() -> None:
        response = client.post("/api/v1/query", body, content_type="application/json")
        if response.status_code != 200:
            raise RuntimeError(f"/api/v1/query answered {response.status_code}: {response.content[:500]!r}")

    floor = best(
        lambda: _duck(
            "SELECT p.department, date_trunc('month', l.day) AS month, sum(l.amount), count(DISTINCT l.order_id) "
            "FROM lines AS l JOIN products AS p ON p.product_id = l.product_id GROUP BY ALL"
        ),
        5,
    )
    return Figure(
        "query by two dimensions", best(ask, 5) * 1000, "ms", floor * 1000, "hand-written DuckDB", 1.5 * floor * 1000
    )


_database: Any = None


def _duck(query: str) -> Any:
    global _database
    if _database is None:
        import duckdb
        from deltalake import DeltaTable

        _database = duckdb.connect()
        for name, table in (("lines", "sales_line"), ("products", "product")):
            files = DeltaTable(f"{settings.GUANXI_LAKE}/{table}").file_uris()
            _database.execute(
                f"CREATE VIEW {name} AS SELECT * FROM read_parquet({[*map(str, files)]}, hive_partitioning=true)"
            )
    return _database.execute(query).fetchall()


if __name__ == "__main__":
    main()
