"""What a plan makes of the first rows of its file: for each column some values, the field it feeds, what is wrong."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from django.conf import settings
from django.utils.translation import gettext as _

from guanxi.customers import normalise
from guanxi.intake import values
from guanxi.intake.field import DAY, MOMENT, NUMBER, Field, plain
from guanxi.intake.fields import fields_of
from guanxi.intake.plan import Plan, said, suggest
from guanxi.intake.records import batches, quote
from guanxi.intake.rejects import REASONS

SAMPLE_ROWS = 500
SHOWN_VALUES = 3
MOST_COLUMNS = 300  # drawn at once; columns that feed a field come first
MOST_GUESSED = 100
NEAR = 0.82  # how alike a column's name and a field's word have to be
KEYS = ("mail", "phone", "card")  # what customers are known by; each has a form of its own
LOOKS = {
    "mail": re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"),
    "day": re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}(\D.*)?"),
    "phone": re.compile(r"[+(]?\d[\d\s().-]{6,18}\d"),
}


@dataclass
class Cell:
    """A value of the sample; `reason` says why it cannot be read as its field."""

    text: str
    reason: str = ""


@dataclass
class Line:
    """A column of the file as the wizard shows it."""

    place: int  # among all columns of the file, from 0
    name: str
    cells: list[Cell] = field(default_factory=list)
    feeds: Field | None = None
    guess: Field | None = None  # what an unused column might feed
    bad: int = 0  # values of the sample that cannot be read
    by_itself: bool = False
    error: str = ""

    @property
    def state(self) -> str:
        """`found`, `chosen`, `doubtful` (values that cannot be read), `unused` or `wrong`."""
        if self.error:
            return "wrong"
        if self.feeds is None:
            return "unused"
        if self.bad:
            return "doubtful"
        return "found" if self.by_itself else "chosen"


@dataclass
class Preview:
    """The lines of a plan; `left` columns more are not shown."""

    lines: list[Line]
    left: int
    rows: int  # of the sample

    @property
    def bad(self) -> int:
        return sum(line.bad for line in self.lines)


def preview(plan: Plan) -> Preview:
    """Look at the first rows of a file with the eyes of a plan."""
    columns = said(plan.form.columns)
    fed = {column: fields_of(plan.kind)[name] for name, found in plan.mapping.items() for column in found}
    itself = {(name, column) for name, found in suggest(plan.kind, columns).items() for column in found}
    lines = [
        Line(place, name, feeds=fed.get(name), by_itself=name in fed and (fed[name].name, name) in itself)
        for place, name in enumerate(columns)
    ]
    shown = sorted(sorted(lines, key=lambda line: line.feeds is None)[:MOST_COLUMNS], key=lambda line: line.place)
    sample = _sample(plan, [line.name for line in shown])
    with duckdb.connect() as work:
        work.execute(f"SET TimeZone = '{settings.TIME_ZONE}'")
        work.register("sample", sample)
        for line in shown:
            line.cells, line.bad = _cells(_judged(plan, line.feeds, line.name, work))
    _guess(plan, shown)
    return Preview(shown, len(lines) - len(shown), sample.num_rows)


def _sample(plan: Plan, columns: list[str]) -> pa.Table:
    rows = next(iter(batches(Path(plan.path), plan.form))).rows
    return rows.slice(0, SAMPLE_ROWS).select(columns)


def _cells(found: list[tuple[str, str, int]]) -> tuple[list[Cell], int]:
    """A few values that differ, those that cannot be read first, and how many rows hold such."""
    wrong = [(text, reason) for text, reason, _count in found if reason]
    right = [(text, "") for text, reason, _count in found if not reason and text]
    chosen = [*wrong[:SHOWN_VALUES], *right[: max(SHOWN_VALUES - len(wrong), 0)]]
    return [Cell(text, reason) for text, reason in chosen], sum(count for _t, reason, count in found if reason)


def _judged(plan: Plan, one: Field | None, name: str, work: duckdb.DuckDBPyConnection) -> list[tuple[str, str, int]]:
    """The values of a column of `sample` in the order of the file: (text, reason or nothing, how often)."""
    reason, read = "''", "t"
    if one is not None:
        if one.kind in (MOMENT, DAY, NUMBER) or one.words:
            read = values.value(one, "t", plan.date_format, plan.decimal)
        cases = " ".join(f"WHEN {when} THEN '{why}'" for when, why in values.problem(one, "t", "v"))
        reason = f"CASE {cases} ELSE '' END" if cases else "''"
    # A column may be called as `t` or `v` are: only the inner query knows its name.
    texts = f"SELECT {values.text(name)} AS t, row_number() OVER () AS n FROM (SELECT {quote(name)} FROM sample)"
    judged = f"SELECT t, n, {reason} AS reason FROM (SELECT t, n, {read} AS v FROM ({texts}))"
    rows = work.execute(f"SELECT t, reason, count(*) FROM ({judged}) GROUP BY ALL ORDER BY min(n)").fetchall()
    no_key = _without_key(plan, one, name, work)
    return [(text or "", _words(one, why) if why else no_key.get(text or "", ""), count) for text, why, count in rows]


def _without_key(plan: Plan, one: Field | None, name: str, work: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The mails, telephones and cards that are none, with the reason."""
    if plan.kind != "parties" or one is None or one.name not in KEYS:
        return {}
    said_in = plan.mapping.get("country", []) if one.name == "phone" else []
    country = quote(said_in[0]) if said_in else "NULL"
    told = work.execute(f"SELECT DISTINCT trim({country}), trim({quote(name)}) FROM sample").fetchall()
    texts: dict[str, set[str]] = defaultdict(set)
    for country, text in told:
        texts[country or plan.options.get("country") or settings.GUANXI_COUNTRY].add(text or "")
    reasons: dict[str, str] = {}
    for country, some in texts.items():
        given = sorted(some)
        _keys, errors = normalise.keys(one.name, pa.array(given, pa.string()), country)
        reasons |= {text: why for text, why in zip(given, errors.to_pylist(), strict=True) if why}
    return reasons


def _words(one: Field | None, reason: str) -> str:
    words = str(REASONS[reason])
    if reason == "word" and one is not None and one.words:
        known = ", ".join(list(dict.fromkeys(one.words.values()))[:8])
        examples = _("Known are for example: %(known)s.") % {"known": known}
        return f"{words} {examples}"
    return words


def _guess(plan: Plan, lines: list[Line]) -> None:
    """Say of unused columns what they might feed: by a word that is nearly the field's, or by how the values look."""
    free = {name: one for name, one in fields_of(plan.kind).items() if name not in plan.mapping or one.many}
    words = {word: name for name, one in free.items() for word in (plain(name), *one.synonyms) if len(word) > 2}
    days = next((name for name, one in free.items() if one.kind in (DAY, MOMENT)), "")
    for line in [line for line in lines if line.feeds is None][:MOST_GUESSED]:
        near = get_close_matches(plain(line.name), words, n=1, cutoff=NEAR)
        look = "" if near else _looks_like(cell.text for cell in line.cells)
        line.guess = free.get(words[near[0]] if near else days if look == "day" else look)


def _looks_like(texts: Iterable[str]) -> str:
    given = [text for text in texts if text]
    return next((name for name, look in LOOKS.items() if given and all(look.fullmatch(t) for t in given)), "")


def options_for(plan: Plan) -> dict[str, Any]:
    """Which ways of reading matter for this plan: dates, numbers, and how a text file is cut."""
    kinds = {one.kind for one in plan.fields.values()}
    return {
        "dates": bool(kinds & {MOMENT, DAY}),
        "numbers": NUMBER in kinds,
        "text": plan.form.kind == "text",
    }
