"""The process behind the made-up deals: how long they take, what decides whether they are won, how customers pay.

All of it is stated here and in docs/develop/sample.md, so that whatever is learnt from these deals can be held against
what they were drawn from. Pure: no database; the same for the same seed, day and scale.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo

from guanxi.sales.sample.firms import DEALS, SEED, Article, Firm, Member, is_rival, weighted

DAYS = 365
SOURCES = (
    ("customer", 0.22), ("web", 0.18), ("referral", 0.14), ("partner", 0.08), ("event", 0.12), ("campaign", 0.08),
    ("call", 0.14), ("tender", 0.04),
)  # fmt: skip
KINDS = (("new_task", 0.3), ("modified_rebuy", 0.4), ("straight_rebuy", 0.3))
# The log odds of winning: where it begins, and what each fact adds.
BASE = -1.1
WEIGHTS = {
    "straight_rebuy": 1.1,
    "modified_rebuy": 0.4,
    "is_customer": 0.6,
    "referral": 0.7,
    "tender": -0.6,
    "decider_known": 0.9,
    "contended": -0.9,
    "strength_above_three": -0.3,  # of the competitor, for each
    "meeting": 0.25,  # for each, up to four
    "tenfold_value": -0.5,  # for each tenfold of 5,000
}
REPS = (0.5, 0.3, 0.15, 0.0, 0.0, -0.1, -0.25, -0.5)  # what each representative adds
PACE = {"new_task": 1.4, "modified_rebuy": 1.0, "straight_rebuy": 0.5}  # of the days that a stage expects
SLOWER_WHERE_LOST = 1.25
ENDS_AFTER = (0.3, 0.25, 0.25, 0.15, 0.05)  # in which fifth of the way lost deals end
LATE = {"punctual": (-2, 3), "late": (11, 7), "very_late": (34, 14)}  # days after the due day: mean, deviation
PAYS_IN_PARTS, NEVER_PAYS = 0.12, {"punctual": 0.0, "late": 0.02, "very_late": 0.12}
TO_PAY = 30


@dataclass(frozen=True)
class Way:
    """The stages that deals go through: probability in per cent, and expected days."""

    probabilities: Sequence[int]
    days: Sequence[int]

    @property
    def offer(self) -> int:
        """In which stage an offer is made."""
        found = [place for place, chance in enumerate(self.probabilities) if chance >= 50]
        return found[0] if found else len(self.days) - 1


@dataclass(frozen=True)
class Step:
    """That a deal came into a stage, and what was believed of it then."""

    stage: int
    at: datetime
    value: int
    expected_close: date


@dataclass(frozen=True)
class Contact:
    """A call, a meeting or a visit."""

    kind: str
    at: datetime
    minutes: int
    outcome: str
    person: Member


@dataclass(frozen=True)
class Item:
    """A line of an offer."""

    article: Article
    quantity: int
    percent: int  # of discount

    @property
    def amount(self) -> int:
        """In hundredths."""
        return round(self.article.price * self.quantity * (100 - self.percent))


@dataclass(frozen=True)
class Payment:
    """Money that came, in hundredths."""

    day: date
    amount: int


@dataclass(frozen=True)
class Part:
    """What of an order left at once, with its invoice; quantities by the place of the item."""

    day: date
    quantities: dict[int, int]
    payments: list[Payment]


@dataclass
class Story:
    """One deal with all that happened to it."""

    number: int
    firm: Firm
    contact: Member
    source: str
    kind: str
    steps: list[Step]
    state: str
    closed_at: datetime | None
    seats: list[Member]
    rival: Firm | None
    strength: int
    contacts: list[Contact]
    planned: datetime | None
    items: list[Item]
    offered_at: datetime | None
    parts: list[Part] = field(default_factory=list)
    lead: bool = False
    next_due: date | None = None

    @property
    def name(self) -> str:
        """What it is called."""
        return f"{self.items[0].article.name} · {self.firm.name}"[:200]

    @property
    def total(self) -> int:
        """In hundredths."""
        return sum(item.amount for item in self.items)


def draw_stories(
    firms: Sequence[Firm], articles: Sequence[Article], way: Way, today: date, zone: tzinfo, scale: float = 1.0
) -> list[Story]:
    """All deals, in the order in which they began."""
    chooser = random.Random(SEED + 1)
    buyers, rivals = [firm for firm in firms if not is_rival(firm)], [firm for firm in firms if is_rival(firm)]
    count = max(40, round(DEALS * scale))
    begun = sorted(today - timedelta(days=_age(chooser)) for _number in range(count))
    reps = sorted({firm.rep for firm in buyers})
    skill = {rep: REPS[place % len(REPS)] for place, rep in enumerate(reps)}
    drawing = _Drawing(chooser, articles, rivals, way, today, zone, skill)
    return [drawing.story(number, chooser.choice(buyers), day) for number, day in enumerate(begun, 1)]


def _age(chooser: random.Random) -> int:
    """How many days ago a deal began: evenly over the year, somewhat more of late, for the business grows."""
    return min(DAYS, 1 + int(DAYS * chooser.random() ** 1.15))


def chance(facts: dict[str, float]) -> float:
    """Of winning, by the facts of a deal (the names in WEIGHTS, and `rep`)."""
    score = BASE + facts.get("rep", 0.0) + sum(WEIGHTS[name] * size for name, size in facts.items() if name != "rep")
    return 1 / (1 + math.exp(-score))


@dataclass
class _Drawing:
    chooser: random.Random
    articles: Sequence[Article]
    rivals: Sequence[Firm]
    way: Way
    today: date
    zone: tzinfo
    skill: dict[str, float]

    def story(self, number: int, firm: Firm, day: date) -> Story:
        chooser = self.chooser
        kind, source = weighted(chooser, KINDS), weighted(chooser, SOURCES)
        items = self._items(firm)
        deciders = [one for one in firm.people if one.role == "decider"]
        seats = [one for one in firm.people if one.role != "decider" and chooser.random() < 0.45]
        if deciders and chooser.random() < 0.6:
            seats = [*deciders, *seats]
        rival = chooser.choice(self.rivals) if chooser.random() < 0.45 else None
        strength = chooser.randint(1, 5) if rival else 0
        meetings = min(4, int(chooser.expovariate(0.6)))
        facts = {
            "straight_rebuy": kind == "straight_rebuy", "modified_rebuy": kind == "modified_rebuy",
            "is_customer": firm.is_customer, "referral": source == "referral", "tender": source == "tender",
            "decider_known": any(one.role == "decider" for one in seats), "contended": rival is not None,
            "strength_above_three": max(0, strength - 3), "meeting": meetings, "rep": self.skill[firm.rep],
            "tenfold_value": math.log10(max(sum(item.amount for item in items), 100) / 500_000),
        }  # fmt: skip
        won = chooser.random() < chance(facts)
        steps, ended = self._steps(day, kind, won, sum(item.amount for item in items))
        over = ended is not None and ended.date() < self.today
        state = ("won" if won else "lost") if over else "open"
        steps = [step for step in steps if step.at.date() < self.today] or steps[:1]
        until = ended if over and ended else self._at(self.today - timedelta(days=1))
        offer = next((step.at for step in steps if step.stage >= self.way.offer), None)
        story = Story(
            number, firm, (seats or firm.people)[0], source, kind, steps, state, ended if over else None, seats, rival,
            strength, self._contacts(steps[0].at, until, meetings, seats or firm.people), None, items, offer,
            lead=source in ("web", "event", "campaign"),
        )  # fmt: skip
        if state == "won" and ended is not None:
            story.parts = self._parts(firm, items, ended.date())
        if state == "open":
            if chooser.random() < 0.8:
                story.next_due = self.today + timedelta(days=chooser.randint(-6, 14))
            if chooser.random() < 0.25:
                story.planned = self._at(self.today + timedelta(days=chooser.randint(1, 14)))
        return story

    def _items(self, firm: Firm) -> list[Item]:
        chooser = self.chooser
        count = min(8, 1 + int(chooser.expovariate(0.5)))
        percent = chooser.choice((0, 0, 0, 5, 5, 8, 10, 15))
        return [
            Item(article, max(1, round(chooser.lognormvariate(0.6 + 0.5 * firm.size, 0.7))), percent)
            for article in chooser.sample(list(self.articles), count)
        ]

    def _steps(self, day: date, kind: str, won: bool, total: int) -> tuple[list[Step], datetime | None]:
        """The stages with their times, and when it ends; what is believed comes nearer to what will be."""
        chooser, way = self.chooser, self.way
        last = len(way.days) - 1 if won else self._last(len(way.days))
        slower = 1.0 if won else SLOWER_WHERE_LOST
        lengths = [
            max(1.0, chooser.gammavariate(2.0, max(days, 1) * PACE[kind] * slower / 2.0))
            for days in way.days[: last + 1]
        ]
        guess = chooser.lognormvariate(0, 0.3)
        steps, passed = [], 0.0
        for stage, length in enumerate(lengths):
            left = sum(way.days[stage:]) * PACE[kind]
            close = day + timedelta(days=round(passed + left * chooser.lognormvariate(-0.1, 0.35)) + 1)
            value = total if stage >= way.offer else round(total * guess / 10_000) * 10_000 or total
            steps.append(Step(stage, self._at(day + timedelta(days=int(passed))), value, close))
            passed += length
        return steps, self._at(day + timedelta(days=int(passed) + 1), late=True)

    def _last(self, stages: int) -> int:
        fifth = self.chooser.choices(range(5), ENDS_AFTER)[0]
        return min(stages - 1, fifth * stages // 5)

    def _contacts(self, since: datetime, until: datetime, meetings: int, people: Sequence[Member]) -> list[Contact]:
        chooser = self.chooser
        span = max((until - since).days, 0)
        kinds = ["call"] * (1 + int(chooser.expovariate(0.5))) + [
            chooser.choice(("meeting", "meeting", "visit")) for _one in range(meetings)
        ]
        found = []
        for kind in kinds:
            at = self._at(since.date() + timedelta(days=chooser.randint(0, span)))
            if kind == "call":
                outcome = chooser.choices(("reached", "no_answer", "call_back"), (0.7, 0.2, 0.1))[0]
                found.append(Contact(kind, at, chooser.randint(3, 25), outcome, chooser.choice(list(people))))
            else:
                found.append(Contact(kind, at, 60, "held", chooser.choice(list(people))))
        return sorted((one for one in found if one.at.date() < self.today), key=lambda one: one.at)

    def _parts(self, firm: Firm, items: Sequence[Item], closed: date) -> list[Part]:
        """Deliveries until today, the larger orders in two, each with its invoice and what was paid of it."""
        chooser = self.chooser
        days = [closed + timedelta(days=chooser.randint(3, 25))]
        whole = {place: item.quantity for place, item in enumerate(items)}
        first = {place: quantity // 2 for place, quantity in whole.items() if quantity > 1}
        shares = [whole]
        if first and chooser.random() < 0.35:
            days.append(days[0] + timedelta(days=chooser.randint(5, 30)))
            rest = {place: quantity - first.get(place, 0) for place, quantity in whole.items()}
            shares = [first, rest]
        found = []
        for day, quantities in zip(days, shares, strict=True):
            if day >= self.today:
                break
            amount = sum(part_of(items[place], quantity) for place, quantity in quantities.items())
            found.append(Part(day, quantities, self._payments(firm, day, amount)))
        return found

    def _payments(self, firm: Firm, invoiced: date, amount: int) -> list[Payment]:
        chooser = self.chooser
        mean, deviation = LATE[firm.payer]
        late = max(-25, round(chooser.gauss(mean, deviation)))
        paid = invoiced + timedelta(days=TO_PAY + late)
        never = chooser.random() < NEVER_PAYS[firm.payer]
        in_parts = chooser.random() < PAYS_IN_PARTS
        rest = amount - amount // 2 if in_parts else amount
        dues = [Payment(paid, rest)]
        if in_parts:
            dues = [Payment(max(invoiced, paid - timedelta(days=12)), amount // 2), Payment(paid, rest)]
        return [] if never else [one for one in dues if one.day < self.today]

    def _at(self, day: date, late: bool = False) -> datetime:
        """A moment of the working day."""
        hour = 17 if late else self.chooser.randint(9, 16)
        return datetime.combine(day, time(hour, self.chooser.randrange(0, 60, 5)), self.zone)


def part_of(item: Item, quantity: int) -> int:
    """What a part of an item comes to, in hundredths."""
    return item.article.price * quantity * (100 - item.percent)
