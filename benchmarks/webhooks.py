"""How many messages a second one worker tells, on a receiver of the same machine that answers at once.

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

from benchmarks.measure import Figure  # noqa: E402
from guanxi.foundation.models import User  # noqa: E402
from guanxi.ledger.models import Event  # noqa: E402
from guanxi.ledger.webhooks import actions, outbox, sending  # noqa: E402
from guanxi.ledger.webhooks.models import Delivery  # noqa: E402
from guanxi.ledger.webhooks.tests.receiver import receiving  # noqa: E402

MESSAGES = int(os.environ.get("MESSAGES", "3000"))
TARGET = 200


def main() -> None:
    """Measure and print the figure as one JSON list."""
    json.dump([_told().as_json()], sys.stdout)


def _told() -> Figure:
    owner, _new = User.objects.get_or_create(username="bench-webhooks", defaults={"is_staff": True})
    with receiving() as receiver:
        webhook = actions.create_webhook("bench", receiver.url(), kinds=["bench"], by=owner)
        try:
            Event.objects.bulk_create([Event(kind="bench", payload={"n": n}) for n in range(MESSAGES)])
            cpu, started = time.process_time(), time.perf_counter()
            while outbox.unread() or Delivery.objects.filter(webhook=webhook, state="waiting").exists():
                sending.run()
            seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
            print(f"{cpu / MESSAGES * 1000:.2f} ms of processor a message", file=sys.stderr)
            if len(set(receiver.ids())) != MESSAGES:
                raise RuntimeError(f"{len(set(receiver.ids()))} of {MESSAGES} came")
        finally:
            actions.remove_webhook(webhook.pk, by=owner)
            Event.objects.filter(kind="bench").delete()
    return Figure("webhooks told by a worker", MESSAGES / seconds, "/s", target=TARGET, higher_is_better=True)


if __name__ == "__main__":
    main()
