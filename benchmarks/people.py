"""Many people at once: `guanxi bench --people 200 --minutes 5`, on one machine, against a real `guanxi serve`.

Each person is logged in (log-ins from one address are limited, so their sessions are made beforehand) and does one
thing after another, 70 % reading and 30 % writing, with a pause between two that is drawn from an exponential
distribution (10 seconds in the mean; who reads what he opened takes longer). So 200 people do some 20 things a second.
As in a browser, a list asks for its count, a record for its lazy panels and its neighbours; the list or record that is
open asks every six seconds for what others changed and for messages to oneself, and any other page every five for
messages; so there are some four times as many requests as things done. What counts is the time from the request to the
last byte; pictures and styles are left out, for browsers keep them. Every answer that is not the one expected is an
error.
"""

from __future__ import annotations

import asyncio
import html
import json
import os
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from benchmarks.measure import Figure

THINK = float(os.environ.get("GUANXI_BENCH_THINK", "10"))  # seconds between two things of one person, in the mean
POLL = 6.0  # seconds between two questions of an open page
BELL = 5.0  # seconds between two questions of the bell
RAMP = 30.0  # seconds over which people come in; these do not count
PATIENCE = 60.0
CSRF = "c" * 32
SEEN_VALUE = re.compile(r'name="seen" value="([^"]*)"')
LAZY = re.compile(r'data-panels="(/customers/\d+/panels/)"')
COUNT = re.compile(r'desk-count" hx-get="([^"]+)" hx-trigger="load"')
BESIDE = re.compile(r'data-beside="([^"]+)"')
LIVE = re.compile(r'data-live="(?P<url>[^"]+)" data-at="(?P<at>[^"]*)"(?: data-query="(?P<query>[^"]*)")?')
ROW = re.compile(r'name="ids" value="(\d+)"')
FACT = "city"


@dataclass
class Seen:
    """What all people together saw."""

    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: Counter[str] = field(default_factory=Counter)
    counting: bool = False
    requests: int = 0

    def all_times(self) -> list[float]:
        return sorted(one for many in self.times.values() for one in many)


@dataclass
class Answer:
    """What came back."""

    status_code: int
    text: str

    def json(self) -> Any:
        return json.loads(self.text)


class Person:
    """One browser, logged in."""

    def __init__(self, url: str, name: str, session: str, seen: Seen, numbers: list[int]) -> None:
        headers = {"Cookie": f"sessionid={session}; csrftoken={CSRF}", "Referer": url, "X-CSRFToken": CSRF}
        self.client = aiohttp.ClientSession(url, timeout=aiohttp.ClientTimeout(PATIENCE), headers=headers)
        self.name, self.seen, self.numbers = name, seen, numbers
        self.draw = random.Random(name)
        self.live_at = ""  # where the page on the screen asks for changes, and with what
        self.asked: dict[str, str] = {}
        self.mark = ""  # up to where its changes are known
        self.heard: dict[str, Any] = {"last": "", "unread": 0}  # up to where messages are

    async def live(self, until: float) -> None:
        """Work until the clock says so."""
        beside = [asyncio.create_task(self.poll()), asyncio.create_task(self.listen())]
        try:
            while time.monotonic() < until:
                await self.do_something()
                await asyncio.sleep(self.draw.expovariate(1 / THINK))
        finally:
            for one in beside:
                one.cancel()
            await self.client.close()

    async def listen(self) -> None:
        """Ask whether anything came for oneself, as the bell of a page does that does not ask for changes."""
        while True:
            await asyncio.sleep(BELL)
            if self.live_at:
                continue
            answer = await self.ask(
                "bell", "/notifications/live/?after={last}&unread={unread}".format(**self.heard), (200, 204)
            )
            if answer is not None and answer.status_code == 200:
                self.heard = answer.json()

    async def poll(self) -> None:
        """Ask for what others changed, as the open page does."""
        while True:
            await asyncio.sleep(POLL * self.draw.uniform(0.85, 1.15))
            if not self.live_at:
                continue
            heard = {"after": self.heard["last"], "unread": self.heard["unread"]}
            answer = await self.ask("live", self.live_at, data={"mark": self.mark or "0", **self.asked, **heard})
            if answer is not None and answer.status_code == 200:
                self.mark = str(answer.json().get("mark") or "")
                self.heard = answer.json()["bell"] or self.heard

    async def look(self, what: str, url: str) -> str:
        """Open a page; what it holds."""
        answer = await self.ask(what, url)
        page = answer.text if answer is not None else ""
        found = LIVE.search(page)
        self.live_at, self.mark, self.asked = found["url"] if found else "", "", {"at": found["at"]} if found else {}
        if found and found["query"] is not None:
            self.asked |= {"query": html.unescape(found["query"]), "ids": ",".join(ROW.findall(page)), "again": ""}
        return page

    def party(self) -> int:
        return self.draw.choice(self.numbers)

    async def do_something(self) -> None:
        chosen = self.draw.choices([does for _share, does in WHAT], [share for share, _does in WHAT])[0]
        await chosen(self)

    async def ask(self, what: str, url: str, expected: tuple[int, ...] = (200,), **data: Any) -> Answer | None:
        """One request, timed."""
        started = time.perf_counter()
        self.seen.requests += 1
        try:
            method = "POST" if data else "GET"
            async with self.client.request(method, url, allow_redirects=False, **data) as response:
                answer = Answer(response.status, await response.text())
        except (aiohttp.ClientError, TimeoutError) as error:
            self.seen.errors[f"{what}: {type(error).__name__}"] += 1
            return None
        if self.seen.counting:
            self.seen.times[what].append(time.perf_counter() - started)
        if answer.status_code not in expected:
            self.seen.errors[f"{what}: {answer.status_code}"] += 1
        return answer


async def today(who: Person) -> None:
    await who.look("today", "/")


async def customers(who: Person) -> None:
    page = await who.look("list", who.draw.choice(["/customers/", "/customers/?f.kind=person", "/orders/", "/tasks/"]))
    await asyncio.gather(*(who.ask("count", html.unescape(address)) for address in COUNT.findall(page)))


async def record(who: Person) -> None:
    page = await who.look("record", f"/customers/{who.party()}/")
    lazy = [who.ask("panels", address) for address in LAZY.findall(page)]
    await asyncio.gather(*lazy, *(who.ask("beside", address) for address in BESIDE.findall(page)))


async def find(who: Person) -> None:
    await who.look("search", f"/search/?q={who.draw.choice(['王', '陳', 'mei', '林', '0912'])}")


async def suggest(who: Person) -> None:
    await who.ask("suggestions", f"/search/suggest/?q={who.draw.choice(['王', '陳', '李'])}")


async def edit(who: Person) -> None:
    """Open the editor of a customer's city, and save another; two who meet there see both values."""
    address = f"/customers/{who.party()}/fact/{FACT}/"
    page = await who.ask("editor", f"{address}?edit=1")
    seen = SEEN_VALUE.search(page.text) if page is not None else None
    if seen is not None:
        data = {"seen": html.unescape(seen[1]), "value": who.draw.choice(["台北", "高雄", "台中", "新竹"])}
        await who.ask("edit", address, (200, 409), data=data)


async def note(who: Person) -> None:
    """Write a note on a customer."""
    data = {"text": f"{who.name} 打電話 {time.time():.3f}"}
    await who.ask("note", f"/notes/of/customers.party/{who.party()}/", data=data)


async def todo(who: Person) -> None:
    """Put down something to do."""
    data = {"verb": "call", "what": "回電", "priority": "2"}
    await who.ask("task", f"/todos/of/customers.party/{who.party()}/", data=data)


# Shares of a hundred: 70 reading, 30 writing.
WHAT: list[tuple[int, Callable[[Person], Awaitable[None]]]] = [
    (10, today), (22, customers), (24, record), (6, find), (8, suggest), (10, edit), (12, note), (8, todo),
]  # fmt: skip


async def crowd(url: str, people: list[tuple[str, str]], seconds: float, numbers: list[int]) -> Seen:
    """Let people (name and session) work for so many seconds; what they saw."""
    seen = Seen()
    until = time.monotonic() + RAMP + seconds
    draw = random.Random(1)

    async def come_in(name: str, session: str) -> None:
        await asyncio.sleep(RAMP * draw.random())
        await Person(url, name, session, seen, numbers).live(until)

    async def begin_counting() -> None:
        await asyncio.sleep(RAMP)
        seen.counting = True

    await asyncio.gather(begin_counting(), *(come_in(*one) for one in people))
    return seen


def prepare(people: int) -> dict[str, Any]:
    """Make the people with their sessions, in a process of the installation; the customers that they work with."""
    from django.test import Client

    from guanxi.customers.models import Party
    from guanxi.foundation.models import User
    from guanxi.foundation.roles import ready_made
    from guanxi.foundation.roles.models import Holding, Role

    sessions = []
    manager = ready_made.install(Role)[ready_made.MANAGER]  # who sees all figures on his first page, and all customers
    for number in range(people):
        name = f"person{number}"
        user, _made = User.objects.get_or_create(username=name, defaults={"is_staff": True})
        Holding.objects.get_or_create(user=user, role=manager)
        client = Client()
        client.force_login(user)
        sessions.append((name, client.cookies["sessionid"].value))
    return {"people": sessions, "numbers": list(Party.objects.order_by("id").values_list("id", flat=True)[:20_000:7])}


def figures(url: str, prepared: dict[str, Any], minutes: float, target: float) -> list[Figure]:
    """The percentiles of all requests, of each kind, and the errors."""
    seconds, people = minutes * 60, len(prepared["people"])
    seen = asyncio.run(crowd(url, prepared["people"], seconds, prepared["numbers"]))
    times = seen.all_times()
    found = [
        Figure(f"{people} people: p95 of all requests", _share(times, 0.95), "ms", target=target),
        Figure("  p50", _share(times, 0.5), "ms"),
        Figure("  p99", _share(times, 0.99), "ms"),
        Figure("  requests", len(times) / seconds, "a second"),
        Figure("  requests in all, with those while people came in", float(seen.requests), ""),
        Figure("  errors", float(sum(seen.errors.values())), "", target=0.0),
    ]
    found += [
        Figure(f"  p95 of {what} ({len(many):,})", _share(sorted(many), 0.95), "ms")
        for what, many in sorted(seen.times.items())
    ]
    return found + [Figure(f"  error: {what}", float(count), "") for what, count in seen.errors.most_common(10)]


def _share(times: list[float], share: float) -> float:
    return times[min(len(times) - 1, int(share * len(times)))] * 1000 if times else 0.0
