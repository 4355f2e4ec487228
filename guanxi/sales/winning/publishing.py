"""Scores in sets: all open deals at once into the database, only where they changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from guanxi.foundation import bulk
from guanxi.foundation.bulk import BulkSession
from guanxi.insight.bulk import compare
from guanxi.ledger.bulk import MOMENT
from guanxi.sales.winning.additive import Additive, Calibration, Floats
from guanxi.sales.winning.features import NAMES, NUMBERS
from guanxi.sales.winning.models import WinModel, WinRun
from guanxi.sales.winning.themes import THEMES

WHEN = ("model_id", "at", "facts")  # what moves every night and is no change by itself
SHOWN = 3  # reasons
COLUMNS = pa.schema(
    [
        ("deal_id", pa.int64()),
        ("model_id", pa.int64()),
        ("at", MOMENT),
        ("probability", pa.float64()),
        ("reasons", pa.string()),
        ("facts", pa.string()),
    ]
)


def scores(features: pa.Table, model: WinModel, at: datetime) -> pa.Table:
    """The score of each deal with its reasons and the facts behind it, as rows of the database, by deal."""
    additive, calibration = parts_of(model.parameters)
    chances = calibration.of(additive.score(features))
    rows = features.num_rows
    table = pa.table(
        {
            "deal_id": features["deal"],
            "model_id": pa.repeat(pa.scalar(model.pk, pa.int64()), rows),
            "at": pa.repeat(pa.scalar(at, MOMENT), rows),
            "probability": pa.array(np.round(chances, 3)),
            "reasons": _reasons(additive, features),
            "facts": _facts(features),
        },
        schema=COLUMNS,
    )
    return table.sort_by("deal_id")


def parts_of(kept: dict[str, Any]) -> tuple[Additive, Calibration]:
    """A model and its calibration as they are kept with a version."""
    return Additive.from_json(kept["model"]), Calibration(**kept["calibration"])


def _weights(additive: Additive, features: pa.Table) -> Floats:
    """What each theme (column) adds to the log-odds of each deal (row)."""
    parts = additive.parts(features)
    nothing = np.zeros(features.num_rows)
    return np.stack([sum((parts[name] for name in names if name in parts), nothing) for names in THEMES.values()], 1)


def mean_weights(additive: Additive, features: pa.Table) -> dict[str, float]:
    """How far each theme moves a deal on average, whichever way."""
    means = np.abs(_weights(additive, features)).mean(axis=0)
    return {theme: round(float(mean), 4) for theme, mean in zip(THEMES, means, strict=True)}


def _reasons(additive: Additive, features: pa.Table) -> pa.Array:
    """The themes that moved each deal most, the strongest first, with what they add to the log-odds."""
    weights = _weights(additive, features)
    strongest = np.argsort(-np.abs(weights), axis=1, kind="stable")[:, :SHOWN]
    names = pa.array(list(THEMES), pa.string())
    words = []
    for place in range(SHOWN):
        chosen = strongest[:, place]
        weight: Floats = np.round(weights[np.arange(len(chosen)), chosen], 2)
        text = pc.binary_join_element_wise(names.take(pa.array(chosen)), pa.array(weight).cast(pa.string()), ":")
        words.append(pc.if_else(pa.array(np.abs(weight) >= 0.05), text, pa.scalar("", pa.string())))
    return pc.utf8_trim(pc.binary_join_element_wise(*words, " "), " ")


def _facts(features: pa.Table) -> pa.ChunkedArray:
    """The features of each deal in one line."""
    columns = [
        pc.fill_null(
            pc.round(features[name], 2).cast(pa.string()) if name in NUMBERS else features[name], pa.scalar("")
        )
        for name in NAMES
    ]
    return pc.binary_join_element_wise(*columns, "|")


def read(db: BulkSession) -> pa.Table:
    """The scores as they are in the database, by deal."""
    names = ", ".join(COLUMNS.names)
    return db.read(f"SELECT {names} FROM winning_winscore ORDER BY deal_id", COLUMNS)


def nothing() -> pa.Table:
    """No score at all."""
    return COLUMNS.empty_table()


def publish(run: WinRun, rows: pa.Table, at: datetime) -> int:
    """Make `rows` (sorted by deal, all of them) the newest scores, in one transaction with the state of the models that
    the run fitted and of the run itself; how many were written.
    """
    with bulk.session() as db:
        db.begin()
        before = read(db)
        rows = _still_open(db, rows)
        fresh, changed, gone = compare(rows, before, "deal_id", WHEN)
        written = pa.concat_tables([rows.filter(fresh), rows.filter(changed)])
        leaving = pa.concat_arrays([rows.filter(changed)["deal_id"].combine_chunks(), gone])
        if before.num_rows == len(leaving):
            db.execute("DELETE FROM winning_winscore")
        elif len(leaving):
            db.stage("old_scores", pa.table({"deal_id": leaving}))
            db.execute("DELETE FROM winning_winscore WHERE deal_id IN (SELECT deal_id FROM old_scores)")
        db.append("winning_winscore", written.sort_by("deal_id"))
        db.execute(
            f"UPDATE winning_winmodel SET state = 'replaced' WHERE state = 'used' AND run_id <> {int(run.pk)} "
            f"AND EXISTS (SELECT 1 FROM winning_winmodel AS m WHERE m.state = 'used' AND m.run_id = {int(run.pk)})"
        )
        db.execute(
            f"UPDATE winning_winrun SET state = 'published', finished_at = '{at:%Y-%m-%d %H:%M:%S%z}', "
            f"scored = {rows.num_rows} WHERE id = {int(run.pk)}"
        )
        db.commit()
    return int(written.num_rows)


def _still_open(db: BulkSession, rows: pa.Table) -> pa.Table:
    """Without deals that were closed or deleted while it counted."""
    still = db.read("SELECT id FROM deals_deal WHERE state = 'open'", pa.schema([("id", pa.int64())]))
    return rows.filter(pc.is_in(rows["deal_id"], still["id"].combine_chunks()))
