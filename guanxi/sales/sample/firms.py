"""Made-up organisations with departments and people, Chinese and Western, and the files of them for the import engine.

Names are put together from words; mail addresses lie in the domains reserved for examples (RFC 2606).
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from guanxi.intake.demo.people import draw_person

SOURCE = "made-up-year"
FIRMS, DEALS = 300, 2_500  # at full scale
RIVALS = 6
SEED = 20_170_401

TAIWAN = "晴嵐 雲岫 松濤 曉峰 禾光 澄川 嶼安 望山 青禾 沐川 嵐海 遠岫 朗月 溪石 霽光 蒼梧".split()
CHINA = "晴岚 云岫 松涛 晓峰 禾光 澄川 屿安 望山 青禾 沐川 岚海 远岫 朗月 溪石 霁光 苍梧".split()
TRADES_TAIWAN = "精密 機電 自動化 食品 水處理 化工 光學 包裝 物流 醫材".split()
TRADES_CHINA = "精密 机电 自动化 食品 水处理 化工 光学 包装 物流 医疗".split()
WEST = (
    "Alderbrook Brackenfell Calderwick Dunmorrow Elleryside Farrowgate Garrickmere Harwelling Iverley Kestrelholm "
    "Larkmoor Millbankside Norrowby Oakhurstle Penhallowen Quillerton Rowanwell Stavelock Thistlemoor Wexcombe"
).split()
TRADES_WEST = "Pumps|Precision|Water|Packaging|Foods|Chemicals|Optics|Automation|Logistics|Medical".split("|")
# Country, language, cities, ending of names, and their share.
Place = tuple[str, str, Sequence[str], str, float]
PLACES: list[Place] = [
    ("TW", "zh-hant", "臺北市 新北市 桃園市 臺中市 臺南市 高雄市 新竹市".split(), "股份有限公司", 0.34),
    ("CN", "zh-hans", "上海 苏州 深圳 东莞 杭州 宁波".split(), "有限公司", 0.16),
    ("US", "en", ("Boston", "Chicago", "Denver", "Seattle", "Austin"), "Inc", 0.18),
    ("GB", "en", ("Leeds", "Bristol", "London", "Sheffield"), "Ltd", 0.12),
    ("DE", "en", ("Hamburg", "Stuttgart", "Leipzig"), "GmbH", 0.12),
    ("NL", "en", ("Utrecht", "Eindhoven"), "BV", 0.08),
]
# Of each seat: the department and the title in three languages, and the role in buying.
SEATS = [
    (("Management", "管理部", "管理部"), ("Managing director", "總經理", "总经理"), "decider"),
    (("Purchasing", "採購部", "采购部"), ("Head of purchasing", "採購經理", "采购经理"), "buyer"),
    (("Engineering", "工程部", "工程部"), ("Engineer", "工程師", "工程师"), "influencer"),
    (("Production", "生產部", "生产部"), ("Plant manager", "廠長", "厂长"), "user"),
    (("Management", "管理部", "管理部"), ("Assistant", "秘書", "秘书"), "gatekeeper"),
    (("Production", "生產部", "生产部"), ("Shift leader", "班長", "班长"), "initiator"),
    (("Finance", "財務部", "财务部"), ("Controller", "財務主管", "财务主管"), "influencer"),
    (("Engineering", "工程部", "工程部"), ("Head of development", "研發主管", "研发主管"), "influencer"),
]
WORDS = {"en": 0, "zh-hant": 1, "zh-hans": 2}
BUYERS = (("producer", 0.55), ("distributor", 0.2), ("government", 0.15), ("non_profit", 0.1))
PAYERS = (("punctual", 0.6), ("late", 0.28), ("very_late", 0.12))
GOODS = [  # a name, and about what one costs
    ("Linear guide", 180), ("Servo motor", 640), ("Gear box", 420), ("Pressure sensor", 95), ("Control cabinet", 2_400),
    ("Vacuum pump", 1_150), ("Dosing pump", 780), ("Filter housing", 210), ("Conveyor module", 1_900),
    ("Test jig", 3_200), ("Inspection camera", 1_450), ("Service, one year", 900),
]  # fmt: skip
SIZES = ("S", "M", "L", "XL", "XXL")


@dataclass(frozen=True)
class Member:
    """Somebody who works there."""

    key: str
    name: str
    latin_name: str
    given_name: str
    gender: str
    title: str
    department: str
    role: str
    stance: int
    influence: int
    mail: str


@dataclass
class Firm:
    """An organisation; `size` is 0 (small) to 3, `payer` how it pays, `rep` who looks after it."""

    key: str
    name: str
    latin_name: str
    city: str
    country: str
    language: str
    size: int
    is_customer: bool
    buyer_kind: str
    payer: str
    rep: str
    people: list[Member] = field(default_factory=list)


@dataclass(frozen=True)
class Article:
    """A product."""

    code: str
    name: str
    price: int  # whole units of the business's currency


def weighted(chooser: random.Random, choices: Iterable[tuple[str, float]]) -> str:
    """One of the choices, by their shares."""
    names, shares = zip(*choices, strict=True)
    return str(chooser.choices(names, shares)[0])


def draw_firms(reps: Sequence[str], scale: float = 1.0) -> list[Firm]:
    """The organisations, the same for the same scale."""
    chooser = random.Random(SEED)
    names = {language: _names(chooser, language) for language in WORDS}
    firms = []
    for number in range(max(12, round(FIRMS * scale))):
        place = chooser.choices(PLACES, [one[4] for one in PLACES])[0]
        firms.append(_firm(chooser, number, place, _called(names[place[1]].pop(), place), reps))
    for number in range(RIVALS):
        rival = _firm(chooser, number, PLACES[2 + number % 4], f"{WEST[number]} Rivals Ltd", reps)
        rival.key, rival.people = f"rival-{number:02}", []
        firms.append(rival)
    return firms


def is_rival(firm: Firm) -> bool:
    """Whether it is a competitor."""
    return firm.key.startswith("rival")


def articles() -> list[Article]:
    """What is sold: each good in five sizes."""
    return [
        Article(f"MU-{number + 1:02}{size}", f"{name} {size}", round(price * (0.6 + 0.4 * step)))
        for number, (name, price) in enumerate(GOODS)
        for step, size in enumerate(SIZES)
    ]


def _names(chooser: random.Random, language: str) -> list[tuple[str, str]]:
    """All names that can be put together in a language, in an order of chance.

    Each is given once, whatever the country: firms that differ in nothing but the form of law look like one.
    """
    first, trades = {
        "zh-hant": (TAIWAN, TRADES_TAIWAN), "zh-hans": (CHINA, TRADES_CHINA), "en": (WEST, TRADES_WEST),
    }[language]  # fmt: skip
    names = list(product(first, trades))
    chooser.shuffle(names)
    return names


def _called(name: tuple[str, str], place: Place) -> str:
    """A name with the form of law of its country."""
    country, language, _cities, ending, _share = place
    called = ("" if language != "en" else " ").join((*name, ending))
    return called.replace("Foods", "Lebensmittel").replace("Water", "Wasser") if country == "DE" else called


def _firm(
    chooser: random.Random,
    number: int,
    place: Place,
    name: str,
    reps: Sequence[str],
) -> Firm:
    from pypinyin import lazy_pinyin  # its dictionaries take a second to load

    country, language, cities, _ending, _share = place
    size = chooser.choices(range(4), (0.4, 0.3, 0.2, 0.1))[0]
    firm = Firm(
        key=f"firm-{number:04}",
        name=name,
        latin_name=" ".join(lazy_pinyin(name)).title() if language != "en" else "",
        city=chooser.choice(list(cities)),
        country=country,
        language=language,
        size=size,
        is_customer=chooser.random() < 0.5,
        buyer_kind=weighted(chooser, BUYERS),
        payer=weighted(chooser, PAYERS),
        rep=reps[number % len(reps)],
    )
    for place_in in range(chooser.randint(3, 4 + size + 1)):
        firm.people.append(_member(chooser, firm, place_in))
    return firm


def _member(chooser: random.Random, firm: Firm, place: int) -> Member:
    department, title, role = SEATS[place % len(SEATS)]
    person = draw_person(chooser, firm.language != "en")
    while person.given_name in {one.given_name for one in firm.people}:  # colleagues of one name are taken for one
        person = draw_person(chooser, firm.language != "en")
    word = WORDS[firm.language]
    return Member(
        key=f"{firm.key}-{place + 1}",
        mail=f"{_mailbox(firm, place)}@{firm.key}.example",
        name=person.name,
        latin_name=person.latin_name,
        given_name=person.given_name,
        gender=person.gender,
        title=title[word],
        department=department[word],
        role=role,
        stance=chooser.choices((-2, -1, 0, 1, 2), (0.05, 0.15, 0.35, 0.3, 0.15))[0],
        influence=max(1, min(5, {"decider": 5, "buyer": 4}.get(role, 3) + chooser.choice((-1, 0, 0, 1)))),
    )


def _mailbox(firm: Firm, place: int) -> str:
    """A mailbox like no other: not numbered and not made of a name, for people with like mailboxes seem to be one."""
    chooser = random.Random(f"{firm.key}-{place}")
    return "".join(chooser.choice("bdfgklmnprstvz") + chooser.choice("aeiou") for _syllable in range(4))


def write_firms(target: Path, firms: Sequence[Firm], known_since: str) -> list[tuple[str, Path]]:
    """The files of organisations, people, what ties them, and products."""
    target.mkdir(parents=True, exist_ok=True)
    parties, ties, goods = (target / f"year-{name}.csv" for name in ("parties", "relationships", "products"))
    write_rows(parties, [row for firm in firms for row in _parties(firm, known_since)])
    write_rows(ties, [row for firm in firms for row in _ties(firm, known_since)])
    write_rows(
        goods,
        [
            {"code": one.code, "name": one.name, "category": "Made-up goods", "brand": "Made up", "price": one.price,
             "cost": round(one.price * 0.58, 2)}
            for one in articles()
        ],
    )  # fmt: skip
    return [("parties", parties), ("relationships", ties), ("products", goods)]


def write_rows(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Rows as CSV, the columns by the names in the first one."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]) if rows else ["empty"])
        writer.writeheader()
        writer.writerows(rows)


def _parties(firm: Firm, known_since: str) -> Iterable[dict[str, Any]]:
    shared = {
        "city": firm.city, "country": firm.country, "language": firm.language, "made_up": "yes",
        "known_since": known_since, "owner": firm.rep,
    }  # fmt: skip
    role = "competitor" if is_rival(firm) else "customer" if firm.is_customer else "prospect"
    yield {
        "external_id": firm.key, "kind": "organisation", "name": firm.name, "latin_name": firm.latin_name, "gender": "",
        "mail": f"office@{firm.key}.example", "role": role, **shared,
    }  # fmt: skip
    for one in firm.people:
        yield {
            "external_id": one.key, "kind": "person", "name": one.name, "latin_name": one.latin_name,
            "gender": one.gender, "mail": one.mail, "role": "prospect", **shared,
        }  # fmt: skip


def _ties(firm: Firm, since: str) -> Iterable[dict[str, Any]]:
    for place, one in enumerate(firm.people):
        yield {
            "party": one.key, "kind": "works_at", "other": firm.key, "title": one.title, "department": one.department,
            "reports_to": firm.people[0].key if place else "", "buying_role": one.role, "stance": one.stance,
            "influence": one.influence, "since": since,
        }  # fmt: skip
