"""`guanxi match`."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from guanxi.customers.matching import files
from guanxi.customers.matching.clustering import cluster
from guanxi.customers.matching.columns import standard
from guanxi.customers.matching.errors import CannotMatch
from guanxi.customers.matching.matching import match

# Where records tell how to reach somebody, or bear a number, one person is told from another nearly without fail; where
# there are only names, dates and places, waiting for so much certainty would leave many parted.
TELLING = {"mail", "telephone", "address", "street_number", "national_id"}
THRESHOLD, THRESHOLD_WITHOUT = 0.8, 0.5


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Where the clusters go.")
@click.option("--map", "maps", multiple=True, metavar="THEIRS=OURS", help="Which column is which field; repeatable.")
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help=f"How likely two clusters must be one person to be joined; {THRESHOLD}, or {THRESHOLD_WITHOUT} where no "
    "column tells how to reach anybody.",
)
def match_(file: Path, out: Path, maps: tuple[str, ...], threshold: float | None) -> None:
    """Find the records of FILE (CSV or Parquet) that tell of one person or organisation.

    Writes id, cluster, probability: a row for each record; cluster is the least id of its records, probability that of
    the record's strongest link within its cluster (empty where it is alone). Nothing is stored elsewhere.
    """
    started = time.perf_counter()
    try:
        files.kind(out)
        mapping = dict(_parted(text) for text in maps)
        records = standard(files.read(file), mapping)
        fields = ", ".join(records.column_names[1:])
        pairs = match(records)
        if threshold is None:
            threshold = THRESHOLD if TELLING & set(records.column_names) else THRESHOLD_WITHOUT
        clusters = with_probability(cluster(pairs, threshold, records["id"]), pairs)
        clusters = clusters.take(pc.index_in(records["id"].combine_chunks(), value_set=clusters["id"].combine_chunks()))
        files.write(clusters, out)
    except CannotMatch as error:
        raise click.ClickException(str(error)) from error
    sizes = pc.struct_field(pc.value_counts(clusters["cluster"]), "counts")
    click.echo(f"Compared: {fields}.")
    for one in json.loads((pairs.schema.metadata or {}).get(b"skipped_blocks", b"[]")):
        click.echo(
            f"Skipped {one['blocks']:,} blocks of “{one['rule']}”, "
            f"of up to {one['largest']:,} records: too common to tell."
        )
    alone = pc.sum(pc.equal(sizes, 1)).as_py() or 0
    click.echo(
        f"{records.num_rows:,} records, {len(sizes):,} clusters, {alone:,} records alone; "
        f"{time.perf_counter() - started:.1f} s. Written to {out}."
    )


def with_probability(clusters: pa.Table, pairs: pa.Table) -> pa.Table:
    """Clusters with the probability of each record's strongest link within its cluster; null where it is alone."""
    ids = clusters["id"].combine_chunks()
    left, right = (
        pc.index_in(pairs[name].combine_chunks().cast(ids.type), value_set=ids).to_numpy(zero_copy_only=False)
        for name in ("id_l", "id_r")
    )
    label = clusters["cluster"].combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
    inside = label[left] == label[right]
    best = np.full(len(ids), -1.0)
    probability = pairs["probability"].to_numpy()[inside]
    np.maximum.at(best, left[inside], probability)
    np.maximum.at(best, right[inside], probability)
    return clusters.append_column("probability", pa.array(np.round(best, 6), mask=best < 0))


def _parted(text: str) -> tuple[str, str]:
    theirs, sign, ours = text.rpartition("=")
    if not sign or not theirs:
        raise click.BadParameter(
            f"“{text}” must be written THEIRS=OURS, such as Kundenname=full_name.", param_hint="--map"
        )
    return theirs.strip(), ours.strip()
