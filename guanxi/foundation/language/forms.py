"""The form in which texts are compared: half-width, small letters, no accents, simplified characters."""

from __future__ import annotations

import functools
import re
import unicodedata

import numpy as np
import opencc
import pyarrow as pa
import pyarrow.compute as pc

MARKS = re.compile("[\u0300-\u036f]")
HAN_RANGES = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF))
HAN_CLASS = "々〇\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
HAN = re.compile(f"[{HAN_CLASS}]")
# Scripts that write family name first and no space between words: Han, kana, Hangul, bopomofo.
WIDE_SCRIPT = re.compile(f"[{HAN_CLASS}\u3040-\u30ff\u3105-\u312f\u31a0-\u31bf\u1100-\u11ff\uac00-\ud7af]")


def compatible(text: str) -> str:
    """`text` with full-width and other compatibility characters as the plain ones they stand for (NFKC)."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def has_han(text: str) -> bool:
    """Whether `text` holds a Chinese character."""
    return not text.isascii() and HAN.search(text) is not None


def has_wide_script(text: str) -> bool:
    """Whether `text` holds a character of a script that puts the family name first: Han, kana, Hangul."""
    return not text.isascii() and WIDE_SCRIPT.search(text) is not None


@functools.cache
def simplified() -> dict[int, str]:
    """Each traditional character by its code point, with the simplified one; built once, by OpenCC."""
    characters = [chr(point) for first, last in HAN_RANGES for point in range(first, last + 1)]
    converted = opencc.OpenCC("t2s").convert("\n".join(characters)).split("\n")
    return {ord(old): new for old, new in zip(characters, converted, strict=True) if old != new and len(new) == 1}


def fold(text: str) -> str:
    """`text` as it is compared: half-width, case folded, accents off, traditional characters as simplified ones.

    Character by character, so that a part of a text folds to a part of the folded text. Not for people to read.
    """
    if text.isascii():
        return text.lower()
    bare = MARKS.sub("", unicodedata.normalize("NFKD", text)).casefold()
    # Folding the case can bring marks and compatibility characters back (Greek, ligatures).
    bare = MARKS.sub("", unicodedata.normalize("NFKD", bare))
    return unicodedata.normalize("NFC", bare).translate(simplified())


@functools.cache
def fold_table() -> np.ndarray:
    """Per code point what it folds to, where that is one code point whatever stands beside it; else 0.

    Marks and Hangul letters combine with their neighbours, so they are 0 as well.
    """
    table = np.zeros(0x110000, dtype=np.uint32)
    for point in (*range(0x1, 0x1100), *range(0x1E00, 0xAC00), *range(0xF900, 0x10000), *range(0x1F000, 0x323B0)):
        character = chr(point)
        if unicodedata.combining(character) or 0xD800 <= point < 0xE000 or 0x3130 <= point < 0x3190:
            continue
        folded = fold(character)
        if len(folded) == 1:
            table[point] = ord(folded)
    for point in (*range(0x1100, 0x1200), *range(0xFFA0, 0xFFDD)):  # Hangul letters, full and half-width
        table[point] = 0
    table[0xAC00:0xD7A4] = np.arange(0xAC00, 0xD7A4)
    for point in (0xFF9E, 0xFF9F):  # half-width voiced marks join the kana before
        table[point] = 0
    return table


def fold_array(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    """`fold` of each text of an Arrow array; null stays null."""
    texts = _whole(array)
    ascii_only = pc.string_is_ascii(pc.fill_null(texts, ""))
    lower = pc.utf8_lower(texts)
    if pc.all(ascii_only).as_py() in (True, None):
        return lower
    rest = pc.filter(texts, pc.invert(ascii_only))
    return pc.replace_with_mask(lower, pc.invert(ascii_only), _folded(rest))


def _folded(texts: pa.Array) -> pa.Array:
    """By the table all at once; rows with a character that needs its neighbours one by one."""
    points, starts = code_points(texts)
    folded = fold_table()[points]
    bad = np.flatnonzero(folded == 0)
    result = from_code_points(folded, starts)
    if len(bad):
        rows = np.unique(np.searchsorted(starts, bad, side="right") - 1)
        mask = np.zeros(len(texts), dtype=bool)
        mask[rows] = True
        result = pc.replace_with_mask(
            result, pa.array(mask), pa.array([fold(texts[int(i)].as_py()) for i in rows], pa.string())
        )
    return result


def code_points(texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """All characters of an array without nulls in one row of numbers, and where each text begins (and the last
    ends).
    """
    lengths = pc.utf8_length(texts).to_numpy(zero_copy_only=False)
    starts = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum(lengths, out=starts[1:])
    offsets = np.frombuffer(texts.buffers()[1], dtype=np.int32)[texts.offset : texts.offset + len(texts) + 1]
    data = texts.buffers()[2]
    raw = bytes(memoryview(data)[offsets[0] : offsets[-1]]) if data is not None and len(texts) else b""
    return np.frombuffer(raw.decode().encode("utf-32-le"), dtype=np.uint32), starts


def from_code_points(points: np.ndarray, starts: np.ndarray) -> pa.Array:
    """The way back: texts out of a row of code points and the places where each begins."""
    raw = points.astype("<u4", copy=False).tobytes().decode("utf-32-le", "surrogatepass").encode()
    widths = 1 + (points > 0x7F).astype(np.int8) + (points > 0x7FF) + (points > 0xFFFF)
    ends = np.zeros(len(points) + 1, dtype=np.int64)
    np.cumsum(widths, out=ends[1:])
    offsets = ends[starts].astype(np.int32)
    return pa.Array.from_buffers(pa.string(), len(starts) - 1, [None, pa.py_buffer(offsets), pa.py_buffer(raw)])


def _whole(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    """One plain array of strings."""
    whole = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    if isinstance(whole, pa.ChunkedArray):  # combine_chunks of nothing
        whole = pa.concat_arrays(whole.chunks) if whole.num_chunks else pa.array([], whole.type)
    return whole if pa.types.is_string(whole.type) else whole.cast(pa.string())
