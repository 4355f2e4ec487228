"""Regular expressions over Arrow columns, quick for a million values and for one.

Arrow compiles a pattern anew at each call, which for classes of all the letters there are takes a millisecond. For a
few values Python's own, compiled once, are used; the patterns are translated, so that each stands in the code once.
"""

from __future__ import annotations

import functools
import re

import pyarrow as pa
import pyarrow.compute as pc

from guanxi.customers.junk import FEW

# RE2 (after folding: small letters, half-width) → Python. The order counts.
TRANSLATED = (
    (r"[^\pL\pN ]", r"(?:[^\w ]|_)"),
    (r"[^\pL\pN]", r"[\W_]"),
    (r"[^\pL]", r"(?:[\W_]|[0-9])"),
    (r"[\pN]", r"[0-9]"),
    (r"[^\d]", r"[^0-9]"),
    (r"\pL", r"[^\W\d_]"),
    (r"\pN", r"[0-9]"),
    (r"\D", r"[^0-9]"),
    (r"\d", r"[0-9]"),
)


@functools.cache
def python(pattern: str) -> re.Pattern[str]:
    """A pattern of ours for Python."""
    for theirs, ours in TRANSLATED:
        within = theirs == r"\d"  # not of what was just translated
        pattern = re.sub(r"\\d(?!_\])", ours, pattern) if within else pattern.replace(theirs, ours)
    return re.compile(re.sub(r"\\x\{([0-9a-f]+)\}", lambda found: chr(int(found[1], 16)), pattern))


def replace(values: pa.Array, pattern: str, new: str) -> pa.Array:
    """Each text with what matches replaced."""
    if values.null_count == len(values):
        return values
    if len(values) > FEW:
        return pc.replace_substring_regex(values, pattern, new)
    form = python(pattern)
    return pa.array([None if text is None else form.sub(new, text) for text in values.to_pylist()], pa.string())


def matches(values: pa.Array, pattern: str) -> pa.Array:
    """Whether something in each text matches; null for null."""
    if len(values) > FEW:
        return pc.match_substring_regex(values, pattern)
    form = python(pattern)
    return pa.array(
        [None if text is None else form.search(text) is not None for text in values.to_pylist()], pa.bool_()
    )


def extract(values: pa.Array, pattern: str) -> pa.Array:
    """The named groups of each text as a struct; null where it does not match."""
    if len(values) > FEW:
        return pc.extract_regex(values, pattern)
    form = python(pattern)
    found = [None if text is None else form.search(text) for text in values.to_pylist()]
    shape = pa.struct([(name, pa.string()) for name in form.groupindex])
    return pa.array([match and match.groupdict() for match in found], shape)
