"""What a query looks for: every word of it, each in one of several ways, in terms of the tokens of the index."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from guanxi.foundation.language.forms import fold
from guanxi.foundation.language.tokens import (
    FRAGMENT,
    LONGEST_NUMBER,
    LONGEST_WORD,
    PIECE,
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

    def matches(self, tokens: Collection[str]) -> bool:
        """Whether a document with these tokens is meant."""
        return all(any(all(term.matches(tokens) for term in way) for way in word) for word in self.words)


def parse(text: str) -> Query:
    """What `text`, as somebody typed it, looks for. Takes anything."""
    folded = fold(text[:LONGEST]).replace("(0)", " ").strip()
    key = joined(folded)
    if NUMBER.fullmatch(folded) and sum(map(str.isdecimal, folded)) > FRAGMENT:
        digits = re.sub(r"[^0-9]", "", folded)[:LONGEST_NUMBER]
        return Query((_number_word(folded, digits),), key, frozenset({digits, digits.lstrip("0")} - {""}))
    words: list[Word] = []
    chunks = folded.split()[:MOST_WORDS]
    for index, chunk in enumerate(chunks):
        words += _chunk_words(chunk, last=index == len(chunks) - 1)
    exact = {key}
    if len(chunks) == 1:
        exact |= {key.lstrip("0") if key.isdecimal() else key, mail_of(folded)}
    return Query(tuple(words[:MOST_WORDS]), key, frozenset(exact - {""}))


def _number_word(folded: str, digits: str) -> Word:
    """A query of nothing but digits and what stands between them: one number, however it is written, or several."""
    ways: list[Way] = [(_inside(digits),)]
    pieces = PIECE.findall(folded)
    if len(pieces) > 1 and all(len(piece) >= FRAGMENT for piece in pieces):
        ways.append(tuple(_inside(piece) for piece in pieces))
    return tuple(ways)


def _inside(number: str) -> Term:
    """Digits inside of a number; zeros in front, which other ways of writing it lack, do not count."""
    bare = number.lstrip("0")
    return Term((bare if len(bare) >= FRAGMENT else number)[:LONGEST_NUMBER], "inside")


def _chunk_words(chunk: str, last: bool) -> list[Word]:
    address = mail_of(chunk)
    if address:
        return [((Term(address, "start"),),)]
    pieces = PIECE.findall(chunk)
    words = [_piece_word(piece, last and index == len(pieces) - 1) for index, piece in enumerate(pieces)]
    if not pieces or chunk in pieces or any(is_han(piece[0]) for piece in pieces):
        return words
    # With signs between the letters it may also be a number written without them, or the beginning of an address.
    whole = re.sub(r"[^\w.@+-]+", "", chunk).strip(".@+-")[:LONGEST_WORD]
    together = [((Term("".join(pieces)[:LONGEST_WORD], "start"),)), ((Term(whole, "start"),))]
    apart = tuple(term for word in words for term in word[0])
    return [(apart, *together)]


def _piece_word(piece: str, last: bool) -> Word:
    if is_han(piece[0]):
        run = piece[:LONGEST_WORD]
        return (tuple(Term(pair) for pair in pairs(run)[:-1]),) if len(run) > 1 else ((Term(run, "start"),),)
    if piece.isdecimal() and piece.isascii() and len(piece) >= FRAGMENT:
        return ((_inside(piece),),)
    if last and len(piece) == 1:
        return ((Term(f"^{piece}"),),)
    return ((Term(piece[:LONGEST_WORD], "start" if last else "whole"),),)
