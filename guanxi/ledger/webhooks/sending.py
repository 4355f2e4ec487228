"""The sender: takes messages that are due and sends many at once, so that a slow receiver holds up none but its own."""

from __future__ import annotations

import asyncio
import queue as queues
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from django.utils import timezone, translation

from guanxi.foundation.tasks import progress
from guanxi.foundation.visibility import SYSTEM
from guanxi.ledger.webhooks import actions, outbox, posting, queue, telling
from guanxi.ledger.webhooks.models import Webhook
from guanxi.ledger.webhooks.posting import Message, Outcome

EACH = 16  # requests to one receiver at a time
TAKEN = 6 * EACH  # messages taken for one receiver: some wait here, so that none of its requests waits for us
IN_ALL = 128  # requests at a time
RUN = 20.0  # seconds after which a run takes nothing more: others want the worker too
LOOK = 0.2  # seconds to wait for answers before looking again what is due
GATHER, ENOUGH = 0.1, 2 * EACH  # answers are noted together: so many, or what comes within so many seconds
READ_ON = 0.5  # seconds between two looks into the ledger
JUDGED = 5.0  # seconds that a webhook counts as fit


class Lines:
    """The event loop in a thread of its own, which does the requests; the database is asked in the caller's."""

    def __init__(self) -> None:
        self.done: queues.SimpleQueue[Outcome] = queues.SimpleQueue()
        self.loop = asyncio.new_event_loop()
        self.pool = posting.pool(IN_ALL)
        self.gates: dict[int, asyncio.Semaphore] = {}
        self.language = translation.get_language()
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        translation.activate(self.language or "en")
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def send(self, message: Message) -> None:
        """Have `message` sent; its outcome comes into `done`."""
        asyncio.run_coroutine_threadsafe(self._send(message), self.loop)

    async def _send(self, message: Message) -> None:
        gate = self.gates.setdefault(message.webhook, asyncio.Semaphore(EACH))
        async with gate:
            try:
                outcome = await posting.post(self.pool, message)
            except Exception as fault:  # noqa: BLE001  whatever it was: it is noted and tried again
                words = f"{type(fault).__name__}: {fault}"[:300]
                outcome = Outcome(message.delivery, message.webhook, timezone.now(), 0, {}, None, words)
        self.done.put(outcome)

    def answers(self, wait: float) -> list[Outcome]:
        """What comes back within `wait` seconds and a moment after the first of it."""
        found: list[Outcome] = []
        end = time.monotonic() + wait
        try:
            while len(found) < ENOUGH:
                found.append(self.done.get(timeout=max(0.0, end - time.monotonic())))
                end = min(end, time.monotonic() + GATHER) if len(found) == 1 else end
        except queues.Empty:
            pass
        return found

    def close(self) -> None:
        """End the thread and its connections."""
        asyncio.run_coroutine_threadsafe(self.pool.aclose(), self.loop).result(timeout=5)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)
        self.loop.close()


@contextmanager
def lines() -> Iterator[Lines]:
    """Open lines for the length of a `with` block."""
    opened = Lines()
    try:
        yield opened
    finally:
        opened.close()


class Sender:
    """One run of sending."""

    def __init__(self, opened: Lines) -> None:
        self.lines = opened
        self.under_way: Counter[int] = Counter()
        self.sent = self.arrived = 0
        self._judged: dict[int, float] = {}
        self._read_on = 0.0

    def _is_fit(self, webhook: Webhook) -> bool:
        """Whether `webhook` can be told anything; one that cannot is switched off."""
        if self._judged.get(webhook.pk, 0.0) > time.monotonic():
            return True
        if fault := outbox.fault_of(webhook):
            actions.switch_off(webhook, fault, by=SYSTEM)
            return False
        self._judged[webhook.pk] = time.monotonic() + JUDGED
        return True

    def read_on(self) -> int:
        """Note what happened since the last look; how many messages that makes."""
        if time.monotonic() < self._read_on:
            return 0
        noted = [outbox.note_events(webhook) for webhook in outbox.active() if self._is_fit(webhook)]
        more = any(count >= outbox.PIECE for count in noted)
        self._read_on = 0.0 if more else time.monotonic() + READ_ON
        return sum(noted)

    def _all_read(self) -> bool:
        """Whether nothing happened since the last look either."""
        self._read_on = 0.0
        return not self.read_on()

    def take(self, without: Collection[int] = ()) -> int:
        """Take what is due and hand it to the lines, but not for `without`; how much that was."""
        taken = 0
        for webhook in queue.with_work():
            if webhook.pk in without:
                continue
            room = min(TAKEN - self.under_way[webhook.pk], 3 * IN_ALL - self.under_way.total())
            if room >= EACH:
                taken += self._take(webhook, room)
        return taken

    def _take(self, webhook: Webhook, room: int) -> int:
        if not self._is_fit(webhook):
            return 0
        claimed = queue.claim(webhook, room)
        bodies = telling.bodies_of(claimed, webhook)
        secrets = webhook.secrets_at(timezone.now())
        gone = []
        for row in claimed:
            body = bodies[row.pk]
            if body is None:
                gone.append(row)
                continue
            self.under_way[webhook.pk] += 1
            self.lines.send(Message(row.pk, webhook.pk, webhook.url, row.message_id, body, secrets))
        queue.drop(gone)
        return len(claimed)

    def note(self, wait: float) -> None:
        """Note what came back."""
        outcomes = self.lines.answers(wait)
        for one in outcomes:
            self.under_way[one.webhook] -= 1
            self.sent += 1
            self.arrived += one.arrived
        queue.settle(outcomes)

    def run(self, seconds: float) -> None:
        """Look after all webhooks until nothing is due or the time is over; what is under way is waited for."""
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                noted = self.read_on()
                taken = self.take()
                if not noted and not taken and not self.under_way.total() and self._all_read():
                    break
                self.note(LOOK)
                progress(self.sent)
            self._wait_for_slow_ones()
        finally:
            self._wait()

    def _wait_for_slow_ones(self) -> None:
        """Wait for receivers that take their time, and go on sending to all others meanwhile."""
        self._wait(time.monotonic() + 1.0)
        slow = {number for number, count in self.under_way.items() if count}
        end = time.monotonic() + posting.PATIENCE
        while any(self.under_way[number] for number in slow) and time.monotonic() < end:
            self.read_on()
            self.take(without=slow)
            self.note(LOOK)

    def _wait(self, end: float = 0.0) -> None:
        end = end or time.monotonic() + 2 * posting.PATIENCE  # what is not noted by then is sent again later
        while self.under_way.total() and time.monotonic() < end:
            self.note(LOOK)


def run(seconds: float = RUN) -> dict[str, int]:
    """Send what is due, for at most about `seconds`."""
    queue.free_orphans()
    with lines() as opened:
        sender = Sender(opened)
        sender.run(seconds)
    return {"sent": sender.sent, "arrived": sender.arrived}
