"""How many messages a second one worker tells, on a receiver of the same machine that answers at once.

The receiver is a process of its own: what it costs is no part of the worker's time.

Runs in a process of its own (`python -m benchmarks.webhooks`), whose environment names home and database; prints JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "guanxi.project.settings")
os.environ["GUANXI_WEBHOOK_HOSTS"] = "127.0.0.1"
django.setup()

import multiprocessing  # noqa: E402
from collections.abc import Iterator  # noqa: E402
from contextlib import contextmanager  # noqa: E402
from multiprocessing.connection import Connection  # noqa: E402

from benchmarks.measure import Figure  # noqa: E402
from guanxi.foundation.models import User  # noqa: E402
from guanxi.foundation.roles import actions as roles  # noqa: E402
from guanxi.foundation.visibility import SYSTEM  # noqa: E402
from guanxi.ledger.models import Event  # noqa: E402
from guanxi.ledger.webhooks import actions, outbox, sending  # noqa: E402
from guanxi.ledger.webhooks.models import Delivery  # noqa: E402
from guanxi.ledger.webhooks.tests.receiver import receiving  # noqa: E402

MESSAGES = int(os.environ.get("MESSAGES", "3000"))
TARGET = 200


def main() -> None:
    """Measure and print the figure as one JSON list."""
    json.dump([_told().as_json()], sys.stdout)


def _receive(said: Connection) -> None:
    with receiving() as receiver:
        said.send(receiver.url())
        said.recv()
        said.send(len(set(receiver.ids())))


@contextmanager
def _elsewhere() -> Iterator[tuple[str, Connection]]:
    """A receiver in a process of its own: its address, and where it says how many different messages it had."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=_receive, args=(theirs,), daemon=True)
    process.start()
    yield str(ours.recv()), ours
    process.join(10)


def _told() -> Figure:
    owner, _new = User.objects.get_or_create(username="bench-webhooks", defaults={"is_staff": True})
    roles.give_role(owner, "administrator", by=SYSTEM)
    with _elsewhere() as (url, receiver):
        webhook = actions.create_webhook("bench", url, kinds=["bench"], by=owner)
        try:
            Event.objects.bulk_create([Event(kind="bench", payload={"n": n}) for n in range(MESSAGES)])
            cpu, started = time.process_time(), time.perf_counter()
            while outbox.unread() or Delivery.objects.filter(webhook=webhook, state="waiting").exists():
                sending.run()
            seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
            print(f"{cpu / MESSAGES * 1000:.2f} ms of processor a message", file=sys.stderr)
            receiver.send("how many?")
            if (came := receiver.recv()) != MESSAGES:
                raise RuntimeError(f"{came} of {MESSAGES} came")
        finally:
            actions.remove_webhook(webhook.pk, by=owner)
            Event.objects.filter(kind="bench").delete()
    return Figure("webhooks told by a worker", MESSAGES / seconds, "/s", target=TARGET, higher_is_better=True)


if __name__ == "__main__":
    main()
