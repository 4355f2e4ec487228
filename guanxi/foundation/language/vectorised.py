"""The tokens of whole Arrow arrays.

Texts are cut at their spaces. Numbers, plain words and mail addresses, of which nearly each is different, go through
Arrow's own functions; everything else, Chinese names above all, goes through the plain function, each distinct piece
once.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from guanxi.foundation.language.forms import fold_array
from guanxi.foundation.language.tokens import (
    FRAGMENT,
    LONGEST_TEXT,
    LONGEST_WORD,
    index_tokens,
    title_token,
)

# Folded texts whose only white space is the plain space.
EASY = r"^[\x20-\x7e\x{a1}-\x{15ff}\x{1900}-\x{1fff}\x{2e80}-\x{d7ff}]*$"
# Folded titles in which what is neither letter nor digit is ASCII.
EASY_TITLE = r"^[\x20-\x7e\x{df}-\x{f6}\x{f8}-\x{24f}\x{3400}-\x{4dbf}\x{4e00}-\x{9fff}]*$"
NUMBER = r"^\+?[0-9]{5,24}$"
WORD = r"^[a-z]{1,60}$"
WORD_WITH_NUMBER = r"^[a-z]{1,30}[0-9]{1,24}$"
MAIL = r"^[a-z0-9](?:[a-z0-9._-]{0,26}[a-z0-9])?@[a-z0-9](?:[a-z0-9.-]{0,26}[a-z0-9])?$"


def index_tokens_array(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    """`index_tokens` of each text, joined by spaces; of null the empty text."""
    texts = pc.utf8_slice_codeunits(pc.fill_null(array.cast(pa.string()), ""), 0, LONGEST_TEXT)
    folded = fold_array(texts)
    easy = pc.match_substring_regex(folded, EASY)
    tokens = _by_parts(pc.if_else(easy, folded, ""), _chunk_tokens)
    return _others(tokens, texts, easy, lambda text: " ".join(index_tokens(text)))


def title_tokens_array(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    """`title_token` of each text; of null that of the empty text."""
    texts = pc.utf8_slice_codeunits(pc.fill_null(array.cast(pa.string()), ""), 0, LONGEST_TEXT)
    folded = fold_array(texts)
    letters = pc.replace_substring_regex(folded, r"[\x00-\x2f\x3a-\x60\x7b-\x7f]+", "")
    tokens = pc.binary_join_element_wise("=", pc.utf8_slice_codeunits(letters, 0, LONGEST_WORD), "")
    return _others(tokens, texts, pc.match_substring_regex(folded, EASY_TITLE), title_token)


def _others(tokens: pa.Array, texts: pa.Array, easy: pa.Array, plain: Callable[[str], str]) -> pa.Array:
    """`tokens`, with those of the texts that are not easy by the plain function."""
    hard = _whole(pc.invert(easy))
    if not pc.any(hard).as_py():
        return _whole(tokens)
    done = [plain(text) for text in pc.filter(texts, hard).to_pylist()]
    return pc.replace_with_mask(_whole(tokens), hard, pa.array(done, pa.string()))


def _by_parts(texts: pa.Array, tokens_of: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """Cut each text at its spaces, take the tokens of all parts, and join them again."""
    parts = _whole(pc.ascii_split_whitespace(pc.utf8_trim(pc.replace_substring_regex(texts, " +", " "), " ")))
    joined = pc.binary_join(pa.ListArray.from_arrays(parts.offsets, tokens_of(parts.flatten())), " ")
    return pc.utf8_trim(pc.replace_substring_regex(joined, " +", " "), " ")


def _chunk_tokens(chunks: pa.Array) -> pa.Array:
    result = pa.nulls(len(chunks), pa.string())
    for pattern, rule in (
        (NUMBER, _of_numbers),
        (WORD, _of_words),
        (WORD_WITH_NUMBER, _of_numbered),
        (MAIL, _of_mails),
    ):
        chosen = pc.and_(pc.is_null(result), pc.match_substring_regex(chunks, pattern))
        if pc.any(chosen).as_py():
            result = pc.replace_with_mask(result, chosen, rule(pc.filter(chunks, chosen)))
    rest = pc.is_null(result)
    if pc.any(rest).as_py():
        coded = pc.filter(chunks, rest).dictionary_encode()
        known = pa.array([" ".join(index_tokens(chunk)) for chunk in coded.dictionary.to_pylist()], pa.string())
        result = pc.replace_with_mask(result, rest, known.take(coded.indices))
    return result


def _of_words(words: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(_first(words), words, " ")


def _of_numbered(words: pa.Array) -> pa.Array:
    digits = pc.replace_substring_regex(words, "^[a-z]+", "")
    return pc.binary_join_element_wise(_of_words(words), *_fragments(digits), " ", null_handling="skip")


def _of_numbers(chunks: pa.Array) -> pa.Array:
    numbers = pc.utf8_ltrim(chunks, "+")
    bare = pc.utf8_ltrim(numbers, "0")
    shorter = pc.and_(pc.not_equal(bare, numbers), pc.not_equal(bare, ""))
    bare = pc.if_else(shorter, pc.binary_join_element_wise("#", bare, ""), pa.scalar(None, pa.string()))
    whole = pc.binary_join_element_wise("#", numbers, "")
    return pc.binary_join_element_wise(_first(numbers), whole, bare, *_fragments(numbers), " ", null_handling="skip")


def _of_mails(mails: pa.Array) -> pa.Array:
    domains = pc.replace_substring_regex(mails, "^[^@]*@", "")
    local = pc.replace_substring_regex(mails, "@.*$", "")
    words = _by_parts(pc.replace_substring_regex(local, "[^a-z0-9]+", " "), _chunk_tokens)
    return pc.binary_join_element_wise(mails, domains, pc.replace_substring_regex(domains, "[.].*$", ""), words, " ")


def _first(words: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise("^", pc.utf8_slice_codeunits(words, 0, 1), "")


def _fragments(numbers: pa.Array) -> list[pa.Array]:
    """The first four digits of each, the four from the second on, and so on; null where it is not that long."""
    lengths = pc.utf8_length(numbers).to_numpy(zero_copy_only=False)
    nothing = pa.scalar(None, pa.string())
    return [
        pc.if_else(pa.array(lengths >= end), pc.utf8_slice_codeunits(numbers, end - FRAGMENT, end), nothing)
        for end in range(FRAGMENT, int(np.max(lengths, initial=0)) + 1)
    ]


def _whole(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    if isinstance(array, pa.ChunkedArray):
        return pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    return array
