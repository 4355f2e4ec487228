"""Recognising one new customer among all, and comparing all with all, in a home that the benchmarks filled.

Run as a process of its own: `python -m benchmarks.recognition` with GUANXI_HOME set; the last line printed is JSON.
"""

from __future__ import annotations

import json
import time

import psutil

from benchmarks.measure import Figure, percentile
from guanxi.project.cli import boot

TIMES = 200
TARGET = 30  # milliseconds for one new record


def main() -> None:
    """Measure and print."""
    boot()
    from guanxi.customers.identity import proposing
    from guanxi.foundation.visibility import SYSTEM

    started = time.perf_counter()
    proposing.find_all(by=SYSTEM)
    seconds = time.perf_counter() - started
    peak = psutil.Process().memory_info().rss / 1_000_000
    figures = [Figure("comparing all customers with all", seconds, "s", memory_mb=peak), _one()]
    print(json.dumps([figure.as_json() for figure in figures]))


def _one() -> Figure:
    """One who comes in again, his name mistyped and under another mail: found by the index and scored."""
    from guanxi.customers.identity import proposing
    from guanxi.customers.models import ContactPoint, Party

    count = Party.objects.count()
    chosen = Party.objects.filter(pk__in=[1 + index * (count // (TIMES + 5)) for index in range(TIMES + 5)])
    rows = []
    for party in chosen:
        phone = ContactPoint.objects.filter(party=party, kind="phone").values_list("key", flat=True).first() or ""
        rows.append({"name": party.name + " ", "city": party.city, "phone": phone, "mail": f"other{party.pk}@mail.tw"})

    def ask(index: int) -> None:
        proposing.likely(rows[index % len(rows)])

    floor = percentile(lambda index: Party.objects.filter(name=rows[index % len(rows)]["name"]).first(), TIMES)
    value = percentile(ask, TIMES)
    return Figure("one new customer recognised, p95", value, "ms", floor, "his name by its index", TARGET)


if __name__ == "__main__":
    main()
