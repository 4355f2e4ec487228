"""From the text of a cell to a value: dates, numbers, words; as DuckDB expressions, so that no row passes through
Python.

A value expression gives NULL where a text cannot be read; `problem` then names why, as "field:reason"
(rejects.REASONS).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import duckdb
import pyarrow as pa

from guanxi.foundation import clock
from guanxi.foundation.money import SCALE
from guanxi.intake.field import DAY, MOMENT, NUMBER, WORD, Field
from guanxi.intake.records import quote

ISO = "ISO"
DATE_FORMATS = (
    "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y.%m.%d", "%Y%m%d", "%Y年%m月%d日",
    "%d/%m/%y", "%m/%d/%y", "%d.%m.%y", "%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y",
)  # fmt: skip
TIMES = ("", " %H:%M:%S", " %H:%M", "T%H:%M:%S", " %H:%M:%S.%f", " %I:%M:%S %p", " %I:%M %p", "%H%M%S")
EARLIEST = date(1900, 1, 1)
LARGEST = 10**11  # of a single amount or quantity, as in orders.actions
BLANKS = " \t\r\n\u00a0\u3000\ufeff"
_BLANKS = r"\s\x{a0}\x{3000}\x{feff}"
CURRENCY = r"(?:NT\$|US\$|HK\$|[A-Z]{3}|[$€£¥￥]|元)"


@dataclass
class DateFormat:
    """The format that most dates of a sample have; `ambiguous` where another fits as well."""

    name: str
    ambiguous: bool = False


def text(column: str) -> str:
    """A cell without the blanks around it; most have none, and looking is cheaper than trimming."""
    name = quote(column)
    return (
        f"CASE WHEN regexp_matches({name}, '^[{_BLANKS}]|[{_BLANKS}]$') THEN trim({name}, '{BLANKS}') ELSE {name} END"
    )


def moment(source: str, date_format: str) -> str:
    """A date or moment as TIMESTAMP WITH TIME ZONE; without an offset it is the business's time (the session's
    zone).
    """
    iso = f"TRY_CAST({source} AS TIMESTAMPTZ)"
    if date_format == ISO:
        return iso
    formats = ", ".join(literal(date_format + time) for time in TIMES)
    return f"coalesce(CAST(try_strptime({source}, [{formats}]) AS TIMESTAMPTZ), {iso})"


def number(source: str, decimal: str, careful: bool) -> str:
    """A number as a decimal with six places; what stands behind them is noise of floating point.

    The careful way understands thousands marks, currency and brackets for negative numbers, at four times the cost.
    """
    if not careful:
        plain = (
            source if decimal == "." else f"CASE WHEN NOT contains({source}, '.') THEN replace({source}, ',', '.') END"
        )
        return f"TRY_CAST({plain} AS DECIMAL(18, 6))"
    group, mark = (r"[,''’\s]", r"\.") if decimal == "." else (r"[.''’\s]", ",")
    bare = (
        f"regexp_replace(regexp_replace({source}, '^([-(]?)\\s*{CURRENCY}\\s*', '\\1'), '\\s*{CURRENCY}(\\)?)$', '\\1')"
    )
    bare = f"regexp_replace(regexp_replace({bare}, '^\\((.*)\\)$', '-\\1'), '^([0-9.,]+)-$', '-\\1')"
    shape = f"[-+]?\\d{{1,3}}({group}\\d{{3}})*({mark}\\d*)?|[-+]?\\d*({mark}\\d*)?([eE][-+]?\\d{{1,2}})?"
    digits = f"replace(regexp_replace({bare}, '{group}', '', 'g'), ',', '.')"
    return f"CASE WHEN regexp_full_match({bare}, '{shape}') THEN TRY_CAST({digits} AS DECIMAL(38, 6)) END"


def units(value: str) -> str:
    """Whole ten-thousandths of a number; NULL for one beyond all bounds, which `problem` refuses."""
    quick = f"CAST(CAST(({value}) AS DECIMAL(18, 4)) * {SCALE} AS BIGINT)"  # its product has room for 9.2e10 only
    wide = f"CAST(CAST(({value}) AS DECIMAL(38, 4)) * {SCALE} AS BIGINT)"
    return f"CASE WHEN abs({value}) <= 10000000000 THEN {quick} WHEN abs({value}) <= 100000000000000 THEN {wide} END"


def word(source: str, words: dict[str, str]) -> str:
    """The stored value that a word stands for."""
    pairs = " ".join(f"WHEN {literal(said)} THEN {literal(meant)}" for said, meant in words.items())
    return f"CASE lower({source}) {pairs} END"


def several(source: str, words: dict[str, str]) -> str:
    """The stored values that the words of a cell stand for, with commas between; NULL where one is not known."""
    parts = f"list_transform(string_split_regex({source}, '[,;，；、]'), lambda part: trim(part, '{BLANKS}'))"
    said = f"list_filter({parts}, lambda part: part <> '')"
    codes = f"list_transform({said}, lambda part: {word('part', words)})"
    order = "[" + ", ".join(literal(code) for code in dict.fromkeys(words.values())) + "]"
    joined = f"array_to_string(list_filter({order}, lambda code: list_contains({codes}, code)), ',')"
    return f"CASE WHEN len(list_filter({codes}, lambda code: code IS NULL)) = 0 THEN nullif({joined}, '') END"


def value(field: Field, source: str, date_format: str, decimal: str, careful: bool = True) -> str:
    """The value of a field from the text `source`; only a careful look decides that a number is none."""
    if field.kind == MOMENT:
        return moment(source, date_format)
    if field.kind == DAY:
        return f"CAST({moment(source, date_format)} AS DATE)"
    if field.kind == NUMBER:
        return number(source, decimal, careful)
    if field.several:
        return several(source, field.words or {})
    return word(source, field.words or {}) if field.kind == WORD else source


def problem(field: Field, source: str, read: str) -> list[tuple[str, str]]:
    """What can be wrong with a cell: (condition, reason), first match counts. `read` is its value."""
    problems = [(f"{source} = ''", "missing")] if field.required else []
    given = f"{source} <> ''"
    if field.kind in (MOMENT, DAY):
        last = clock.today() + timedelta(days=1)
        kind, first = ("TIMESTAMPTZ", EARLIEST) if field.kind == MOMENT else ("DATE", date(1850, 1, 1))
        problems += [
            (f"{given} AND {read} IS NULL", "date"),
            (f"{read} < {kind} '{first}'", "past"),
        ]
        if not field.ahead:
            problems.append((f"{read} >= {kind} '{last + timedelta(days=1)}'", "future"))
    elif field.kind == NUMBER:
        problems += [
            (f"{given} AND {read} IS NULL", "number"),
            (f"abs({read}) > {LARGEST}", "large"),
            (f"{read} <> round({read}, 4)", "places"),
        ]
    elif field.kind == WORD:
        problems.append((f"{given} AND {read} IS NULL", "word"))
    else:
        problems.append((f"length({source}) > {field.longest}", "long"))
    return problems


def find_date_format(samples: list[pa.ChunkedArray], month_first: bool) -> DateFormat:
    """The format by which most of the sampled dates can be read; ISO where there is none to look at."""
    names = [ISO, *DATE_FORMATS]
    if month_first:
        names = [name.replace("%d/%m", "*").replace("%m/%d", "%d/%m").replace("*", "%m/%d") for name in names]
    with duckdb.connect() as work:
        texts = _table(samples)
        work.register("samples", texts)
        work.execute("CREATE TABLE t AS SELECT DISTINCT left(x, 60) AS x FROM samples WHERE x <> '' LIMIT 50000")
        counts = _counts(work, names, "t LIMIT 500")
        names = [name for name in names if counts[name]] or [ISO]
        counts = _counts(work, names, "t") if len(names) > 1 else counts
    best = max(names, key=lambda name: counts[name])
    if not counts[best]:
        return DateFormat(ISO)
    rivals = [name for name in names if name != best and counts[name] == counts[best]]
    swapped = any(sorted(rival) == sorted(best) for rival in rivals)
    return DateFormat(best, swapped)


def find_decimal(samples: list[pa.ChunkedArray]) -> str:
    """The decimal mark of the sampled numbers; a point where they do not tell."""
    with duckdb.connect() as work:
        texts = _table(samples)
        work.register("samples", texts)
        comma, point = work.execute(
            "SELECT count(*) FILTER (regexp_matches(x, "
            "',\\d{1,2}\\D*$|,\\d{4,}\\D*$|\\.\\d{3},\\d|^\\D*\\d{4,},\\d')), "
            "count(*) FILTER (regexp_matches(x, '\\.\\d{1,2}\\D*$|\\.\\d{4,}\\D*$|,\\d{3}\\.\\d')) FROM samples"
        ).fetchall()[0]
    return "," if comma > point else "."


def _counts(work: duckdb.DuckDBPyConnection, names: list[str], source: str) -> dict[str, int]:
    """How many of the texts each format can read."""
    counted = ", ".join(f"count({_alone(name)})" for name in names)
    row = work.execute(f"SELECT {counted} FROM (SELECT x FROM {source}) AS s").fetchall()[0]
    return dict(zip(names, row, strict=True))


def _alone(name: str) -> str:
    if name == ISO:
        return "TRY_CAST(x AS TIMESTAMPTZ)"
    return f"try_strptime(x, [{', '.join(literal(name + time) for time in TIMES)}])"


def _table(samples: list[pa.ChunkedArray]) -> pa.Table:
    chunks: list[Any] = [chunk for sample in samples for chunk in sample.chunks]
    return pa.table({"x": pa.chunked_array(chunks, pa.string())})


def literal(value: str) -> str:
    """A text as SQL writes it."""
    return "'" + value.replace("'", "''") + "'"
