"""How Chinese is read: pinyin without tones, surnames by their own readings (單 is Shan, 曾 is Zeng)."""

from __future__ import annotations

import functools
import itertools

from guanxi.foundation.language.forms import HAN, fold, has_han

# Characters that are read otherwise when they are a surname (folded, that is simplified).
SURNAMES = {
    "单": "shan", "曾": "zeng", "仇": "qiu", "解": "xie", "查": "zha", "朴": "piao",
    "区": "ou", "盖": "ge", "种": "chong", "乐": "yue", "员": "yun", "缪": "miao",
    "翟": "zhai", "洗": "xian", "召": "shao", "折": "she", "黑": "he", "秘": "bi",
    "覃": "qin", "厘": "xi", "卜": "bu", "隗": "wei", "牟": "mu", "句": "gou",
    "六": "lu",
}  # fmt: skip
COMPOUND_SURNAMES = {
    "欧阳", "司马", "上官", "诸葛", "夏侯", "皇甫", "尉迟", "公孙", "慕容", "令狐", "司徒", "司空", "长孙", "宇文",
    "东方", "南宫", "独孤", "端木", "轩辕", "百里", "东郭", "呼延", "闻人", "申屠", "澹台", "公冶", "太史", "钟离",
    "濮阳", "淳于", "单于", "范姜", "张简", "鲜于", "闾丘", "亓官", "万俟", "拓跋", "西门", "左丘", "第五", "梁丘",
    "羊舌", "微生",
}  # fmt: skip
COMPOUND_READINGS = {"尉迟": ("yu", "chi"), "单于": ("chan", "yu"), "万俟": ("mo", "qi"), "长孙": ("zhang", "sun")}
VARIANTS = 4  # readings kept of one run of characters


@functools.cache
def _table() -> dict[str, str]:
    """The common reading of each character, ü as v; built once."""
    from pypinyin import Style, lazy_pinyin  # its dictionaries take a second to load; most processes never need them
    from pypinyin.constants import PINYIN_DICT

    characters = [chr(point) for point in PINYIN_DICT]
    read = lazy_pinyin(characters, style=Style.NORMAL, v_to_u=False)
    return {
        character: syllable
        for character, syllable in zip(characters, read, strict=True)
        if syllable.isascii() and syllable.isalpha()
    }


@functools.cache
def readings(character: str, first: bool = False) -> tuple[str, ...]:
    """The readings of a folded character, the likeliest first; none where it has no reading.

    `first`: it begins a name, so it is likely read as a surname. ü is found as v, yu and u (呂: lv, lyu, lu).
    """
    both = [SURNAMES.get(character, ""), _table().get(character, "")]
    found = [syllable for syllable in (both if first else reversed(both)) if syllable]
    for syllable in list(found):
        if syllable in ("lv", "nv", "lve", "nve"):
            found += [syllable.replace("v", "yu", 1), syllable.replace("v", "u", 1)]
    return tuple(dict.fromkeys(found))


def syllables(run: str) -> list[tuple[str, ...]]:
    """Per character of a run of folded characters its readings; characters without one are left out."""
    options = [readings(character, index == 0) for index, character in enumerate(run)]
    compound = COMPOUND_READINGS.get(run[:2])
    if compound and len(run) > 2:
        options[:2] = [tuple(dict.fromkeys((new, *old))) for new, old in zip(compound, options[:2], strict=True)]
    return [option for option in options if option]


def romanise(run: str) -> list[tuple[str, ...]]:
    """The readings of a run of folded characters as a whole: the likeliest first, at most four."""
    return list(itertools.islice(itertools.product(*syllables(run)), VARIANTS))


def initials(read: tuple[str, ...]) -> str:
    """The first letters: ("wang", "mei", "ling") gives "wml"."""
    return "".join(syllable[0] for syllable in read)


def split_name(name: str) -> tuple[str, str]:
    """Family and given name of a name written in Chinese characters without a space: ("歐陽", "娜娜")."""
    if len(name) > 2 and fold(name[:2]) in COMPOUND_SURNAMES:
        return name[:2], name[2:]
    return name[:1], name[1:]


def latin_name(name: str) -> str:
    """A Chinese name in Latin letters as its bearer would write it: 王美玲 gives "Wang Meiling"; "" for other names."""
    bare = name.replace(" ", "").replace("·", "").replace("•", "")
    if not has_han(bare) or not all(HAN.match(character) for character in bare):
        return ""
    family, _given = split_name(bare)
    read = romanise(fold(bare))[0]
    words = ["".join(read[: len(family)]), "".join(read[len(family) :])]
    return " ".join(word.replace("v", "ü").capitalize() for word in words if word)
