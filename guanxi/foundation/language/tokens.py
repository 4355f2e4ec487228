"""What is indexed of a text: words, Chinese characters and pairs of them, pinyin, fragments of numbers, mail addresses.

A token holds no space, quotation mark, colon or backslash, so both databases take a row of tokens, joined by spaces, as
it is. What a query looks for is the matter of `guanxi.foundation.search.query`, which stands on the same rules:

- words: runs of letters and digits ("SO-00042" has so, 00042, and so00042 in one), and their first signs (^s, ^0), as
  looking up all words with that beginning would take too long;
- numbers: whole, as written and without leading zeros (#00042, #42), and every four digits in a row, so that any
  fragment of four and more is found;
- Chinese: every character (^王) and every two in a row (王美);
- pinyin: syllables, joined (wangmeiling; of short runs also meiling), initials (wml);
- mail: the whole address, its domain, the first part of that, the words of its local part.
"""

from __future__ import annotations

import functools
import re

from guanxi.foundation.language.forms import HAN, HAN_CLASS, fold
from guanxi.foundation.language.pinyin import initials, romanise, syllables

LONGEST_TEXT = 4000  # characters of a text that are indexed
LONGEST_WORD = 60
LONGEST_NUMBER = 24  # digits in a row of which fragments are indexed
FRAGMENT = 4  # digits
LONGEST_RUN = 200  # characters in a row that are read
LONGEST_READ = 16  # characters in a row that are joined as pinyin
SHORT_NAME = 4  # characters in a row up to which the given name alone is found in pinyin

PIECE = re.compile(rf"[{HAN_CLASS}]+|[^\W_{HAN_CLASS}]+")
DIGITS = re.compile(r"[0-9]{4,}")
UNSAFE = re.compile(r"[^\w.@+&-]+")
EDGE = ".@+&-"


def index_tokens(text: str) -> list[str]:
    """The tokens of a text, in no order that means anything; some may repeat."""
    tokens: list[str] = []
    for chunk in fold(text[:LONGEST_TEXT]).split():
        address = mail_of(chunk)
        if address:
            local, _at, domain = address.rpartition("@")
            tokens += filter(None, (address, domain, domain.partition(".")[0]))
            tokens += _piece_tokens(PIECE.findall(local))
        else:
            pieces = PIECE.findall(chunk)
            tokens += _piece_tokens(pieces)
            if len(pieces) > 1 and any("0" <= character <= "9" for character in chunk):
                tokens.append("".join(pieces)[:LONGEST_WORD])
    return tokens


def mail_of(chunk: str) -> str:
    """The mail address that a chunk without spaces is, made safe; "" where it is none."""
    if "@" not in chunk:
        return ""
    address = UNSAFE.sub("", chunk).strip(EDGE)
    return address[:LONGEST_WORD] if 0 < address.find("@") < min(len(address), LONGEST_WORD) - 1 else ""


def title_token(title: str) -> str:
    """The token that stands for a title as a whole: by it exact titles and their beginnings are found first."""
    return f"={joined(fold(title[:LONGEST_TEXT]))}"


def joined(folded: str) -> str:
    """A folded text without all that is no letter or digit."""
    return "".join(PIECE.findall(folded))[:LONGEST_WORD]


def _piece_tokens(pieces: list[str]) -> list[str]:
    tokens: list[str] = []
    for piece in pieces:
        if is_han(piece[0]):
            tokens += [f"^{character}" for character in piece]
            tokens += pairs(piece)
            tokens += _pinyin_tokens(piece)
        else:
            tokens.append(f"^{piece[0]}")
            tokens += [piece[:LONGEST_WORD]] if piece.isalpha() else _number_tokens(piece)
    return tokens


def is_han(character: str) -> bool:
    """Whether a character is Chinese."""
    return not character.isascii() and HAN.match(character) is not None


def pairs(run: str) -> list[str]:
    """Every two characters in a row."""
    return [run[index : index + 2] for index in range(len(run) - 1)]


def fragments(number: str) -> list[str]:
    """Every four digits in a row."""
    return [number[index : index + FRAGMENT] for index in range(len(number) - FRAGMENT + 1)]


def _number_tokens(piece: str) -> list[str]:
    """What is indexed of a word with digits; `piece` itself only where it is no long number."""
    if not (piece.isascii() and piece.isdecimal()):
        return [
            piece[:LONGEST_WORD],
            *(part for run in DIGITS.findall(piece) for part in fragments(run[:LONGEST_NUMBER])),
        ]
    number = piece[:LONGEST_NUMBER]
    bare = number.lstrip("0")
    whole = [f"#{number}", f"#{bare}"] if bare != number and bare else [f"#{number}"]
    if len(number) > FRAGMENT:
        return whole + fragments(number)
    return [*whole, number, bare] if bare != number and bare else [*whole, number]


@functools.lru_cache(maxsize=4096)
def _pinyin_tokens(run: str) -> tuple[str, ...]:
    run = run[:LONGEST_RUN]
    options = syllables(run)
    tokens = [syllable for option in options for syllable in option]
    tokens += [f"^{syllable[0]}" for option in options for syllable in option]
    if 2 <= len(run) <= LONGEST_READ and len(options) > 1:
        for read in romanise(run):
            last = len(read) - 1 if len(run) <= SHORT_NAME else 1
            tokens += ["".join(read[index:])[:LONGEST_WORD] for index in range(last)]
            tokens.append(initials(read))
    return tuple(tokens)
