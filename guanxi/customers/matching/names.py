"""Names as they are compared: Latin letters, family and given name apart, short forms, pinyin, legal forms."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from guanxi.customers.junk import FEW
from guanxi.customers.matching.patterns import matches, python, replace
from guanxi.foundation.language import romanise
from guanxi.foundation.language.forms import HAN_CLASS, code_points, from_code_points
from guanxi.foundation.language.pinyin import COMPOUND_SURNAMES

HAN = r"[\x{3400}-\x{4dbf}\x{4e00}-\x{9fff}\x{f900}-\x{faff}\x{20000}-\x{323af}〇々]"
# Words that say how one addresses somebody, and such as tie names together: they tell nobody from another.
IDLE = (
    "mr mrs ms miss mister dr prof professor sir madam madame dame lady lord rev reverend the hon honourable herr frau "
    "mme mlle monsieur of and de la von van der den del di da le jr sr esq phd md"
).split()
HONORIFICS = "(?:先生|女士|小姐|太太|老師|老师|博士|教授|夫人)$"
NO_WORDS = frozenset(["", *IDLE])
BETWEEN = r"[^\pL\pN]+"  # words
NOTHING = pa.nulls(1, pa.string())[0]  # pa.scalar would import pandas
CHINESE_FORMS = (
    "股份有限公司 有限责任公司 有限公司 股份公司 集团公司 企业股份有限公司 企业有限公司 "
    "企业社 工作室 商行 公司 集团 企业 行号 分公司 台湾 中国"
).split()


def distinct(
    values: pa.Array, rule: Callable[[str], str | list[str] | None], type_: pa.DataType | None = None
) -> pa.Array:
    """`rule` of each value, each distinct value once."""
    coded = values.dictionary_encode()
    answers = pa.array(
        [None if value is None else rule(value) for value in coded.dictionary.to_pylist()], type_ or pa.string()
    )
    return answers.take(coded.indices)


# Short forms ----------------------------------------------------------------------------------------------------------


@functools.cache
def _namer() -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    from nicknames import NickNamer

    namer = NickNamer()
    return namer.canonical_lookup, namer.nickname_lookup


@functools.cache
def short_forms(given: str) -> tuple[str, ...]:
    """The names that a given name may stand for, itself among them: bob gives bob, robert; () where it has none."""
    canonical, short = _namer()
    found = canonical.get(given, set())
    if not found and given not in short:
        return ()
    return tuple(sorted({given, *found}))


# Pinyin ---------------------------------------------------------------------------------------------------------------


@functools.cache
def _wade_giles() -> dict[str, str]:
    """Pinyin syllables as Taiwan's passports write them (Wade-Giles without its signs): xiao is hsiao."""
    from pypinyin import Style, lazy_pinyin
    from pypinyin.constants import PINYIN_DICT

    characters = [chr(point) for point in PINYIN_DICT]
    plain = lazy_pinyin(characters, style=Style.NORMAL, v_to_u=False)
    giles = lazy_pinyin(characters, style=Style.WADEGILES)
    return {
        ours: re.sub("[^a-z]", "", theirs.replace("ü", "u").replace("v", "u"))
        for ours, theirs in zip(plain, giles, strict=True)
    }


@functools.lru_cache(maxsize=200_000)
def pinyin(name: str) -> str:
    """The likeliest reading of a folded Chinese name, as one word; letters that are there already are kept."""
    read = romanise(name)
    return "".join(read[0]) if read else ""


@functools.lru_cache(maxsize=200_000)
def taiwanese(name: str) -> str:
    """The same in Wade-Giles."""
    read = romanise(name)
    return "".join(_wade_giles().get(syllable, syllable) for syllable in read[0]) if read else ""


def latin(values: pa.Array, reading: Callable[[str], str] = pinyin) -> pa.Array:
    """Folded names as one word of Latin letters; Chinese ones as they are read, other scripts as they are."""
    letters = replace(values, r"[^\pL\pN]+", "")
    chinese = pc.fill_null(matches(letters, HAN), False)
    if not pc.any(chinese).as_py():
        return letters
    read = distinct(pc.filter(letters, chinese), lambda name: reading(name) or name)
    return pc.replace_with_mask(letters, chinese, read)


# Whole names ----------------------------------------------------------------------------------------------------------


def split_chinese(values: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Family and given name of folded names in Chinese characters: 王小明 → 王, 小明; 歐陽娜娜 → 欧阳, 娜娜."""
    bare = replace(values, rf"[^\pL]+|{HONORIFICS}", "")
    two = pc.is_in(pc.utf8_slice_codeunits(bare, 0, 2), value_set=pa.array(sorted(COMPOUND_SURNAMES)))
    long = pc.and_(two, pc.greater(pc.utf8_length(bare), 2))
    family = pc.if_else(long, pc.utf8_slice_codeunits(bare, 0, 2), pc.utf8_slice_codeunits(bare, 0, 1))
    given = pc.if_else(long, pc.utf8_slice_codeunits(bare, 2), pc.utf8_slice_codeunits(bare, 1))
    return family, pc.if_else(pc.equal(given, ""), NOTHING, given)


class Words:
    """The words of each text of a column, as one flat array and where each text's words begin."""

    def __init__(self, texts: pa.Array, also: tuple[pa.Array, ...] = ()) -> None:
        """Words of folded texts (null: none), and those of `also` after them; idle words and repetitions left out."""
        self.count = len(texts)
        found = _words_of_few if self.count <= FEW else _words_of_many
        self.values, self.rows = found((texts, *also))

    def first(self) -> pa.Array:
        """The first word of each text."""
        return self._at(np.searchsorted(self.rows, np.arange(self.count)), 1)

    def last(self) -> pa.Array:
        """The last word of each text that has more than one, else the only one."""
        return self._at(np.searchsorted(self.rows, np.arange(self.count), side="right") - 1, 1)

    def several(self) -> pa.Array:
        """Whether a text has more than one word."""
        return pa.array(np.bincount(self.rows, minlength=self.count) > 1)

    def _at(self, places: np.ndarray, least: int) -> pa.Array:
        empty = np.bincount(self.rows, minlength=self.count) < least
        return self.values.take(pa.array(np.where(empty, 0, places), mask=empty))

    def lists(self, keep: np.ndarray | None = None) -> pa.Array:
        """The words as a list for each text; `keep` says which words."""
        values, rows = self.values, self.rows
        if keep is not None:
            values, rows = values.filter(pa.array(keep)), rows[keep]
        offsets = np.zeros(self.count + 1, np.int32)
        np.cumsum(np.bincount(rows, minlength=self.count), out=offsets[1:])
        return pa.ListArray.from_arrays(pa.array(offsets), values)

    def joined(self) -> pa.Array:
        """The words of each text as one; null where there is none."""
        text = pc.binary_join(self.lists(), "")
        return pc.if_else(pc.equal(text, ""), NOTHING, text)

    def sorted(self) -> pa.Array:
        """The words in the order of the alphabet, with spaces between; null where there is none."""
        ranks = pc.rank(self.values, tiebreaker="dense").to_numpy(zero_copy_only=False) if len(self.values) else []
        order = np.lexsort((ranks, self.rows))
        lists = self.lists()
        text = pc.binary_join(pa.ListArray.from_arrays(lists.offsets, self.values.take(pa.array(order))), " ")
        return pc.if_else(pc.equal(text, ""), NOTHING, text)


def _words_of_few(texts: tuple[pa.Array, ...]) -> tuple[pa.Array, np.ndarray]:
    words = [
        dict.fromkeys(word for text in row if text for word in python(BETWEEN).split(text) if word not in NO_WORDS)
        for row in zip(*(text.to_pylist() for text in texts), strict=True)
    ]
    values = pa.array([word for row in words for word in row], pa.string())
    return values, np.repeat(np.arange(len(words)), np.array([len(row) for row in words], np.int64))


def _words_of_many(texts: tuple[pa.Array, ...]) -> tuple[pa.Array, np.ndarray]:
    rows, values = [], []
    for text in texts:
        clean = pc.utf8_trim(replace(pc.fill_null(text, ""), BETWEEN, " "), " ")
        lists = pc.split_pattern(clean, " ")
        values.append(lists.flatten())
        rows.append(np.repeat(np.arange(len(text)), pc.list_value_length(lists).to_numpy(zero_copy_only=False)))
    flat, row = pa.concat_arrays(values), np.concatenate(rows)
    useful = pc.invert(pc.is_in(flat, value_set=pa.array(sorted(NO_WORDS)))).to_numpy(zero_copy_only=False)
    flat, row = flat.filter(pa.array(useful)), row[useful]
    codes = flat.dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.int64)
    if len(texts) > 1:  # the texts one after the other: back to the order of rows, the first text's words first
        order = np.argsort(row, kind="stable")
        flat, row, codes = flat.take(pa.array(order)), row[order], codes[order]
    _, first = np.unique(row * (codes.max(initial=0) + 1) + codes, return_index=True)
    keep = np.sort(first)
    return flat.take(pa.array(keep)), row[keep]


# Companies ------------------------------------------------------------------------------------------------------------


@functools.cache
def _terms() -> tuple[tuple[str, ...], list[str]]:
    from cleanco import prepare_default_terms

    return prepare_default_terms(), sorted(CHINESE_FORMS, key=len, reverse=True)


@functools.lru_cache(maxsize=100_000)
def company(name: str) -> str:
    """A folded company name without its legal form: Acme Co., Ltd. → acme; 台積電股份有限公司 → 台积电."""
    from cleanco import basename

    terms, chinese = _terms()
    bare, before = name, ""
    while bare != before:  # one form after the other: Co., Ltd.
        bare, before = str(basename(bare, terms=terms)) or bare, bare
    bare = re.sub(r"[\W_]+", " ", bare).strip()
    for form in chinese:
        shorter = bare.removesuffix(form).strip()
        bare = shorter if len(shorter) > 1 else bare
    return re.sub(rf"(?<=[{HAN_CLASS}]) | (?=[{HAN_CLASS}])", "", bare) or name


__all__ = [
    "Words",
    "code_points",
    "company",
    "distinct",
    "from_code_points",
    "latin",
    "pinyin",
    "short_forms",
    "split_chinese",
]
