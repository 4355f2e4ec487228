"""Duplicates: how well and how quickly they are found, beside the barest join that could find any.

python -m benchmarks.matching [RECORDS]
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from benchmarks.identities import Drawn, customers, historical
from benchmarks.measure import Figure, command, percentile

TIMES = 40


def quality(clusters: pa.Table, drawn: Drawn) -> tuple[float, float]:
    """Precision and recall of the pairs that clusters put together."""
    rows = pc.index_in(clusters["id"].combine_chunks(), value_set=drawn.records["id"].combine_chunks())
    person = drawn.person[rows.to_numpy(zero_copy_only=False)]
    label = clusters["cluster"].combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
    right = _pairs(label.astype(np.int64) * (int(person.max()) + 1) + person)
    return right / max(_pairs(label), 1), right / max(_pairs(person), 1)


def _pairs(label: np.ndarray) -> float:
    sizes = np.unique(label, return_counts=True)[1].astype(float)
    return float((sizes * (sizes - 1) / 2).sum())


def measure(records: int = 1_000_000, folder: Path | None = None) -> list[Figure]:
    """`guanxi match` on so many customers and on 50,000 records of the dead; one record recognised."""
    with TemporaryDirectory() as scratch:
        work = folder or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        figures = _file(customers(records), f"match {records:,} customers", work, 0.999, 0.97, 60.0)
        figures += _file(historical(), "match 50,000 records of the dead", work, 0.96, 0.74, None)
        return [*figures, _recognition()]


def _file(drawn: Drawn, name: str, work: Path, precision: float, recall: float, seconds: float | None) -> list[Figure]:
    source, target = work / "records.parquet", work / "clusters.parquet"
    pa.parquet.write_table(drawn.records, source)
    floor = _floor(source)
    before = os.times()
    run = command("match", str(source), "--out", str(target), environment={})
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    found = quality(pa.parquet.read_table(target), drawn)
    return [
        Figure(name, run.seconds, "s", floor, "exact joins on birth and on name", seconds, memory_mb=run.peak_mb),
        Figure(f"{name}: processor time", used, "s"),
        Figure(f"{name}: precision of clusters", 100 * found[0], "%", target=100 * precision, higher_is_better=True),
        Figure(f"{name}: recall of clusters", 100 * found[1], "%", target=100 * recall, higher_is_better=True),
    ]


def _floor(source: Path) -> float:
    """Seconds of DuckDB for the pairs that are equal in name or in family name and date of birth."""
    with duckdb.connect() as database:
        started = time.perf_counter()
        database.sql(
            f"WITH t AS (SELECT * FROM read_parquet('{source}')) SELECT count(*) FROM (SELECT l.id, r.id FROM t AS l "
            "JOIN t AS r ON l.full_name = r.full_name AND l.postcode = r.postcode AND l.id < r.id "
            "UNION SELECT l.id, r.id FROM t AS l JOIN t AS r ON l.date_of_birth = r.date_of_birth "
            "AND l.family_name = r.family_name AND l.id < r.id)"
        ).fetchall()
        return time.perf_counter() - started


def _recognition() -> Figure:
    """One new record, its keys and its scores against the candidates that share one, of 20,000 in memory."""
    from guanxi.customers.matching import keys, train

    drawn = customers(20_000, seed=3)
    model = train(drawn.records)
    found = keys(drawn.records)
    order = np.argsort(found["key"].to_numpy(), kind="stable")
    key, rows = found["key"].to_numpy()[order], found["id"].to_numpy()[order]

    def one(number: int) -> object:
        record = drawn.records.slice(number * 131 % drawn.records.num_rows, 1)
        mine = keys(record)["key"].to_numpy()
        start, end = np.searchsorted(key, mine), np.searchsorted(key, mine, side="right")
        near = [rows[a:b] for a, b in zip(start, end, strict=True) if b - a <= 100]
        others = np.unique(np.concatenate(near)) if near else np.array([], np.int64)
        return model.recognise(record, drawn.records.take(pa.array(others)))

    return Figure(
        "one new record recognised, keys and scores (95th percentile)", percentile(one, TIMES), "ms", target=30.0
    )


if __name__ == "__main__":
    if len(sys.argv) > 2:
        raise SystemExit(subprocess.list2cmdline(sys.argv) + ": one number at most")
    for figure in measure(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000):
        target = f"  target {figure.target:g}: {'reached' if figure.reached else 'missed'}" if figure.target else ""
        memory = f"  {figure.memory_mb:,.0f} MB" if figure.memory_mb else ""
        print(f"{figure.name}: {figure.value:.2f} {figure.unit}{target}{memory}")
