"""What a query looks for: every word of it, each in one of several ways, in terms of the tokens of the index."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

from guanxi.foundation.language.forms import fold
from guanxi.foundation.language.tokens import (
    EDGE,
    FRAGMENT,
    LONGEST_NUMBER,
    LONGEST_WORD,
    PIECE,
    UNSAFE,
    fragments,
    is_han,
    joined,
    mail_of,
    pairs,
)

LONGEST = 200  # characters of a query that are read
MOST_WORDS = 12
NUMBER = re.compile(r"[0-9\s+().,/#-]+")


@dataclass(frozen=True)
class Term:
    """One thing looked for: a token, the beginning of one, or digits inside of one."""

    token: str
    how: Literal["whole", "start", "inside"] = "whole"

    @property
    def lookups(self) -> list[tuple[str, bool]]:
        """The tokens to look up, all of them, each whole or (True) as a beginning."""
        if self.how == "inside":
            return [(fragment, False) for fragment in fragments(self.token)]
        return [(self.token, self.how == "start")]

    def matches(self, tokens: Collection[str]) -> bool:
        """Whether a document with these tokens has it; what the lookups found is only nearly sure."""
        if self.how == "whole":
            return self.token in tokens
        if self.how == "start":
            return any(token.startswith(self.token) for token in tokens)
        return any(self.token in token for token in tokens)


Way = tuple[Term, ...]  # all of these
Word = tuple[Way, ...]  # one of these


@dataclass(frozen=True)
class Query:
    """`words` must all be found; `key` is the query as a title; `exact` holds the tokens that mean just this."""

    words: tuple[Word, ...] = ()
    key: str = ""
    exact: frozenset[str] = frozenset()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to look for (no letter, no digit)."""
        return not self.words

    @property
    def strict(self) -> Query:
        """The same with whole words for beginnings: what is found so is found sooner, where it is enough."""
        words = tuple(
            tuple(tuple(replace(term, how="whole") if term.how == "start" else term for term in way) for way in word)
            for word in self.words
        )
        return replace(self, words=words)

    def matches(self, tokens: Collection[str]) -> bool:
        """Whether a document with these tokens is meant."""
        return all(any(all(term.matches(tokens) for term in way) for way in word) for word in self.words)


def parse(text: str) -> Query:
    """What `text`, as somebody typed it, looks for. Takes anything."""
    folded = fold(text[:LONGEST]).replace("(0)", " ").strip()
    chunks = _chunks(folded)
    words = [word for index, chunk in enumerate(chunks) for word in _chunk_words(chunk, index == len(chunks) - 1)]
    key = joined(folded)
    exact = {mail_of(folded)} if len(chunks) == 1 else set()
    if key.isascii() and key.isdecimal():
        exact |= {f"#{key[:LONGEST_NUMBER]}", f"#{key.lstrip('0')[:LONGEST_NUMBER]}"}
    elif any("0" <= character <= "9" for character in key):
        exact.add(key)
    return Query(tuple(words[:MOST_WORDS]), key, frozenset(exact - {"", "#"}))


def _chunks(folded: str) -> list[str]:
    """The parts of a query between spaces; parts that may be one number, written with gaps, stay together."""
    chunks: list[str] = []
    for chunk in folded.split()[:MOST_WORDS]:
        if chunks and NUMBER.fullmatch(chunk) and NUMBER.fullmatch(chunks[-1]):
            chunks[-1] += f" {chunk}"
        else:
            chunks.append(chunk)
    return chunks


def _chunk_words(chunk: str, last: bool) -> list[Word]:
    address = mail_of(chunk)
    if address:
        return [((Term(address, "start"),),)]
    pieces = PIECE.findall(chunk)
    words = [_piece_word(piece, last and index == len(pieces) - 1) for index, piece in enumerate(pieces)]
    if not pieces or chunk in pieces or any(is_han(piece[0]) for piece in pieces):
        return words
    if NUMBER.fullmatch(chunk):
        return _number_words("".join(pieces), words)
    # With signs between the letters it may also be a number written without them, or the beginning of an address.
    whole = UNSAFE.sub("", chunk).strip(EDGE)[:LONGEST_WORD]
    together: list[Way] = [(Term("".join(pieces)[:LONGEST_WORD], "start"),), (Term(whole, "start"),)]
    apart = tuple(term for word in words for term in word[-1])
    return [(apart, *together)]


def _number_words(digits: str, apart: list[Word]) -> list[Word]:
    """Digits and what stands between them: one number however it is written, or several."""
    if len(digits) < FRAGMENT:
        return apart
    one = _piece_word(digits, last=True)
    return [(*one, tuple(term for word in apart for term in word[-1]))] if len(apart) > 1 else [one]


def _piece_word(piece: str, last: bool) -> Word:
    if is_han(piece[0]):
        return (tuple(map(Term, pairs(piece[:LONGEST_WORD]))),) if len(piece) > 1 else ((Term(f"^{piece}"),),)
    if piece.isdecimal() and piece.isascii() and len(piece) >= FRAGMENT:
        # Zeros in front, which other ways of writing a number lack, do not count.
        number, bare = piece[:LONGEST_NUMBER], piece.lstrip("0")[:LONGEST_NUMBER]
        if len(bare) >= FRAGMENT:
            return ((Term(bare, "inside"),),)
        whole: Way = (Term(number, "inside"),)
        return (whole, (Term(bare, "start"),)) if len(bare) == FRAGMENT - 1 else (whole,)
    if piece.isdecimal():
        short = Term(f"^{piece}") if len(piece) == 1 else Term(piece[:LONGEST_WORD], "start")
        return (
            (Term(f"#{piece.lstrip('0') or piece}"[:LONGEST_WORD]),),
            (short if last else Term(piece[:LONGEST_WORD]),),
        )
    if len(piece) == 1:
        return ((Term(f"^{piece}"),),)
    return ((Term(piece[:LONGEST_WORD], "start" if last else "whole"),),)
