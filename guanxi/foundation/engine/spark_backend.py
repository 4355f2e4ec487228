"""Ibis's backend for Spark, with Arrow instead of pandas between Spark and this process.

pandas has no decimals, no days and no whole numbers beside nulls; what passes through it comes back as something else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.pyspark import Backend as IbisBackend
from ibis.backends.pyspark.datatypes import PySparkSchema
from ibis.expr.schema import Schema
from pyspark.errors import PySparkException
from pyspark.sql.types import TimestampType

# How Spark calls what is wrong with a file; a plain Hadoop error carries the name of its class.
OF_FILES = (
    "FAILED_READ_FILE",
    "PATH_NOT_FOUND",
    "FileNotFoundException",
    "not a Parquet file",
    "ParquetDecodingException",
)


class Unreadable(Exception):
    """A file is gone or damaged."""


class Backend(IbisBackend):  # type: ignore[misc]
    """What Ibis's own does, rows going in and out as Arrow."""

    def read_files(self, name: str, files: Sequence[str], schema: pa.Schema) -> ir.Table:
        """The view `name` of Parquet files; not one of them is opened for its columns."""
        columns = PySparkSchema.from_ibis(Schema.from_pyarrow(schema))
        try:
            self._session.read.schema(columns).parquet(*files).createOrReplaceTempView(name)
        except PySparkException as error:
            _raise_if_of_files(error)
            raise
        return self.table(name)

    def view_of(self, name: str, rows: pa.Table) -> None:
        """The view `name` of rows in memory."""
        columns = PySparkSchema.from_ibis(Schema.from_pyarrow(rows.schema))
        self._session.createDataFrame(rows, schema=columns).createOrReplaceTempView(name)

    def get_schema(self, table_name: str, **place: Any) -> Schema:
        """The columns of a view; moments are of UTC, which Ibis would forget."""
        columns = dict(super().get_schema(table_name, **place))
        moments = [
            one.name for one in self._session.table(table_name).schema if isinstance(one.dataType, TimestampType)
        ]
        return Schema(columns | dict.fromkeys(moments, dt.Timestamp("UTC")))

    def to_pyarrow(self, expr: Any, /, *, params: Any = None, limit: Any = None, **kwargs: Any) -> Any:
        """The answer as Arrow, in the types that the expression declares."""
        self._run_pre_execute_hooks(expr)
        asked = expr.as_table()
        sql = self.compile(asked, params=params, limit=limit, **kwargs)
        try:
            answer = self._session.sql(sql).toArrow()
        except Exception as error:  # py4j hands on Java's own errors
            _raise_if_of_files(error)
            raise
        return expr.__pyarrow_result__(answer.cast(asked.schema().to_pyarrow()))

    def _register_in_memory_table(self, op: Any) -> None:
        self.view_of(op.name, op.data.to_pyarrow(op.schema))


def _raise_if_of_files(error: Exception) -> None:
    text = str(error)
    if any(sign in text for sign in OF_FILES):
        raise Unreadable(text.splitlines()[0]) from error
