"""Money between the database (whole ten-thousandths) and Arrow (decimal(18, 4)), without a loop."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from guanxi.foundation.money import PLACES

DECIMAL = pa.decimal128(18, PLACES)


def as_decimal(units: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Whole ten-thousandths (int64) as decimal(18, 4): the same digits, the point set."""
    array = units.combine_chunks() if isinstance(units, pa.ChunkedArray) else units
    # By buffers, not by `to_numpy` or `fill_null`: those load pandas wherever it is installed, which takes a second.
    array = pc.cast(array, pa.int64())
    low = np.frombuffer(array.buffers()[1], dtype=np.int64, count=len(array), offset=8 * array.offset)
    both = np.empty((len(low), 2), dtype=np.int64)
    both[:, 0], both[:, 1] = low, low >> 63
    valid = pc.is_valid(array).buffers()[1] if array.null_count else None
    return pa.Array.from_buffers(DECIMAL, len(low), [valid, pa.py_buffer(both)])


def as_units(amounts: pa.Array | pa.ChunkedArray) -> pa.Array:
    """decimal(<=18, 4) as whole ten-thousandths (int64)."""
    array = amounts.combine_chunks() if isinstance(amounts, pa.ChunkedArray) else amounts
    array = pc.cast(array, DECIMAL)
    both = np.frombuffer(array.buffers()[1], dtype=np.int64).reshape(-1, 2)
    low = both[array.offset : array.offset + len(array), 0]
    return pa.array(low, mask=pc.is_null(array).to_numpy(zero_copy_only=False) if array.null_count else None)
