"""The tokens of whole Arrow arrays."""

from __future__ import annotations

import pyarrow as pa

from guanxi.foundation.language.tokens import index_tokens, title_token


def index_tokens_array(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    """`index_tokens` of each text, joined by spaces."""
    return pa.array([" ".join(index_tokens(text or "")) for text in array.to_pylist()], pa.string())


def title_tokens_array(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    """`title_token` of each text."""
    return pa.array([title_token(text or "") for text in array.to_pylist()], pa.string())
