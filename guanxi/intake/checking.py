"""The first half of a run: read the file, check every row, keep the good ones ready for writing, reject the others.

Checked rows lie in a DuckDB file in the run's folder (`stage.duckdb`, table `checked`: `row` and one column for each
field), so that memory stays flat and a killed run need not read the file again once this half is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings

from guanxi.foundation.tasks import progress
from guanxi.intake import desk_kinds, values
from guanxi.intake.field import DAY, MOMENT, NUMBER, Field
from guanxi.intake.fields import fields_of
from guanxi.intake.importing import run_ahead
from guanxi.intake.plan import Plan
from guanxi.intake.records import ROW, Batch, batches, quote
from guanxi.intake.rejects import RejectFile

TYPES = {MOMENT: "TIMESTAMPTZ", DAY: "DATE", NUMBER: "BIGINT"}
MEMORY = "640MB"
PIECE = 20_000


@dataclass
class Counts:
    """How many rows were read, and what became of them. Read is always accepted and rejected together."""

    read: int = 0
    accepted: int = 0
    rejected: int = 0

    def balance(self) -> None:
        """Raise AssertionError where a row is neither accepted nor rejected, or both."""
        assert self.read == self.accepted + self.rejected, f"{self}: rows were lost or counted twice"


@contextmanager
def stage(folder: Path, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """The DuckDB file of a run, its memory limited and its spill files beside it."""
    options: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY,
        "temp_directory": str(folder / "spill"),
        "threads": 2,
        "preserve_insertion_order": False,
        "disabled_compression_methods": "dict_fsst",  # costs more than it saves of what is read once and thrown away
    }
    with duckdb.connect(str(folder / "stage.duckdb"), read_only=read_only, config=options) as work:
        # A run that comes to its end throws the file away: closing it need not put it in order; its log is read again.
        if not read_only:
            work.execute("PRAGMA disable_checkpoint_on_shutdown")
        work.execute(f"SET TimeZone = '{settings.TIME_ZONE}'")
        yield work


def check(
    plan: Plan, work: duckdb.DuckDBPyConnection, rejects: RejectFile, size: int, heed: Callable[[], None]
) -> Counts:
    """Read and check the whole file into `checked`; `size` is that of the file, for progress. `heed` is called now and
    then, and may raise."""
    fields = fields_of_stage(plan)
    declared = ["row BIGINT", "problem VARCHAR", *(_declared(one) for one in fields)]
    declared += ["payload VARCHAR"] if plan.kind in ("parties", "events") else []
    work.execute(f"CREATE OR REPLACE TABLE checked ({', '.join(declared)})")
    counts = Counts()
    for batch in run_ahead(batches(Path(plan.path), plan.form)):
        counts.read += batch.read
        rejects.add_broken(batch.broken)
        counts.rejected += len(batch.broken)
        if batch.rows.num_rows:
            rejected = _check_batch(plan, work, batch, rejects)
            counts.rejected += rejected
            counts.accepted += batch.rows.num_rows - rejected
        progress(batch.position, size, _message())
        heed()
    counts.balance()
    return counts


def fields_of_stage(plan: Plan) -> list[Field]:
    """The fields that the stage has columns for: all of sales, products and events, the mapped ones of
    parties and of other types."""
    if desk_kinds.desk_of(plan.kind):
        return list(plan.fields.values())
    if plan.kind == "parties":
        return [one for name, one in fields_of(plan.kind).items() if name in plan.mapping or "." not in name]
    return list(fields_of(plan.kind).values())


def _message() -> str:
    from django.utils.translation import gettext as _

    return _("Checking")


def _declared(one: Field) -> str:
    many = "[]" if one.many and one.kind not in TYPES else ""
    return f"{quote(one.name)} {TYPES.get(one.kind, 'VARCHAR')}{many}"


def _check_batch(plan: Plan, work: duckdb.DuckDBPyConnection, batch: Batch, rejects: RejectFile) -> int:
    """Check the rows of a batch; the good ones go to `checked`, the others to the rejects. How many were rejected."""
    # In pieces, of which each thread of DuckDB takes one at a time.
    work.register("batch", pa.Table.from_batches(batch.rows.to_batches(max_chunksize=PIECE)))
    work.execute("BEGIN")
    work.execute(f"INSERT INTO checked BY NAME {checking_sql(plan, careful=False)}")
    if work.execute("SELECT 1 FROM checked WHERE suffix(problem, ':number') LIMIT 1").fetchall():
        work.execute("ROLLBACK")
        work.execute("BEGIN")
        work.execute(f"INSERT INTO checked BY NAME {checking_sql(plan)}")
    bad = work.sql("SELECT row, problem FROM checked WHERE problem IS NOT NULL ORDER BY row").to_arrow_table()
    if bad.num_rows:
        work.execute("DELETE FROM checked WHERE problem IS NOT NULL")
        reject(rejects, plan, batch.rows, bad)
    work.execute("COMMIT")
    work.unregister("batch")
    return int(bad.num_rows)


def reject(rejects: RejectFile, plan: Plan, rows: pa.Table, bad: pa.Table) -> None:
    """Write rows to the rejects; `bad` has `row` and `problem` ("field:reason")."""
    with duckdb.connect() as work:
        work.register("rows", rows)
        work.register("bad", bad)
        columns = {name: found[0] for name, found in plan.mapping.items()}
        column = _case("split_part(b.problem, ':', 1)", {n: values.literal(c) for n, c in columns.items()}, "''")
        value = _case("split_part(b.problem, ':', 1)", {n: f"r.{quote(c)}" for n, c in columns.items()}, "''")
        found = work.sql(
            f"SELECT r.*, {column} AS _column, {value} AS _value, substring(b.problem, strpos(b.problem, ':') + "
            f"1) AS _reason "
            f"FROM rows AS r JOIN bad AS b ON b.row = r.{ROW} ORDER BY r.{ROW}"
        ).to_arrow_table()
    names = [name for name in found.column_names if name not in ("_column", "_value", "_reason")]
    head = [found.column(name) for name in ("_column", "_value", "_reason")]
    rejects.add(found.select(names), head[0], head[1], head[2])


def reject_later(plan: Plan, rejects: RejectFile, bad: pa.Table) -> None:
    """Reject rows that were found bad only beside others: fetch their text from the file again."""
    if not bad.num_rows:
        return
    wanted = set(bad.column("row").to_pylist())
    for batch in batches(Path(plan.path), plan.form):
        rows = batch.rows
        mask = pc.is_in(rows.column(ROW), value_set=bad.column("row").combine_chunks())
        picked = rows.filter(mask)
        if picked.num_rows:
            reject(rejects, plan, picked, bad)
            wanted -= set(picked.column(ROW).to_pylist())
        if not wanted:
            return


def _case(of: str, branches: dict[str, str], otherwise: str) -> str:
    if not branches:
        return otherwise
    return (
        f"CASE {of} "
        + " ".join(f"WHEN {values.literal(k)} THEN {v}" for k, v in branches.items())
        + f" ELSE {otherwise} END"
    )


def checking_sql(plan: Plan, careful: bool = True) -> str:
    """One query that reads all fields from the texts of `batch` and names the first problem of each row."""
    texts, reads, kept, problems = [f"{ROW} AS row"], [], [], []
    number = 0
    for one in fields_of_stage(plan):
        columns = plan.mapping.get(one.name, [])
        if not columns:
            kept.append(f"{_option(plan, one)} AS {quote(one.name)}")
            continue
        parts = []
        for column in columns:
            number += 1
            texts.append(f"{values.text(column)} AS t{number}")
            if one.kind in (MOMENT, DAY, NUMBER) or one.words:
                reads.append(f"{values.value(one, f't{number}', plan.date_format, plan.decimal, careful)} AS v{number}")
            else:
                reads.append(f"t{number} AS v{number}")
            problems += [
                (condition, f"{one.name}:{reason}")
                for condition, reason in values.problem(one, f"t{number}", f"v{number}")
            ]
            parts.append(f"v{number}")
        kept.append(f"{_kept(one, parts, plan)} AS {quote(one.name)}")
    problems += _whole_row_problems(plan)
    payload = ""
    if plan.kind in ("parties", "events"):
        payload = f", {_payload(plan)} AS payload"
        texts.append("*")
    cases = " ".join(f"WHEN {condition} THEN {values.literal(name)}" for condition, name in problems)
    inner = f"SELECT {', '.join(texts)} FROM batch"
    middle = f"SELECT *, {', '.join(reads)} FROM ({inner}) AS i"
    return f"SELECT row, {', '.join(kept)}{payload}, CASE {cases} END AS problem FROM ({middle}) AS m"


def _kept(one: Field, parts: list[str], plan: Plan) -> str:
    if one.kind == NUMBER:
        if one.many:  # discounts add up; each counts as taken off, whatever its sign
            return values.units(" + ".join(f"abs(coalesce({part}, 0))" for part in parts))
        return values.units(parts[0])
    if one.kind in (MOMENT, DAY):
        return parts[0]
    if one.many:
        return f"list_filter([{', '.join(parts)}], lambda x: x <> '')"
    given = f"nullif({parts[0]}, '')"
    option = plan.options.get(one.name)
    return f"coalesce({given}, {values.literal(option)})" if option else given


def _option(plan: Plan, one: Field) -> str:
    option = plan.options.get(one.name)
    if option is None:
        many = "[]" if one.many and one.kind not in TYPES else ""
        return f"CAST(NULL AS {TYPES.get(one.kind, 'VARCHAR')}{many})"
    return values.moment(values.literal(option), plan.date_format) if one.kind == MOMENT else values.literal(option)


def _whole_row_problems(plan: Plan) -> list[tuple[str, str]]:
    if plan.kind != "parties":
        return []
    names = [
        n for n in ("external_id", "name", "family_name", "given_name", "mail", "phone", "card") if n in plan.mapping
    ]
    empty = " AND ".join(f"{values.text(column)} = ''" for name in names for column in plan.mapping[name])
    return [(empty, f"{names[0]}:no_name")]


def _payload(plan: Plan) -> str:
    """What the file says beyond the fields, as JSON; empty cells left out."""
    columns = plan.unmapped
    if not columns:
        return "'{}'"
    cells = ", ".join(f"{values.literal(name)}: nullif({quote(name)}, '')" for name in columns)
    return f"CAST(json_merge_patch('{{}}', to_json({{{cells}}})) AS VARCHAR)"
