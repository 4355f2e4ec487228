"""From the text of a cell to a value: dates, numbers, words; as DuckDB expressions, so that no row passes through Python.

A value expression gives NULL where a text cannot be read; `problem` then names why, as "field:reason" (rejects.REASONS).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import duckdb
import pyarrow as pa

from guanxi.foundation import clock
from guanxi.foundation.money import SCALE
from guanxi.intake.fields import DAY, MOMENT, NUMBER, WORD, Field
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
CURRENCY = r"(?:NT\$|US\$|HK\$|[A-Z]{3}|[$€£¥￥]|元)"


@dataclass
class DateFormat:
    """The format that most dates of a sample have; `ambiguous` where another fits as well."""

    name: str
    ambiguous: bool = False


def text(column: str) -> str:
    """A cell without the blanks around it."""
    return f"trim({quote(column)}, '{BLANKS}')"


def moment(source: str, date_format: str) -> str:
    """A date or moment as TIMESTAMP WITH TIME ZONE; without an offset it is the business's time (the session's zone)."""
    iso = f"TRY_CAST({source} AS TIMESTAMPTZ)"
    if date_format == ISO:
        return iso
    formats = ", ".join(literal(date_format + time) for time in TIMES)
    return f"coalesce(CAST(try_strptime({source}, [{formats}]) AS TIMESTAMPTZ), {iso})"


def number(source: str, decimal: str) -> str:
    """A number as DECIMAL(38, 6); thousands marks, currency and brackets for negative ones are understood."""
    group, mark = (r"[,''’\s]", r"\.") if decimal == "." else (r"[.''’\s]", ",")
    bare = (
        f"regexp_replace(regexp_replace({source}, '^([-(]?)\\s*{CURRENCY}\\s*', '\\1'), '\\s*{CURRENCY}(\\)?)$', '\\1')"
    )
    bare = f"regexp_replace(regexp_replace({bare}, '^\\((.*)\\)$', '-\\1'), '^([0-9.,]+)-$', '-\\1')"
    grouped = f"regexp_full_match({bare}, '[-+]?\\d{{1,3}}({group}\\d{{3}})*({mark}\\d*)?|[-+]?\\d*({mark}\\d*)?')"
    digits = f"regexp_replace({bare}, '{group}', '', 'g')" + ("" if decimal == "." else "")
    digits = digits if decimal == "." else f"replace({digits}, ',', '.')"
    careful = f"CASE WHEN {grouped} THEN TRY_CAST({digits} AS DECIMAL(38, 6)) END"
    return f"coalesce(TRY_CAST({source} AS DECIMAL(38, 6)), {careful})" if decimal == "." else careful


def units(value: str) -> str:
    """Whole ten-thousandths of a number that `number_problem` has let pass."""
    return f"CAST(round({value} * {SCALE}) AS BIGINT)"


def word(source: str, words: dict[str, str]) -> str:
    """The stored value that a word stands for."""
    pairs = " ".join(f"WHEN {literal(said)} THEN {literal(meant)}" for said, meant in words.items())
    return f"CASE lower({source}) {pairs} END"


def value(field: Field, source: str, date_format: str, decimal: str) -> str:
    """The value of a field from the text `source`."""
    if field.kind == MOMENT:
        return moment(source, date_format)
    if field.kind == DAY:
        return f"CAST({moment(source, date_format)} AS DATE)"
    if field.kind == NUMBER:
        return number(source, decimal)
    return word(source, field.words or {}) if field.kind == WORD else source


def problem(field: Field, source: str, read: str) -> list[tuple[str, str]]:
    """What can be wrong with a cell: (condition, reason), first match counts. `read` is its value."""
    problems = [(f"{source} = ''", "missing")] if field.required else []
    given = f"{source} <> ''"
    if field.kind in (MOMENT, DAY):
        last = clock.today() + timedelta(days=1)
        problems += [
            (f"{given} AND {read} IS NULL", "date"),
            (f"CAST({read} AS DATE) > DATE '{last}'", "future"),
            (f"CAST({read} AS DATE) < DATE '{EARLIEST if field.kind == MOMENT else date(1850, 1, 1)}'", "past"),
        ]
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
    with duckdb.connect() as work:
        texts = _table(samples)
        work.register("samples", texts)
        work.execute("CREATE TABLE t AS SELECT DISTINCT left(x, 60) AS x FROM samples WHERE x <> '' LIMIT 50000")
        names = [ISO, *DATE_FORMATS]
        if month_first:
            names = [name.replace("%d/%m", "*").replace("%m/%d", "%d/%m").replace("*", "%m/%d") for name in names]
        counted = ", ".join(f"count({_alone(name)})" for name in names)
        row = work.execute(f"SELECT count(*), {counted} FROM t").fetchall()[0]
    counts = dict(zip(names, row[1:], strict=True))
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
            "SELECT count(*) FILTER (regexp_matches(x, ',\\d{1,2}\\D*$|,\\d{4,}\\D*$|\\.\\d{3},\\d|^\\D*\\d{4,},\\d')), "
            "count(*) FILTER (regexp_matches(x, '\\.\\d{1,2}\\D*$|\\.\\d{4,}\\D*$|,\\d{3}\\.\\d')) FROM samples"
        ).fetchall()[0]
    return "," if comma > point else "."


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
