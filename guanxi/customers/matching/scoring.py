"""Scoring pairs of prepared records in DuckDB, by the SQL that Splink makes of the declared comparisons."""

from __future__ import annotations

import functools
import json
import math
import threading
import warnings
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from guanxi.customers.matching.comparing import Field
from guanxi.customers.matching.preparing import SCHEMA

# Of some dozens of rows that a prepared statement gave, which cannot be asked for in another way.
warnings.filterwarnings("ignore", message="Arrow output on a DB-API result makes an extra copy")


def connection() -> duckdb.DuckDBPyConnection:
    """A database in memory that asks no network for anything."""
    opened = duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
    opened.execute("SET preserve_insertion_order = false")
    return opened


@functools.lru_cache(maxsize=16)
def _settings(text: str) -> Any:
    from splink.internals.settings_creator import SettingsCreator

    return SettingsCreator.from_path_or_dict(json.loads(text)).get_settings("duckdb")


def query(settings: dict[str, Any], relatives: dict[str, Any] | None = None) -> tuple[str, tuple[str, ...]]:
    """SQL over `pairs (l, r)` and `records`, and the names of the fields.

    For each pair: `gamma_<field>` (Splink's number of the level, -1 missing), `<field>`, its weight in bits,
    `relatives` (how much of that relatives explain, never above 0) and `weight`, the sum.
    """
    made = _settings(json.dumps(settings, sort_keys=True))
    comparisons = made.core_model_settings.comparisons
    columns = [c for cc in comparisons for c in cc._columns_to_select_for_blocking()]
    columns += [c for cc in comparisons for tf in cc._tf_adjustment_input_columns for c in tf.l_r_tf_names_as_l_r]
    levels = [piece for cc in comparisons for piece in cc._columns_to_select_for_comparison_vector_values(False)]
    parts = [piece for cc in comparisons for piece in cc._columns_to_select_for_match_weight_parts(False, False)]
    gammas = [cc._gamma_column_name for cc in comparisons]
    weights = [" + ".join(cc._match_weight_columns_to_sum) + f' AS "{cc.output_column_name}"' for cc in comparisons]
    names = [cc.output_column_name for cc in comparisons]
    kin = "0.0::DOUBLE"
    if relatives and relatives["odds"] > 0:
        terms = " + ".join(_kin(cc, relatives["levels"][cc.output_column_name]) for cc in comparisons)
        kin = f"-log2(1 + pow(2, least({math.log2(relatives['odds'])} + {terms}, 900)))"
    sql = f"""
    WITH blocked AS (
        SELECT p.l AS l, p.r AS r, {", ".join(dict.fromkeys(columns))}
        FROM pairs AS p JOIN records AS l ON l.row = p.l JOIN records AS r ON r.row = p.r
    ), vectors AS (SELECT l, r, {", ".join(dict.fromkeys(levels))} FROM blocked),
    parts AS (SELECT l, r, {", ".join(dict.fromkeys(parts))} FROM vectors),
    weights AS (SELECT l, r, {", ".join(gammas)}, {", ".join(weights)}, {kin} AS relatives FROM parts)
    SELECT *, {" + ".join(f'"{name}"' for name in names)} + relatives AS weight FROM weights
    """
    return sql, tuple(names)


def _kin(comparison: Any, shares: list[tuple[float, float]]) -> str:
    """How many bits likelier the level of a field is between relatives than between strangers; `shares`: (h, u)."""
    cases = []
    for level in comparison.comparison_levels:
        if level.is_null_level:
            continue
        h, u = shares[level.comparison_vector_value]
        weight = repr(math.log2(max(h, 1e-9) / u))
        if level._has_tf_adjustments:  # what relatives share they share however rare it is; else they are strangers
            weight = f"log2(1 + {max(h - u, 0.0) / u} * pow(2, {comparison._mw_tf_adj_column_name}))"
        cases.append(f"WHEN {level.comparison_vector_value} THEN {weight}")
    return f"CASE {comparison._gamma_column_name} {' '.join(cases)} ELSE 0 END"


class Scorer:
    """A connection that holds prepared records and scores pairs of them."""

    def __init__(self, settings: dict[str, Any], relatives: dict[str, Any] | None = None) -> None:
        self.query, self.fields = query(settings, relatives)
        self._lock = threading.Lock()
        self._database: duckdb.DuckDBPyConnection | None = None

    def score(self, records: pa.Table, left: np.ndarray, right: np.ndarray, least: float | None = None) -> pa.Table:
        """`l`, `r`, `gamma_<field>`, the weight of each field in bits and `weight`, their sum, at least `least`."""
        with connection() as database:
            database.register("given_records", records)
            database.execute("CREATE TABLE records AS SELECT * FROM given_records")
            database.register("pairs", pa.table({"l": left, "r": right}))
            return self._ordered(database.sql(self._with(least)).to_arrow_table())

    def _with(self, least: float | None) -> str:
        return self.query if least is None else f"SELECT * FROM ({self.query}) WHERE weight >= {least}"

    @staticmethod
    def _ordered(scored: pa.Table) -> pa.Table:
        order = np.lexsort((scored["r"].to_numpy(), scored["l"].to_numpy()))
        return scored.take(pa.array(order))

    def score_first(self, records: pa.Table) -> pa.Table:
        """The first record with each of some dozens of others, by a statement prepared once on an open connection."""
        with self._lock:
            database = self._database or self._open(records.schema)
            database.register("few_records", records)
            database.execute("DELETE FROM records; INSERT INTO records SELECT * FROM few_records")
            reader: Any = database.execute("EXECUTE scoring").to_arrow_reader()
            scored = reader.read_all()
        return self._ordered(scored)

    def _open(self, schema: pa.Schema) -> duckdb.DuckDBPyConnection:
        self._database = database = connection()
        database.execute("SET threads = 1")
        database.execute("PRAGMA disable_optimizer")  # it thinks four times as long as a few pairs take
        database.register("shape", schema.empty_table())
        database.execute("CREATE TABLE records AS SELECT * FROM shape")
        database.execute("CREATE VIEW pairs AS SELECT 0::BIGINT AS l, row AS r FROM records WHERE row > 0")
        database.execute(f"PREPARE scoring AS {self.query}")
        return database


__all__ = ["SCHEMA", "Field", "Scorer", "connection"]
