"""Records as they are compared: junk taken out, names told apart and read in Latin letters, dates as eight digits.

Everything is done on whole columns; what needs Python is done once for each distinct value.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from guanxi.customers import junk
from guanxi.customers.matching import names
from guanxi.customers.matching.names import HAN, NOTHING, Words, latin
from guanxi.customers.matching.patterns import extract, matches, replace
from guanxi.foundation.language import fold_array

TEXT, LIST = pa.string(), pa.list_(pa.string())
# What `prepared` gives, and what the comparisons and blocking keys stand on.
SCHEMA = pa.schema(
    [
        ("row", pa.int64()),
        ("given", TEXT), ("given_latin", TEXT), ("short_forms", LIST), ("family", TEXT), ("family_latin", TEXT),
        ("wholes", LIST), ("words", LIST), ("rest", LIST), ("whole", TEXT),
        ("birth", TEXT), ("birth_days", pa.int32()), ("gender", TEXT),
        ("mail", TEXT), ("mailbox", TEXT), ("telephone", TEXT),
        ("street", TEXT), ("street_words", LIST), ("number", TEXT), ("address", TEXT),
        ("postcode", TEXT), ("city", TEXT), ("region", TEXT), ("country", TEXT),
        ("national_id", TEXT), ("occupation", TEXT), ("company", TEXT),
    ]
)  # fmt: skip
AT_ONCE = 250_000  # records that one thread prepares
LONGEST = 120  # characters of a value that are compared


def prepared(records: pa.Table, more_junk: Mapping[str, Iterable[str]] | None = None) -> pa.Table:
    """The table of SCHEMA for records under our names (`columns.standard`), row by row; what is missing is null."""
    if records.num_rows <= AT_ONCE:
        return _prepared(records, more_junk)
    slices = [records.slice(start, AT_ONCE) for start in range(0, records.num_rows, AT_ONCE)]
    with ThreadPoolExecutor(max_workers=min(os.cpu_count() or 1, 4)) as pool:  # Arrow and NumPy let go of the lock
        whole = pa.concat_tables(pool.map(lambda part: _prepared(part, more_junk), slices)).combine_chunks()
    return whole.set_column(0, "row", pa.array(np.arange(records.num_rows)))


def _prepared(records: pa.Table, more_junk: Mapping[str, Iterable[str]] | None) -> pa.Table:
    given = {
        name: pc.utf8_slice_codeunits(
            junk.without(name, _plain(records[name]), (more_junk or {}).get(name, ())), 0, LONGEST
        )
        for name in records.column_names
        if name != "id"
    }
    count = records.num_rows
    raw = {name: given.get(name, pa.nulls(count, TEXT)) for name in _FIELDS}
    folded = {name: fold_array(values) if values.null_count < count else values for name, values in raw.items()}
    columns: dict[str, pa.Array] = {"row": pa.array(np.arange(count))}
    columns |= _names(folded) | _times(folded) | _contacts(folded) | _places(folded)
    columns["company"] = (
        names.distinct(folded["company"], names.company) if _any(folded["company"]) else folded["company"]
    )
    columns["occupation"] = _words_of(folded["occupation"])
    return pa.table([columns[name] for name in SCHEMA.names], schema=SCHEMA)


_FIELDS = (
    "full_name given_name family_name date_of_birth gender mail telephone address street_number address_2 city region "
    "postcode country national_id occupation company"
).split()


def _plain(column: pa.ChunkedArray) -> pa.Array:
    whole = column.combine_chunks()
    return pa.concat_arrays(whole.chunks) if isinstance(whole, pa.ChunkedArray) else whole


def _any(values: pa.Array) -> bool:
    return bool(values.null_count < len(values))


def _or_none(values: pa.Array) -> pa.Array:
    if len(values) <= junk.FEW:
        return pa.array([value or None for value in values.to_pylist()], TEXT)
    return pc.if_else(pc.equal(values, ""), NOTHING, values)


def _squeezed(values: pa.Array, keep: str = r"\pL\pN") -> pa.Array:
    """Only letters and digits; null where nothing is left."""
    return _or_none(replace(values, rf"[^{keep}]+", "")) if _any(values) else values


def _words_of(values: pa.Array) -> pa.Array:
    """Letters and digits with single spaces between them."""
    if not _any(values):
        return values
    return _or_none(pc.utf8_trim(replace(values, r"[^\pL\pN]+", " "), " "))


# Names ----------------------------------------------------------------------------------------------------------------


def _names(folded: dict[str, pa.Array]) -> dict[str, pa.Array]:
    full, given, family = folded["full_name"], folded["given_name"], folded["family_name"]
    if not any(map(_any, (full, given, family))):
        empty, lists = pa.nulls(len(full), TEXT), pa.nulls(len(full), LIST)
        nothing = dict.fromkeys(("given", "given_latin", "family", "family_latin", "whole"), empty)
        return nothing | dict.fromkeys(("short_forms", "wholes", "words", "rest"), lists)
    given, family = _bare(given), _bare(family)
    read_given, read_family = _read(full)
    # A column that repeats the full name in both parts, or holds it whole, says no more than the full name.
    lone = pc.fill_null(pc.and_(pc.equal(given, family), pc.is_valid(full)), False)
    given = pc.if_else(lone, NOTHING, given)
    # A single word may be either; it is compared as a family name, which also looks among the other's given names.
    single = pc.and_(pc.is_null(family), pc.and_(pc.is_valid(given), pc.is_null(read_given)))
    given, family = pc.if_else(single, NOTHING, given), pc.if_else(single, pc.coalesce(read_family, given), family)
    told = pc.or_(pc.is_valid(given), pc.is_valid(family))
    given = pc.if_else(told, given, read_given)
    family = pc.if_else(told, family, read_family)
    given_latin, family_latin = latin(given), latin(family)
    words = _all_words(full, given, family, given_latin, family_latin)
    parts = {"given": given, "given_latin": given_latin, "family": family, "family_latin": family_latin}
    return parts | {
        "short_forms": _short_forms(given),
        "wholes": _wholes(full, given, family, given_latin, family_latin),
        "words": words.lists(),
        "rest": _rest(words, given_latin, family_latin),
        "whole": words.sorted(),
    }


def _bare(values: pa.Array) -> pa.Array:
    """A name without honorifics and idle words, its words with spaces between; Chinese ones without."""
    if not _any(values):
        return values
    spaced = replace(values, r"['’`´]", "")
    spaced = replace(spaced, r"[^\pL\pN]+", " ")
    spaced = replace(spaced, rf"\b(?:{'|'.join(names.IDLE[:20])})\b", "")
    spaced = pc.utf8_trim(replace(spaced, " +", " "), " ")
    chinese = pc.fill_null(matches(spaced, HAN), False)
    if pc.any(chinese).as_py():
        spaced = pc.if_else(chinese, replace(spaced, rf" +|{names.HONORIFICS}", ""), spaced)
    return _or_none(spaced)


def _read(full: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Given and family name out of a folded full name; of a single word only the family name."""
    if not _any(full):
        return full, full
    head = replace(full, r"\s*\(.*\)", "")
    head = replace(head, r"['’`´]", "")
    # “Clifford, Thomas” is family and given name; “thomas clifford, 1st baron …” is a name and a title.
    parts = extract(head, r"^(?P<family>[^ ,]+) *, *(?P<given>\pL[^,]*)$")
    turned = pc.binary_join_element_wise(pc.struct_field(parts, "given"), pc.struct_field(parts, "family"), " ")
    head = pc.if_else(pc.is_valid(parts), turned, replace(head, ",.*$", ""))
    words = Words(replace(head, r"-", ""))
    several = words.several()
    given, family = pc.if_else(several, words.first(), NOTHING), words.last()
    chinese = pc.fill_null(matches(full, rf"^[^\pL]*{HAN}"), False)
    if pc.any(chinese).as_py():
        chinese_family, chinese_given = names.split_chinese(pc.filter(full, chinese))
        given = pc.replace_with_mask(given, chinese, chinese_given)
        family = pc.replace_with_mask(family, chinese, chinese_family)
    return given, family


def _all_words(full: pa.Array, *parts: pa.Array) -> Words:
    """All words of a name in Latin letters; of Chinese names the parts as they are read."""
    chinese = pc.fill_null(matches(full, HAN), False)
    western = pc.if_else(chinese, NOTHING, replace(full, r"['’`´]|\(.*\)", ""))
    given, family, given_latin, family_latin = parts
    return Words(western, (_where_chinese(given, given_latin), _where_chinese(family, family_latin)))


def _where_chinese(values: pa.Array, read: pa.Array) -> pa.Array:
    chinese = pc.fill_null(matches(values, HAN), False)
    return pc.if_else(chinese, read, values)


def _rest(words: Words, given: pa.Array, family: pa.Array) -> pa.Array:
    """The words that are neither given nor family name; null where there is none."""
    places = pa.array(words.rows)
    other = pc.and_(
        pc.fill_null(pc.not_equal(words.values, given.take(places)), True),
        pc.fill_null(pc.not_equal(words.values, family.take(places)), True),
    )
    lists = words.lists(other.to_numpy(zero_copy_only=False))
    return pc.if_else(pc.equal(pc.list_value_length(lists), 0), pa.scalar(None, LIST), lists)


def _short_forms(given: pa.Array) -> pa.Array:
    first = replace(given, " .*$", "")
    return names.distinct(first, lambda name: list(names.short_forms(name)) or None, LIST)


def _wholes(
    full: pa.Array, given: pa.Array, family: pa.Array, given_latin: pa.Array, family_latin: pa.Array
) -> pa.Array:
    """The name as one word in each order it may be written, Chinese ones also in Wade-Giles."""
    both = pc.and_(pc.is_valid(given), pc.is_valid(family))
    chinese = pc.and_(both, pc.fill_null(matches(family, HAN), False))
    ways = [_joined(family_latin, given_latin, both), _joined(given_latin, family_latin, both)]
    if pc.any(chinese).as_py():
        one = latin(pc.if_else(chinese, family, NOTHING), names.taiwanese)
        two = latin(pc.if_else(chinese, given, NOTHING), names.taiwanese)
        ways += [_joined(one, two, chinese), _joined(two, one, chinese)]
    western = pc.if_else(pc.fill_null(matches(full, HAN), False), NOTHING, full)
    ways.append(_squeezed(western))
    lists = Words(ways[0], tuple(ways[1:])).lists()
    return pc.if_else(pc.equal(pc.list_value_length(lists), 0), pa.scalar(None, LIST), lists)


def _joined(first: pa.Array, second: pa.Array, where: pa.Array) -> pa.Array:
    return pc.if_else(where, pc.binary_join_element_wise(first, second, ""), NOTHING)


# Birth, gender, contacts ----------------------------------------------------------------------------------------------


def _times(folded: dict[str, pa.Array]) -> dict[str, pa.Array]:
    born = birth(folded["date_of_birth"])
    return {"birth": born, "birth_days": _days(born), "gender": _gender(folded["gender"])}


def _days(born: pa.Array) -> pa.Array:
    """The days of a date on a scale of months of 31 days, for telling how near two dates are; null for what is none."""
    if not _any(born):
        return pa.nulls(len(born), pa.int32())
    good = matches(born, r"^\d{4}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])$")
    number = pc.if_else(good, born, pa.scalar(None, TEXT)).cast(pa.int32())
    year, rest = pc.divide(number, 10_000), pc.subtract(number, pc.multiply(pc.divide(number, 10_000), 10_000))
    month = pc.divide(rest, 100)
    day = pc.subtract(rest, pc.multiply(month, 100))
    return pc.add(pc.add(pc.multiply(year, 372), pc.multiply(month, 31)), day).cast(pa.int32())


def birth(values: pa.Array) -> pa.Array:
    """Dates as eight digits, year first; what is no date keeps its digits, so that errors can be told from others.

    1630-08-01, 19300821, 1/8/1630 (day first unless that cannot be), 1990年3月4日, 1630 (its first of January).
    """
    if not _any(values):
        return values
    text = replace(values, r"[t ]\d\d:\d\d.*$", "")
    digits = replace(text, r"\D+", "")
    parts = extract(text, r"^\D*(?P<y>\d{4})\D+(?P<m>\d{1,2})\D+(?P<d>\d{1,2})\D*$")
    made = _date(*(pc.struct_field(parts, name) for name in "ymd"))
    turned = extract(text, r"^\D*(?P<a>\d{1,2})\D+(?P<b>\d{1,2})\D+(?P<y>\d{4})\D*$")
    if _any(turned):
        first, second = pc.struct_field(turned, "a"), pc.struct_field(turned, "b")
        american = pc.greater(pc.fill_null(second, "0").cast(pa.int32()), 12)
        month, day = pc.if_else(american, first, second), pc.if_else(american, second, first)
        made = pc.coalesce(made, _date(pc.struct_field(turned, "y"), month, day))
    year = pc.if_else(pc.equal(pc.utf8_length(digits), 4), pc.binary_join_element_wise(digits, "0101", ""), NOTHING)
    month = pc.if_else(pc.equal(pc.utf8_length(digits), 6), pc.binary_join_element_wise(digits, "01", ""), NOTHING)
    found = pc.coalesce(made, year, month, digits)
    return pc.if_else(pc.less(pc.utf8_length(found), 6), NOTHING, found)


def _date(year: pa.Array, month: pa.Array, day: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(year, pc.utf8_lpad(month, 2, "0"), pc.utf8_lpad(day, 2, "0"), "")


def _gender(values: pa.Array) -> pa.Array:
    if not _any(values):
        return values
    male = pc.is_in(values, value_set=pa.array("m male man mr 男 男性 先生 h homme mann männlich mannlich 1".split()))
    female = pc.is_in(
        values, value_set=pa.array("f female woman mrs ms w 女 女性 女士 小姐 femme frau weiblich 2".split())
    )
    return pc.if_else(male, "m", pc.if_else(female, "f", values))


def _contacts(folded: dict[str, pa.Array]) -> dict[str, pa.Array]:
    mail = folded["mail"]
    if _any(mail):
        mail = _or_none(replace(mail, r"^.*<|>.*$|^mailto:|\s+", ""))
    digits = _squeezed(folded["telephone"], r"\d")
    if _any(digits):  # without country code and leading noughts; eight digits would mix up area codes
        digits = _tail(digits, 9)
    return {
        "mail": mail,
        "mailbox": _or_none(replace(mail, r"(?:\+[^@]*)?@.*$", "")) if _any(mail) else mail,
        "telephone": digits,
        "national_id": _squeezed(folded["national_id"]),
    }


def _tail(values: pa.Array, length: int) -> pa.Array:
    """The last characters of each."""
    return pc.utf8_slice_codeunits(values, -length, 2**31 - 1)


# Places ---------------------------------------------------------------------------------------------------------------


def _places(folded: dict[str, pa.Array]) -> dict[str, pa.Array]:
    lines = [folded[name] for name in ("street_number", "address", "address_2") if _any(folded[name])]
    count = len(folded["address"])
    places = {
        "postcode": _squeezed(folded["postcode"]),
        "city": _words_of(folded["city"]),
        "region": _words_of(folded["region"]),
        "country": _words_of(folded["country"]),
    }
    empty = pa.nulls(count, TEXT)
    if not lines:
        return places | {"street": empty, "street_words": pa.nulls(count, LIST), "number": empty, "address": empty}
    text = pc.utf8_trim(pc.binary_join_element_wise(*[pc.fill_null(line, "") for line in lines], " "), " ")
    number = pc.utf8_trim(replace(text, r"\D+", " "), " ")
    plain = replace(text, r"[\pN]+|[^\pL\pN]+", " ")
    chinese = matches(plain, HAN)
    if pc.any(chinese).as_py():  # sections, lanes and alleys as words of their own
        cut = replace(plain, r"([市县区乡镇村里路街道段巷弄号楼室])", r"\1 ")
        plain = pc.if_else(chinese, cut, plain)
    words = Words(plain)
    street = words.sorted()
    return places | {
        "street": street,
        "street_words": words.lists(),
        "number": _or_none(number),
        "address": pc.binary_join_element_wise(street, number, "|"),
    }
