"""How many customers and orders a second programs say through the API, one at a time and ten thousand at once.

Through the whole API within this process (log-in, checks, JSON), without a network; ten thousand at once also by
several programs at a time, each in a process of its own. Runs in a process of its own (`python -m benchmarks.api`),
whose environment names home and database; prints JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "guanxi.project.settings")
os.environ["GUANXI_API_LIMIT"] = "0"
os.environ["GUANXI_HOSTS"] = "testserver"
django.setup()

from django.test import Client  # noqa: E402

from benchmarks.measure import Figure, as_the_web_process_begins  # noqa: E402
from guanxi.foundation import people  # noqa: E402
from guanxi.foundation.models import User  # noqa: E402
from guanxi.foundation.roles import actions as roles  # noqa: E402
from guanxi.foundation.visibility import SYSTEM  # noqa: E402

SINGLE, MANY = int(os.environ.get("SINGLE", "500")), int(os.environ.get("MANY", "10000"))
CALLERS, CALLS = int(os.environ.get("CALLERS", "3")), 4  # programs at once, and how often each of them calls
JSON, BRIEF = "application/json", {"Prefer": "return=minimal"}


def main() -> None:
    """Measure and print the figures as one JSON list."""
    client, mark = _client(), str(time.time_ns())
    _single(client, f"warm-{mark}", count=20)
    as_the_web_process_begins()
    figures = [_single(client, mark), _single(client, mark, again=True), _parties(client, mark), _orders(client, mark)]
    figures += _several(mark)
    json.dump([figure.as_json() for figure in figures], sys.stdout)


def _client() -> Client:
    owner, _new = User.objects.get_or_create(username="bench-api", defaults={"is_staff": True, "is_active": True})
    roles.give_role(owner, "administrator", by=SYSTEM)
    made: Any = people.create_token(owner, by=SYSTEM)
    token = str(made[1] if isinstance(made, tuple) else made)
    return Client(headers={"Authorization": f"Bearer {token}"})


def _several(mark: str) -> list[Figure]:
    """Several programs at once, as many web processes would serve them: each says when it is ready and waits."""
    programs = [
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.api", f"{mark}-{number}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for number in range(CALLERS)
    ]  # fmt: skip
    figures = []
    for kind in ("parties", "sales"):
        for program in programs:
            _hear(program)
        started = time.perf_counter()
        for program in programs:
            _say(program)
        for program in programs:
            _hear(program)
        rows, seconds = CALLERS * CALLS * MANY, time.perf_counter() - started
        name = f"{kind} in bulk, {CALLERS} programs at once (API)"
        figures.append(Figure(name, rows / seconds, "/s", target=10_000, higher_is_better=True))
        for program in programs:
            _say(program)
    for program in programs:
        program.communicate()
    return figures


def _hear(program: subprocess.Popen[str]) -> None:
    assert program.stdout is not None
    while line := program.stdout.readline():
        if line == "ready\n":
            return
    raise RuntimeError("a program came to its end")


def _say(program: subprocess.Popen[str]) -> None:
    assert program.stdin is not None
    program.stdin.write("go\n")
    program.stdin.flush()


def _one_of_several(mark: str) -> None:
    client = _client()
    _parties(client, f"{mark}-warm", count=100)
    _orders(client, f"{mark}-warm", count=100)
    as_the_web_process_begins()
    for say in (_parties, _orders):
        _ready()
        for call in range(CALLS):
            say(client, f"{mark}-{call}")
        _ready()


def _ready() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


def _single(client: Client, mark: str, again: bool = False, count: int = SINGLE) -> Figure:
    cpu, started = time.process_time(), time.perf_counter()
    for number in range(count):
        body = {"name": f"顧客 {number}", "city": "Taipei" if again else "臺北", "roles": ["customer"]}
        answer = client.put(f"/api/v1/parties/by/bench/{mark}-{number}", body, content_type=JSON, headers=BRIEF)
        if answer.status_code != 204:
            raise RuntimeError(answer.content.decode())
    name = "customers changed one at a time (API)" if again else "customers made one at a time (API)"
    return _figure(name, count, cpu, started, 150)


def _parties(client: Client, mark: str, count: int = MANY) -> Figure:
    rows = [
        {"external_id": f"b{mark}-{n}", "name": f"Customer {n}", "mail": f"c{mark}{n}@example.com", "city": "Taipei"}
        for n in range(count)
    ]
    fields = {one["name"] for one in client.get("/api/v1/bulk/parties/fields").json()}
    rows = [{name: value for name, value in row.items() if name in fields} for row in rows]
    return _many(client, "parties", rows)


def _orders(client: Client, mark: str, count: int = MANY) -> Figure:
    rows = [
        {"order": f"{mark}-{n}", "customer": f"b{mark}-{n}", "date": "2017-03-01T10:00:00Z", "product": f"P{n % 50}",
         "quantity": 1, "amount": "12.50"}
        for n in range(count)
    ]  # fmt: skip
    return _many(client, "sales", rows)


def _many(client: Client, kind: str, rows: list[dict[str, Any]]) -> Figure:
    body = json.dumps({"source": "bench", "rows": rows})
    cpu, started = time.process_time(), time.perf_counter()
    answer = client.post(f"/api/v1/bulk/{kind}", body, content_type=JSON)
    if answer.status_code != 200 or answer.json()["rejected"]:
        raise RuntimeError(answer.content.decode()[:2000])
    return _figure(f"{kind} in bulk (API)", len(rows), cpu, started, 10_000)


def _figure(name: str, count: int, cpu: float, started: float, target: float) -> Figure:
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    print(f"{name}: {cpu / count * 1000:.3f} ms of processor each in this process", file=sys.stderr)
    return Figure(name, count / seconds, "/s", target=target, higher_is_better=True)


if __name__ == "__main__":
    _one_of_several(sys.argv[1]) if sys.argv[1:] else main()
