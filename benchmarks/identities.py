"""Records of persons drawn with their errors, and the truth beside them: for measuring how well duplicates are found.

`customers` draws what a business keeps (a quarter of the records are duplicates, some people share a household);
`historical` draws what encyclopaedias say of people long dead: about ten records each, aliases, families in which the
same names come back, dates and places that are missing or wrong, the more so the later the record.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa

STEMS = (
    "ash", "bar", "beck", "black", "bram", "brad", "bur", "cald", "carl", "chad", "clif", "cole", "cran", "dal", "den",
    "dun", "east", "ed", "el", "farn", "fen", "gar", "gold", "grant", "hal", "ham", "har", "hart", "hay", "hol", "hunt",
    "ken", "kirk", "lang", "law", "lin", "lock", "mal", "mar", "mel", "mid", "mor", "nor", "oak", "pem", "pres", "rad",
    "ral", "red", "rock", "row", "sel", "shel", "stan", "sut", "thorn", "wal", "war", "west", "win", "wood", "wy",
)  # fmt: skip
ENDS = (
    "berry", "bridge", "burn", "bury", "by", "combe", "croft", "dale", "den", "ding", "er", "field", "ford", "ham",
    "house", "hurst", "ington", "land", "leigh", "ley", "low", "man", "mere", "mond", "more", "ner", "son", "stead",
    "ster", "stone", "stow", "ton", "wick", "well", "wood", "worth",
)  # fmt: skip
PLAIN_FAMILIES = (
    "smith jones taylor brown williams wilson johnson davies robinson wright thompson evans walker white".split()
)
HAN_FAMILIES = "陳林黃張李王吳劉蔡楊許鄭謝郭洪曾邱廖賴周徐蘇葉莊呂江何蕭羅高潘簡朱鍾彭游詹胡施沈余盧梁趙顏柯翁魏孫戴"
HAN_GIVEN = (
    "美玲志明淑芬俊傑雅婷家豪怡君建宏惠雯宗翰欣怡承恩詩涵冠宇品妍柏翰麗華文雄秀英國強春嬌"
    "大偉小芳子晴宜蓁柏睿彥廷曉東雪梅永康安琪德輝思源"
)
OCCUPATIONS = (
    "politician writer lawyer painter engineer cricketer footballer priest soldier actor composer poet botanist "
    "historian journalist physician architect judge explorer sculptor chemist diplomat mathematician translator "
    "photographer merchant banker philosopher singer zoologist teacher publisher novelist entomologist rower"
).split()
STREETS = "station church mill park london victoria green king queen north south high bridge spring school".split()
COMPANIES = "acme northwind contoso globex initech umbrella hooli vandelay stark wayne tyrell cyberdyne".split()
DOMAINS = ("gmail.com", "yahoo.com.tw", "hotmail.com", "outlook.com", "hinet.net", "example.org")
ROWS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
Record = dict[str, str | None]


@dataclass(frozen=True)
class Drawn:
    """Records, and for each the number of the person whom it tells of."""

    records: pa.Table
    person: np.ndarray


@cache
def given_names() -> tuple[list[str], dict[str, list[str]]]:
    """English given names that have short forms, in a fixed order, and their short forms."""
    from nicknames import NickNamer

    short = {name: sorted(forms) for name, forms in NickNamer().nickname_lookup.items() if len(name) > 3}
    return sorted(short), short


@cache
def families() -> list[str]:
    return PLAIN_FAMILIES + [stem + end for stem in STEMS for end in ENDS]


def zipf(count: int, power: float = 0.9) -> np.ndarray:
    """Probabilities that fall with the rank."""
    weights = 1 / np.arange(1, count + 1) ** power
    return np.asarray(weights / weights.sum())


def mistyped(text: str, draw: np.random.Generator) -> str:
    """One slip of the fingers: a key beside, one left out, doubled, or two in the wrong order."""
    if len(text) < 2:
        return text
    place, kind = int(draw.integers(len(text) - 1)), draw.integers(4)
    if kind == 0:
        row = next((row for row in ROWS if text[place] in row), "")
        if row:
            at = row.index(text[place])
            return text[:place] + row[at - 1 if at else 1] + text[place + 1 :]
    if kind == 1:
        return text[:place] + text[place + 1 :]
    if kind == 2:
        return text[:place] + text[place] + text[place:]
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


# People of the past -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Past:
    """A person of the past, and under which names he went."""

    names: list[str]
    gender: str
    born: np.datetime64
    place: str
    county: str
    postcode: str
    occupations: list[str]


def historical(persons: int = 5_000, seed: int = 1, noise: float = 1.0, most: int = 19) -> Drawn:
    """About `most` / 2 records of each; `noise` scales how much is wrong."""
    draw = np.random.default_rng(seed)
    rows: list[Record] = []
    truth: list[int] = []
    parent: Past | None = None
    for number in range(persons):
        parent = one = _past(draw, parent if draw.random() < 0.3 else None)
        count = 1 + int(draw.integers(most))
        for index in range(count):
            share = noise * index / max(count - 1, 1)
            rows.append(_said(one, share, draw))
            truth.append(number)
    order = draw.permutation(len(rows))
    table = pa.Table.from_pylist([rows[index] for index in order])
    return Drawn(table.add_column(0, "id", pa.array(np.arange(len(rows)))), np.array(truth)[order])


def _past(draw: np.random.Generator, parent: Past | None) -> Past:
    given, short = given_names()
    pool = zipf(len(given), 0.85)
    names = [given[i] for i in draw.choice(len(given), 1 + draw.choice(3, p=[0.55, 0.35, 0.1]), p=pool)]
    family = families()[draw.choice(len(families()), p=zipf(len(families()), 0.7))]
    place, county = _place(draw)
    postcode, gender = _postcode(place, draw), "male" if draw.random() < 0.8 else "female"
    born = np.datetime64("1500-01-01") + int(draw.beta(4, 1.5) * 165_000)
    jobs = [OCCUPATIONS[i] for i in draw.choice(len(OCCUPATIONS), draw.integers(1, 4), False, zipf(len(OCCUPATIONS)))]
    if parent:
        family = parent.names[0].split(",")[0].split()[-1]
        place, county, postcode, gender = parent.place, parent.county, parent.postcode, parent.gender
        names[0] = parent.names[0].split()[0] if draw.random() < 0.3 else names[0]
        born, jobs[0] = parent.born + int(draw.integers(7000, 13000)), parent.occupations[0]
    if draw.random() < 0.15:
        born = born.astype("datetime64[Y]").astype("datetime64[D]")
    return Past(_aliases(names, family, short, draw), gender, born, place, county, postcode, jobs)


def _aliases(names: list[str], family: str, short: dict[str, list[str]], draw: np.random.Generator) -> list[str]:
    """The usual name first, then what else the person is called."""
    usual = " ".join([*names, family])
    called = [usual, f"{names[0]} {family}"]
    called.append(" ".join([name[0] for name in names] + [family]))
    if names[0] in short:
        called.append(f"{draw.choice(short[names[0]])} {family}")
    if draw.random() < 0.25:
        called.append(f"sir {names[0]} {family}")
    if draw.random() < 0.15:
        seat, rank = families()[draw.integers(len(families()))], f"{draw.integers(1, 9)}th"
        title = str(draw.choice(["baron", "earl", "viscount", "baronet", "duke"]))
        called[0] = f"{usual}, {rank} {title} {family} of {seat}"
        called += [f"{rank} {title} {family} of {seat}", f"{names[0]} of {seat}", f"{usual}, {rank} {title} {family}"]
    if draw.random() < 0.12:  # a pen name, which nothing ties to the person
        given = given_names()[0]
        called.append(f"{given[draw.integers(len(given))]} {families()[draw.integers(len(families()))]}")
    return called


@cache
def places() -> list[tuple[str, str]]:
    return [(name, families()[-1 - i // 12] + "shire") for i, name in enumerate(families()[300:900])]


def _place(draw: np.random.Generator) -> tuple[str, str]:
    return places()[draw.choice(len(places()), p=zipf(len(places())))]


def _postcode(place: str, draw: np.random.Generator) -> str:
    """One in the district of the place, and mostly in one part of it."""
    district = sum(ord(letter) * 7**i for i, letter in enumerate(place)) % 60 + 1
    part = f"{draw.integers(1, 6)}{draw.choice(list('abdefghjlnpqrst'))}{draw.choice(list('abdefgh'))}"
    return f"{place[0]}{place[-1]}{district} {part}"


def _said(one: Past, share: float, draw: np.random.Generator) -> Record:
    """What one source says: `share` 0 says all right, 1 about half of it wrong or not at all."""
    wrong, silent = 0.1 + 0.5 * share, 0.45 * share
    name = _name_said(one, wrong, silent, draw)
    tokens = name.split() if name else []
    place: str | None = (
        one.place if draw.random() > wrong * 0.4 else (one.county if draw.random() < 0.7 else _place(draw)[0])
    )
    job = one.occupations[0] if draw.random() > wrong else one.occupations[draw.integers(len(one.occupations))]
    return {
        "full_name": name,
        "given_name": tokens[0] if tokens else None,
        "family_name": tokens[-1] if len(tokens) > 1 else None,
        "date_of_birth": _birth_said(one.born, wrong, draw) if draw.random() > silent else None,
        "birth_place": place if draw.random() > silent else None,
        "postcode": _postcode_said(one, wrong, draw) if draw.random() > silent else None,
        "gender": one.gender if draw.random() > silent else None,
        "occupation": job if draw.random() > silent else None,
    }


def _name_said(one: Past, wrong: float, silent: float, draw: np.random.Generator) -> str | None:
    name = one.names[0]
    if draw.random() < wrong:
        how = draw.random()
        if how < 0.5:
            name = one.names[draw.integers(len(one.names))]
        elif how < 0.9:
            name = " ".join(_variant(token, draw) for token in name.split())
        else:
            name = mistyped(name, draw)
    if draw.random() < silent:
        first, *middle, last = name.split() if " " in name else [name, ""]
        kept = [token for token in middle if draw.random() < 0.5]
        kept = ([first] if draw.random() < 0.5 else []) + kept + ([last] if last and draw.random() < 0.5 else [])
        return " ".join(kept) or None
    return name


def _variant(token: str, draw: np.random.Generator) -> str:
    short = given_names()[1].get(token)
    if short:
        return str(draw.choice(short))
    return mistyped(token, draw) if draw.random() < 0.25 else token


def _birth_said(born: np.datetime64, wrong: float, draw: np.random.Generator) -> str:
    if draw.random() > wrong * 0.6:
        return str(born)
    how = draw.random()
    if how < 0.4:
        return f"{str(born)[:4]}-01-01"
    if how < 0.75:
        return str(born + int(draw.integers(-20, 21)))
    text = list(str(born))
    text[int(draw.choice([2, 3, 5, 6, 8, 9]))] = str(draw.integers(10))
    return "".join(text)


def _postcode_said(one: Past, wrong: float, draw: np.random.Generator) -> str:
    if draw.random() > wrong:
        return one.postcode
    near = _postcode(one.place, draw)
    return one.postcode[:-2] + near[-2:] if draw.random() < 0.6 else near


# Customers ----------------------------------------------------------------------------------------------------------


def customers(count: int = 1_000_000, duplicates: float = 0.25, seed: int = 1) -> Drawn:
    """So many records, a share of them duplicates of another; a tenth of the people share a household."""
    draw = np.random.default_rng(seed)
    people = round(count * (1 - duplicates))
    columns = _people(people, draw)
    again = draw.integers(people, size=count - people)
    copies = {name: values[again].copy() for name, values in columns.items()}
    _damage(copies, draw)
    person = np.concatenate([np.arange(people), again])
    order = draw.permutation(count)
    arrays = {name: np.concatenate([columns[name], copies[name]])[order] for name in columns}
    table = pa.table(
        {"id": np.arange(count)} | {name: pa.array(values, pa.string()) for name, values in arrays.items()}
    )
    return Drawn(table, person[order])


def _people(count: int, draw: np.random.Generator) -> dict[str, np.ndarray]:
    given, _short = given_names()
    english = draw.random(count) < 0.6
    family = np.where(english, _choose(families(), count, draw, 0.75), _choose(list(HAN_FAMILIES), count, draw, 0.9))
    pairs = [a + b for a in HAN_GIVEN for b in HAN_GIVEN]
    first = np.where(english, _choose(given, count, draw, 0.8), _choose(pairs, count, draw, 0.5))
    born = (np.datetime64("1935-01-01") + draw.integers(0, 26_000, count)).astype("datetime64[D]").astype(str)
    street = _join(_choose(STREETS, count, draw, 0.4), " ", np.where(english, "street", "路"))
    number = draw.integers(1, 400, count).astype(str)
    town = draw.integers(600, size=count)
    city = np.array([name for name, _county in places()])[town]
    postcode = _join(np.char.add("", (10_000 + town * 37).astype(str)), "", draw.integers(0, 90, count).astype(str))
    mobile = _join("09", "", draw.integers(10_000_000, 99_999_999, count).astype(str))
    local = _join(
        np.where(english, first, "user"),
        ".",
        _join(np.where(english, family, "tw"), "", draw.integers(1, 99_999, count).astype(str)),
    )
    mail = _join(local, "@", _choose(list(DOMAINS), count, draw, 0.7))
    full = np.where(english, _join(first, " ", family), _join(family, "", first))
    gender = np.where(draw.random(count) < 0.5, "f", "m").astype(object)
    columns = {
        "full_name": full, "given_name": first, "family_name": family, "gender": gender, "date_of_birth": born,
        "mail": mail, "telephone": mobile, "street_number": number, "address": street, "city": city,
        "postcode": postcode, "company": _choose(COMPANIES, count, draw, 0.5),
    }  # fmt: skip
    columns = {name: values.astype(object) for name, values in columns.items()}
    shared = draw.permutation(count)[: count // 10]  # each second one lives with the one before
    here, there = shared[1::2], shared[0 : 2 * len(shared[1::2]) : 2]
    for name in ("address", "street_number", "city", "postcode", "telephone"):
        columns[name][here] = columns[name][there]
    same = english[here] == english[there]
    columns["family_name"][here[same]] = columns["family_name"][there[same]]
    renamed = here[same]
    columns["full_name"][renamed] = np.where(
        english[renamed],
        _join(columns["given_name"][renamed], " ", columns["family_name"][renamed]),
        _join(columns["family_name"][renamed], "", columns["given_name"][renamed]),
    )
    for name, share in (("date_of_birth", 0.2), ("mail", 0.3), ("telephone", 0.25), ("company", 0.6), ("gender", 0.1)):
        columns[name][draw.random(count) < share] = None
    return columns


def _choose(values: list[str], count: int, draw: np.random.Generator, power: float) -> np.ndarray:
    return np.array(values, dtype=object)[draw.choice(len(values), count, p=zipf(len(values), power))]


def _join(left: object, between: str, right: object) -> np.ndarray:
    return np.asarray(np.asarray(left, dtype=object) + between + np.asarray(right, dtype=object))


def _damage(columns: dict[str, np.ndarray], draw: np.random.Generator) -> None:  # noqa: C901 - one error after another
    """Errors as they come when the same person is taken in again: some slips, some moved, some gaps."""
    count = len(columns["full_name"])
    given_short = given_names()[1]
    moved = np.flatnonzero(draw.random(count) < 0.15)
    other = draw.integers(count, size=len(moved))
    for name in ("address", "street_number", "city", "postcode"):
        columns[name][moved] = columns[name][other]
    for name, share in (("mail", 0.15), ("telephone", 0.15)):  # a new one
        new = np.flatnonzero(draw.random(count) < share)
        columns[name][new] = columns[name][draw.integers(count, size=len(new))]
        columns[name][new] = [
            None
            if value is None
            else value[:2] + str(draw.integers(10**7, 10**8)) + value[-3 if name == "telephone" else 10 :]
            for value in columns[name][new]
        ]
    for row in np.flatnonzero(draw.random(count) < 0.08):  # called by a short name
        short = given_short.get(columns["given_name"][row])
        if short:
            old, columns["given_name"][row] = columns["given_name"][row], str(draw.choice(short))
            columns["full_name"][row] = columns["full_name"][row].replace(old, columns["given_name"][row])
    for row in np.flatnonzero(draw.random(count) < 0.12):
        for name in ("given_name", "family_name"):
            old = columns[name][row]
            if old.isascii() and draw.random() < 0.5:
                columns[name][row] = mistyped(old, draw)
                columns["full_name"][row] = columns["full_name"][row].replace(old, columns[name][row])
    for name, share in (
        ("mail", 0.05),
        ("telephone", 0.04),
        ("date_of_birth", 0.04),
        ("address", 0.06),
        ("city", 0.04),
    ):
        for row in np.flatnonzero(draw.random(count) < share):
            if columns[name][row]:
                columns[name][row] = mistyped(columns[name][row], draw)
    for row in np.flatnonzero(draw.random(count) < 0.03):
        columns["given_name"][row], columns["family_name"][row] = (
            columns["family_name"][row],
            columns["given_name"][row],
        )
    for name, share in (("date_of_birth", 0.1), ("mail", 0.1), ("telephone", 0.1), ("address", 0.05), ("gender", 0.1)):
        columns[name][draw.random(count) < share] = None
