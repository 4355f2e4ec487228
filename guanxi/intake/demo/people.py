"""Made-up people for real households: a seeded generator of names, mail addresses and telephone numbers.

Telephone numbers are from the range reserved for fiction (555-01xx), mail addresses from the domains reserved for
examples (RFC 2606), so that no message can ever reach anybody.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

CHINESE_FAMILY = (
    "王李張劉陳楊黃趙吳周徐孫馬朱胡郭何林高羅鄭梁謝宋唐許鄧韓馮曹彭曾蕭田董潘袁蔡蔣余"
    "于杜葉程魏蘇呂丁任盧姚沈鍾姜崔譚陸范汪廖石金韋賈夏付方鄒熊白孟秦邱侯江尹薛閻段雷"
    "龍黎史陶賀毛郝顧龔邵萬錢嚴歐陽司徒"
)
CHINESE_COMPOUND = ("歐陽", "司徒")
CHINESE_FEMALE = (
    "美玲 淑芬 怡君 雅婷 佳穎 詩涵 欣怡 麗華 秀英 玉蘭 曉燕 靜宜 婉如 思妤 品妍 語彤 "
    "芷若 惠雯 心怡 宜蓁 筱涵 雅雯 淑娟 鳳英 春梅 冬梅 小紅 雪 敏 靜 娜 婷"
).split()
CHINESE_MALE = (
    "志明 建宏 俊傑 家豪 冠宇 承恩 宗翰 柏翰 文彬 國華 建國 志強 偉 強 磊 軍 "
    "洋 勇 傑 濤 明輝 永康 世昌 文雄 信宏 彥廷 宇軒 浩然 子軒 天佑 德華 學友"
).split()
WESTERN_FEMALE = (
    "Laura Emma Olivia Grace Hannah Priya Ana Sofia Chloe Maria Julia Nora Claire Amelia Ruth Helen Irene "
    "Fatima Aisha Naomi Elena Camila Lucia Zoe Maya Ingrid Astrid Bridget Siobhan Yvonne Denise Carol "
    "Joan Martha Rosa Leila Nadia Vera"
).split()
WESTERN_MALE = (
    "Marcus James Daniel Samuel Thomas Victor Oscar Felix Hugo Leon Omar Ravi Arjun Diego Mateo Luis "
    "Carlos Peter Simon Paul Walter Frank George Henry Arthur Edwin Nathan Isaac Caleb Tariq Yusuf Ivan "
    "Anton Emil Lars Sven Patrick Declan"
).split()
WESTERN_FAMILY = (
    "Whitfield Ode Reyes Raman Carter Bennett Hughes Foster Griffin Hayes Porter Walsh Byrne Sullivan "
    "Murphy Novak Kowalski Petrov Ivanova Schmidt Becker Vogel Lindqvist Larsen Dubois Moreau Rossi Conti "
    "Silva Costa Ortega Vargas Castillo Mendoza Okafor Mensah Diallo Haddad Rahman Patel Iyer Banerjee "
    "Nguyen Tran Kim Park Tanaka Sato Abbott Barlow Chandler Dalton Easton Fairbanks Garner Holloway "
    "Ingram Jarvis Keller Lockwood Mercer Norwood Ogden Prescott Quincy Ramsey Sheldon Thorne"
).split()
AREA_CODES = (
    "206 210 212 213 216 303 305 312 313 404 407 412 415 480 503 505 512 513 602 614 615 617 619 702 713 "
    "718 773 804 813 859 901 937"
).split()
EXAMPLE_DOMAINS = ("example.com", "example.org", "example.net")


@dataclass(frozen=True)
class MadeUpPerson:
    """A name with what goes with it; nobody of this name and number exists."""

    name: str
    latin_name: str
    family_name: str
    given_name: str
    gender: str
    language: str
    mail: str
    telephone: str


def made_up_people(count: int, seed: int = 20170101, chinese_share: float = 0.4) -> list[MadeUpPerson]:
    """`count` people, the same for the same seed; the first 3,200 have telephone numbers of their own."""
    chooser = random.Random(seed)
    return [_person(chooser, index, chooser.random() < chinese_share) for index in range(count)]


def draw_person(chooser: random.Random, chinese: bool) -> MadeUpPerson:
    """Somebody by name alone, without address and number."""
    gender = chooser.choice(("female", "male"))
    family, given, name, latin = _chinese(chooser, gender) if chinese else _western(chooser, gender)
    language = "zh-hant" if chinese else "en"
    return MadeUpPerson(name, latin if chinese else "", family, given, gender, language, "", "")


def _person(chooser: random.Random, index: int, chinese: bool) -> MadeUpPerson:
    gender = chooser.choice(("female", "male"))
    family, given, name, latin = _chinese(chooser, gender) if chinese else _western(chooser, gender)
    mailbox = "".join(letter for letter in latin.lower().replace(" ", ".") if letter.isalpha() or letter == ".")
    return MadeUpPerson(
        name=name,
        latin_name=latin if chinese else "",
        family_name=family,
        given_name=given,
        gender=gender,
        language="zh-hant" if chinese else "en",
        mail=f"{mailbox}{index + 1}@{chooser.choice(EXAMPLE_DOMAINS)}",
        telephone=_telephone(index),
    )


def _chinese(chooser: random.Random, gender: str) -> tuple[str, str, str, str]:
    family = chooser.choice(CHINESE_COMPOUND) if chooser.random() < 0.02 else chooser.choice(CHINESE_FAMILY[:-4])
    given = chooser.choice(CHINESE_FEMALE if gender == "female" else CHINESE_MALE)
    latin = f"{_pinyin(family)} {_pinyin(given)}"
    return family, given, family + given, latin


def _western(chooser: random.Random, gender: str) -> tuple[str, str, str, str]:
    family = chooser.choice(WESTERN_FAMILY)
    given = chooser.choice(WESTERN_FEMALE if gender == "female" else WESTERN_MALE)
    return family, given, f"{given} {family}", f"{given} {family}"


def _pinyin(characters: str) -> str:
    from pypinyin import Style, lazy_pinyin  # its dictionaries take a second to load

    return "".join(lazy_pinyin(characters, style=Style.NORMAL)).capitalize()


def _telephone(index: int) -> str:
    """A number reserved for fiction; the hundred of each area code go round, so that a few are shared."""
    return f"+1 {AREA_CODES[index // 100 % len(AREA_CODES)]}-555-01{index % 100:02d}"
