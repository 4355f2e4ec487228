"""Which pairs are compared at all: those that share a key.

A key is a 64-bit number made of parts of a record (date of birth and the first letter of the family name, say). The
same keys serve whole files and one new record: whoever keeps them in an indexed table finds a record's candidates by
them. A key that too many records share tells nothing; such blocks are skipped, and it is said which. A pair that
belongs together shares several other keys, since finer ones stand beside each coarse one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from guanxi.customers.junk import FEW

MOST_IN_BLOCK = 400  # records that share a key and are still compared with each other
PAIRS_OF_RULE = 1_500_000  # a rule gives at most so many pairs, those of its smallest blocks, …
PAIRS_A_RECORD = 1  # … or on average so many a record, where that is more
MOST_PAIRS = 4_000_000  # that are compared at all, …
MOST_A_RECORD = 2.5  # … or on average so many a record: those that share the most keys
MOST_WORDS = 5  # of a name that take part in keys
SEED, FACTOR, WHOLE = 0x9E3779B97F4A7C15, 0x100000001B3, 2**64 - 1
STIR_FIRST, STIR_SECOND = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


@dataclass
class Skipped:
    """Blocks of one rule that were too large to be compared."""

    rule: str
    blocks: int
    records: int
    largest: int


@dataclass
class Candidates:
    """Pairs of rows to be compared, left below right, each once; and what was skipped."""

    left: np.ndarray
    right: np.ndarray
    skipped: list[Skipped] = field(default_factory=list)
    left_out: int = 0  # pairs that share too few keys, where there are too many


Hashed = tuple[np.ndarray, np.ndarray]  # per record a number, and whether there is one


class Parts:
    """The parts of prepared records as numbers that are the same on every machine, each made once."""

    def __init__(self, table: pa.Table) -> None:
        self.table, self.count = table, table.num_rows
        self._known: dict[str, Hashed] = {}

    def __call__(self, name: str) -> Hashed:
        """`column`, or `column:3` for its first, `column:-3` for its last three characters."""
        if name not in self._known:
            column, _, length = name.partition(":")
            values = self.table[column].combine_chunks()
            if length and int(length) < 0:
                values = pc.utf8_slice_codeunits(values, int(length), 2**31 - 1)
            elif length:
                values = pc.utf8_slice_codeunits(values, 0, int(length))
            self._known[name] = hashed(values)
        return self._known[name]

    def words(self, column: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of a column of lists: row, place in the list and number of each word, the first few of a record."""
        lists = self.table[column].combine_chunks()
        lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
        rows = np.repeat(np.arange(self.count), lengths)
        starts = np.repeat(np.cumsum(lengths) - lengths, lengths)
        places = np.arange(len(rows)) - starts
        numbers, _there = hashed(lists.flatten())
        keep = places < MOST_WORDS
        return rows[keep], places[keep], numbers[keep]


def hashed(values: pa.Array) -> Hashed:
    """A stable 64-bit number for each text (polynomial over its code points, then mixed), and which are not null."""
    if len(values) <= FEW:
        texts = values.to_pylist()
        numbers = np.array([_of_text(text or "") for text in texts], np.uint64)
        return numbers, np.array([text is not None for text in texts], bool)
    there = pc.is_valid(values).to_numpy(zero_copy_only=False)
    coded = pc.fill_null(values, "").dictionary_encode()
    numbers = _of_texts(coded.dictionary)
    return numbers[coded.indices.to_numpy(zero_copy_only=False)], there


def _of_texts(texts: pa.Array) -> np.ndarray:
    if len(texts) <= FEW:
        return np.array([_of_text(text) for text in texts.to_pylist()], np.uint64)
    raw = pc.cast(texts, pa.binary())
    lengths = pc.binary_length(raw).to_numpy(zero_copy_only=False).astype(np.int64)
    offsets = np.frombuffer(raw.buffers()[1], np.int32)[raw.offset : raw.offset + len(raw) + 1].astype(np.int64)
    data = np.frombuffer(raw.buffers()[2] or b"", np.uint8)
    result = np.full(len(raw), SEED, np.uint64) ^ lengths.astype(np.uint64)
    for place in range(int(lengths.max(initial=0))):
        here = np.flatnonzero(lengths > place)
        byte = data[offsets[here] + place].astype(np.uint64)
        result[here] = (result[here] ^ (byte + np.uint64(1))) * np.uint64(FACTOR)
        result[here] ^= result[here] >> np.uint64(29)
    return mixed(result)


def _of_text(text: str) -> int:
    """The same for one text, by whole numbers of Python: for few texts ten times as quick."""
    raw = text.encode()
    number = SEED ^ len(raw)
    for byte in raw:
        number = (number ^ (byte + 1)) * FACTOR & WHOLE
        number ^= number >> 29
    number = (number ^ (number >> 30)) * STIR_FIRST & WHOLE
    number = (number ^ (number >> 27)) * STIR_SECOND & WHOLE
    return number ^ (number >> 31)


def mixed(numbers: np.ndarray) -> np.ndarray:
    """Numbers stirred so that each bit depends on all (splitmix64)."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(STIR_FIRST)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(STIR_SECOND)
    return np.asarray(numbers ^ (numbers >> np.uint64(31)))


# The rules ------------------------------------------------------------------------------------------------------------

Keyed = tuple[np.ndarray, np.ndarray]  # rows and their numbers


def _together(*names: str) -> Callable[[Parts], Keyed]:
    """All of these parts as one key."""

    def rule(parts: Parts) -> Keyed:
        number, there = np.zeros(parts.count, np.uint64), np.ones(parts.count, bool)
        for name in names:
            value, has = parts(name)
            number, there = mixed(number * np.uint64(31) + value), there & has
        rows = np.flatnonzero(there)
        return rows, number[rows]

    return rule


def _either_way(one: str, two: str, *names: str) -> Callable[[Parts], Keyed]:
    """Two parts whatever their order, with all of the others."""

    def rule(parts: Parts) -> Keyed:
        (first, has), (second, also) = parts(one), parts(two)
        number, there = mixed(first + second), has & also
        for name in names:
            value, has = parts(name)
            number, there = mixed(number * np.uint64(31) + value), there & has
        rows = np.flatnonzero(there)
        return rows, number[rows]

    return rule


def _each(column: str, *names: str) -> Callable[[Parts], Keyed]:
    """Each word of a list, with all of these parts."""

    def rule(parts: Parts) -> Keyed:
        rows, _, words = parts.words(column)
        number, there = mixed(words + np.uint64(7)), np.ones(len(rows), bool)
        for name in names:
            value, has = parts(name)
            number, there = mixed(number * np.uint64(31) + value[rows]), there & has[rows]
        return rows[there], number[there]

    return rule


def _two_words(column: str) -> Callable[[Parts], Keyed]:
    """Each two words of a list, whatever their order."""

    def rule(parts: Parts) -> Keyed:
        rows, _places, words = parts.words(column)
        found = []
        for apart in range(1, MOST_WORDS):
            first = np.arange(max(len(rows) - apart, 0))
            first = first[rows[first] == rows[first + apart]]
            found.append((rows[first], mixed(words[first] + words[first + apart])))
        return np.concatenate([row for row, _ in found]), np.concatenate([number for _, number in found])

    return rule


RULES: dict[str, Callable[[Parts], Keyed]] = {
    "national id": _together("national_id"),
    "mail": _together("mail"),
    "telephone": _together("telephone"),
    "mailbox and given name": _together("mailbox", "given_latin:1"),
    "name in one word": _each("wholes"),
    "two words of the name": _two_words("words"),
    "birth": _together("birth"),
    "birth and family name": _together("birth", "family_latin:2"),
    "birth and given name": _together("birth", "given_latin:2"),
    "birth and postcode": _together("birth", "postcode:3"),
    "year, word of the name": _each("words", "birth:4"),
    "day and month, word of the name": _each("words", "birth:-4"),
    "postcode": _together("postcode"),
    "postcode, word of the name": _each("words", "postcode:3"),
    "postcode and given name": _together("postcode", "given_latin:1"),
    "city, word of the name": _each("words", "city"),
    "address and postcode": _together("address", "postcode"),
    "address and given name": _together("address", "given_latin:2"),
    "address and birth": _together("number", "city:3", "birth:4"),
    "telephone but for its end": _together("telephone:6", "given_latin:1"),
    "telephone but for its beginning": _together("telephone:-6", "family_latin:1"),
    "national id but for its end": _together("national_id:5", "given_latin:1"),
    "national id but for its beginning": _together("national_id:-5", "family_latin:1"),
    "beginnings of both names and year": _either_way("given_latin:3", "family_latin:3", "birth:4"),
    "beginnings of both names and city": _either_way("given_latin:2", "family_latin:2", "city:4"),
    "given name as it may be written out": _each("short_forms", "family_latin"),
    "company and name": _together("company", "given_latin:2"),
    "rare word of the name": _each("words"),
}


def key_rows(parts: Parts) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """For each rule the rows of a prepared table and their keys."""
    for number, (name, rule) in enumerate(RULES.items()):
        rows, numbers = rule(parts)
        if len(rows):
            yield name, rows, mixed(numbers ^ np.uint64((number + 1) * SEED & WHOLE))


def keys_of(table: pa.Table, ids: pa.Array) -> pa.Table:
    """The keys of prepared records: `id`, `key` (int64), each once."""
    found = list(key_rows(Parts(table)))
    rows = np.concatenate([rows for _, rows, _ in found]) if found else np.array([], np.int64)
    numbers = np.concatenate([numbers for _, _, numbers in found]) if found else np.array([], np.uint64)
    order = np.lexsort((numbers, rows))
    rows, numbers = rows[order], numbers[order]
    new = np.ones(len(rows), bool)
    new[1:] = (rows[1:] != rows[:-1]) | (numbers[1:] != numbers[:-1])
    return pa.table({"id": ids.take(pa.array(rows[new])), "key": pa.array(numbers[new].view(np.int64))})


def candidates(parts: Parts) -> Candidates:
    """The pairs of prepared records that share a key of a block that is not too large."""
    count = parts.count
    found: list[np.ndarray] = []
    skipped: list[Skipped] = []
    for name, rows, numbers in key_rows(parts):
        codes, left_out = _pairs(rows, numbers, count)
        found.append(codes)
        if left_out:
            skipped.append(Skipped(name, *left_out))
    if not found:
        return Candidates(np.array([], np.int64), np.array([], np.int64))
    codes, times = _counted(np.concatenate(found))
    most = int(max(MOST_PAIRS, MOST_A_RECORD * count))
    chosen = codes
    if len(codes) > most:  # all or none of those that share equally many keys
        more = np.cumsum(np.bincount(times)[::-1])[::-1]  # how many share at least so many
        chosen = codes[times >= int(np.argmax(more <= most))]
    return Candidates(chosen // count, chosen % count, skipped, len(codes) - len(chosen))


def _counted(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct codes and how often each is there."""
    codes.sort()
    starts = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]]) if len(codes) else np.array([], np.int64)
    return codes[starts], np.diff(np.r_[starts, len(codes)])


def _pairs(rows: np.ndarray, numbers: np.ndarray, count: int) -> tuple[np.ndarray, tuple[int, int, int] | None]:
    """The pairs of one rule as `left * count + right`; and of what was skipped: blocks, records, the largest."""
    order = np.argsort(numbers, kind="stable")
    rows, numbers = rows[order], numbers[order]
    starts = np.flatnonzero(np.r_[True, numbers[1:] != numbers[:-1]])
    sizes = np.diff(np.r_[starts, len(numbers)])
    cap = _cap(sizes, count)
    pieces = []
    for size in np.unique(sizes[(sizes > 1) & (sizes <= cap)]):
        members = rows[starts[sizes == size][:, None] + np.arange(size)]
        one, two = np.triu_indices(size, 1)
        first, second = members[:, one].ravel(), members[:, two].ravel()
        apart = first != second  # a word may stand twice in one record
        low, high = np.minimum(first, second)[apart], np.maximum(first, second)[apart]
        pieces.append(low.astype(np.int64) * count + high)
    large = sizes[sizes > cap]
    left_out = (len(large), int(large.sum()), int(large.max())) if len(large) else None
    return _counted(np.concatenate(pieces) if pieces else np.array([], np.int64))[0], left_out


def _cap(sizes: np.ndarray, count: int) -> int:
    """The largest size of a block that is still compared, so that the rule keeps to its number of pairs."""
    budget = max(PAIRS_A_RECORD * count, PAIRS_OF_RULE)
    bins = np.bincount(np.minimum(sizes, MOST_IN_BLOCK + 1))[: MOST_IN_BLOCK + 1]
    width = np.arange(len(bins))
    pairs = np.cumsum(bins * (width * (width - 1) // 2))
    within = int(np.searchsorted(pairs, budget, side="right"))
    return min(max(within - 1, 2), MOST_IN_BLOCK) if within < len(pairs) else MOST_IN_BLOCK
