"""The normal forms by which people, their addresses and cards are recognised.

Each function takes what somebody wrote and gives the key under which it is compared, or raises `Refused` with what is
wrong. `keys` does the same for a whole Arrow column, hundreds of thousands a second: what has the usual form is taken
by vectorised rules proven equal to the functions, the rest goes through them, each distinct value once.
"""

from __future__ import annotations

import functools
import re
import unicodedata

import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings
from django.utils.translation import gettext as _
from phonenumbers import NumberParseException, PhoneMetadata, ValidationResult

from guanxi.foundation.actions import Refused
from guanxi.foundation.language import compatible, fold, fold_array, has_wide_script

LONGEST = 300  # characters in ContactPoint.key
MAIL = re.compile(
    r"[^\s@<>(),;:\"\\\[\]]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
)
_ATOM = "[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,30}"
PLAIN_MAIL = rf"^{_ATOM}(?:\.{_ATOM})?@(?:[a-z0-9]{{1,30}}(?:-[a-z0-9]{{1,20}})?\.){{1,3}}[a-z]{{2,20}}$"
PLAIN_NUMBER = r"^[!-~]+( [!-~]+)*$"
EXTENSION = re.compile(
    r"\s*(?:ext\.?|extension|durchwahl|分機|分机|內線|内线|轉|转|[x#])\s*[:：.]?\s*\d{1,7}\s*$", re.IGNORECASE
)


# Mail ---------------------------------------------------------------------------------------------------------------


def mail(value: str) -> str:
    """A mail address in small letters, its domain in ASCII. Raises Refused where it is none."""
    text = _clean(value)
    bracketed = re.fullmatch(r"[^<>]*<([^<>]*)>", text)
    text = (bracketed[1] if bracketed else text).strip().lower().removeprefix("mailto:")
    local, at, domain = text.rpartition("@")
    if not at:
        raise Refused(_("“%(value)s” is not a mail address: it has no @.") % {"value": _short(value)})
    try:
        ascii_domain = domain if domain.isascii() else domain.encode("idna").decode()
    except UnicodeError:
        ascii_domain = ""
    key = f"{local}@{ascii_domain}"
    if not MAIL.fullmatch(key) or len(key) > 254 or ".." in local or local[:1] == "." or local[-1:] == ".":
        raise Refused(
            _("“%(value)s” is not a mail address; write one like name@example.com.") % {"value": _short(value)}
        )
    return key


# Telephone ----------------------------------------------------------------------------------------------------------


def phone(value: str, country: str | None = None) -> str:
    """A telephone number in E.164, such as +886912345678, without its extension.

    `country` (ISO 3166, default the business's) tells what a number without a country code means. Numbers are accepted
    where their length is possible in their country; whether they are in use nobody can know. Raises Refused.
    """
    region = (country or settings.GUANXI_COUNTRY).upper()
    text = EXTENSION.sub("", _clean(value))
    candidates = [text]
    digits = re.sub(r"[^0-9]", "", text)
    if digits.startswith("00") and "+" not in text:
        candidates.append("+" + digits[2:])
    parsed: list[phonenumbers.PhoneNumber] = []
    failure = ""
    for candidate in candidates:
        try:
            parsed.append(phonenumbers.parse(candidate, region))
        except NumberParseException as error:
            failure = failure or _reason(error, digits)
    for accept in (phonenumbers.is_valid_number, _is_possible):
        for number in parsed:
            if accept(number):
                return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    if parsed:
        failure = _length_reason(parsed[0])
    raise Refused(_("“%(value)s” is not a telephone number: %(reason)s") % {"value": _short(value), "reason": failure})


def _is_possible(number: phonenumbers.PhoneNumber) -> bool:
    # Not "possible locally": without its area code a number is not one key.
    return phonenumbers.is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE


def _reason(error: NumberParseException, digits: str) -> str:
    if error.error_type == NumberParseException.INVALID_COUNTRY_CODE:
        return _("its country code is not known; write it like +49 30 1234567.")
    if error.error_type == NumberParseException.TOO_LONG:
        return _("it has too many digits.")
    if error.error_type == NumberParseException.NOT_A_NUMBER and len(digits) != 1:
        return _("it has no digits, or signs that do not belong there.")
    return _("it has too few digits.")


def _length_reason(number: phonenumbers.PhoneNumber) -> str:
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason == ValidationResult.TOO_LONG:
        return _("it has too many digits.")
    if reason == ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
        return _("its area code is missing.")
    return _("it has too few digits.")


# Addresses, cards, numbers, names -----------------------------------------------------------------------------------


def address(value: str) -> str:
    """A postal address as it is compared: folded, punctuation and spaces as one space, none beside wide characters."""
    words = re.sub(r"[\W_]+", " ", fold(_clean(value))).strip()
    key = re.sub(r"(?<=[^\x00-\u02ff]) | (?=[^\x00-\u02ff])", "", words)
    if not key:
        raise Refused(_("The address is empty."))
    return key[:LONGEST]


def card(value: str) -> str:
    """The number of a member card: capital letters and digits only, leading zeros kept."""
    key = re.sub(r"[\W_]+", "", _clean(value)).upper()
    if not key:
        raise Refused(
            _("“%(value)s” is not a card number: it has neither digits nor letters.") % {"value": _short(value)}
        )
    return _fitting(key)


def external(value: str, source: str = "") -> str:
    """A number that another system gave, with the code of that system before it: "till:4711"."""
    key = re.sub(r"\s+", " ", _clean(value))
    if not key:
        raise Refused(_("The number is empty."))
    return _fitting(f"{source}:{key}" if source else key)


def social(value: str) -> str:
    """A handle: small letters, without address of the page and without @; "line:meiling" keeps its network."""
    key = re.sub(r"^https?://(?:www\.)?", "", _clean(value).lower()).rstrip("/")
    key = re.sub(r"^([a-z]+)\.(?:com|me|net|tw|cn)/(?:@|ti/p/~?)?", r"\1:", key)
    key = re.sub(r"(^|:)@", r"\1", re.sub(r"\s*:\s*", ":", key))
    if not key or re.search(r"\s", key):
        raise Refused(_("“%(value)s” is not a handle: it is empty or has spaces.") % {"value": _short(value)})
    return _fitting(key)


def device(value: str) -> str:
    """The number of a device: small letters, without separators."""
    key = re.sub(r"[\s:._-]+", "", _clean(value)).lower()
    if not key:
        raise Refused(_("The number is empty."))
    return _fitting(key)


def name(value: str) -> str:
    """A name as it is kept: half-width, single spaces, none inside a Chinese name."""
    text = re.sub(r"\s+", " ", _clean(value))
    if not text:
        raise Refused(_("The name is empty."))
    return re.sub(r"(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])", "", text)


def name_key(value: str) -> str:
    """A name as it is compared: folded, letters and digits only."""
    return re.sub(r"[\W_]+", "", fold(value))


def full_name(family: str, given: str) -> str:
    """Family and given name in their order: 王美玲 but Anna Schmidt."""
    family, given = compatible(family).strip(), compatible(given).strip()
    if has_wide_script(family) or (not family and has_wide_script(given)):
        return f"{family}{given}" if has_wide_script(given) or not given else f"{family} {given}"
    return f"{given} {family}".strip()


def key_of(kind: str, value: str, country: str | None = None) -> str:
    """The key of a contact point of `kind` (ContactPoint.Kind). Raises Refused with what is wrong."""
    if kind == "phone":
        return phone(value, country)
    return _PLAIN_KINDS[kind](value)


_PLAIN_KINDS = {
    "mail": mail,
    "address": address,
    "social": social,
    "card": card,
    "device": device,
    "external": external,
}


def _clean(value: str) -> str:
    """Half-width, without control and invisible characters, trimmed."""
    text = compatible(str(value))
    if not text.isprintable():
        text = "".join(" " if character.isspace() else character for character in text)
        text = "".join(
            character for character in text if unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Cn")
        )
    return text.strip()


def _short(value: str) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _fitting(key: str) -> str:
    key = compatible(key)  # what was taken out may have kept signs apart that now combine
    if len(key) > LONGEST:
        raise Refused(_("It is longer than %(limit)s characters.") % {"limit": LONGEST})
    return key


# Whole columns ------------------------------------------------------------------------------------------------------


def keys(kind: str, array: pa.Array | pa.ChunkedArray, country: str | None = None) -> tuple[pa.Array, pa.Array]:
    """The keys of a column of values, and for each value what is wrong with it (null where nothing is).

    Null, and text of nothing but spaces, has neither key nor error. Equal to `key_of` value by value.
    """
    values = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    values = values.cast(pa.string())
    values = pc.if_else(pc.equal(pc.utf8_trim_whitespace(values), ""), pa.scalar(None, pa.string()), values)
    if kind == "phone":
        found = _fast_phones(values, (country or settings.GUANXI_COUNTRY).upper())
    elif kind == "mail":
        lower = pc.ascii_lower(pc.ascii_trim_whitespace(values))
        found = pc.if_else(pc.match_substring_regex(lower, PLAIN_MAIL), lower, pa.scalar(None, pa.string()))
    elif kind == "card":
        upper = pc.ascii_upper(pc.replace_substring_regex(values, r"[ \-]+", ""))
        found = pc.if_else(pc.match_substring_regex(upper, "^[0-9A-Z]{1,100}$"), upper, pa.scalar(None, pa.string()))
    elif kind == "external":
        trimmed = pc.ascii_trim_whitespace(values)
        plain = pc.and_(
            pc.match_substring_regex(trimmed, PLAIN_NUMBER), pc.less_equal(pc.utf8_length(trimmed), LONGEST)
        )
        found = pc.if_else(plain, trimmed, pa.scalar(None, pa.string()))
    else:
        found = pa.nulls(len(values), pa.string())
    return _with_the_rest(kind, values, found, country)


def name_keys(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    """`name_key` of each name of a column."""
    folded = fold_array(array)
    easy = pc.match_substring_regex(folded, r"^[a-z0-9 .,'\-\x{3400}-\x{9fff}]*$")
    keys_ = pc.replace_substring_regex(folded, r"[ .,'\-]+", "")
    rest = pc.fill_null(pc.invert(easy), False)
    if not pc.any(rest).as_py():
        return keys_
    slow = [name_key(text) for text in pc.filter(folded, rest).to_pylist()]
    return pc.replace_with_mask(keys_, rest, pa.array(slow, pa.string()))


def _with_the_rest(kind: str, values: pa.Array, found: pa.Array, country: str | None) -> tuple[pa.Array, pa.Array]:
    """Fill what the fast rules left open, each distinct value once."""
    errors = pa.nulls(len(values), pa.string())
    open_ = pc.and_(pc.is_null(found), pc.is_valid(values))
    if not pc.any(open_).as_py():
        return found, errors
    coded = pc.filter(values, open_).dictionary_encode()
    answers = [_answer(kind, value, country) for value in coded.dictionary.to_pylist()]
    good = pa.array([key for key, _error in answers], pa.string()).take(coded.indices)
    bad = pa.array([error for _key, error in answers], pa.string()).take(coded.indices)
    return pc.replace_with_mask(found, open_, good), pc.replace_with_mask(errors, open_, bad)


def _answer(kind: str, value: str, country: str | None) -> tuple[str | None, str | None]:
    try:
        return key_of(kind, value, country), None
    except Refused as error:
        return None, error.message


def _fast_phones(values: pa.Array, region: str) -> pa.Array:
    """E.164 of the numbers that need no thought; null for those that go through the library."""
    usual = pc.match_substring_regex(values, r"^ *[+(]?[0-9]([0-9]|[ /.\-()]{1,2}[0-9]){4,24} *$")
    digits = pc.replace_substring_regex(pc.if_else(usual, values, pa.scalar(None, pa.string())), r"[^0-9+]+", "")
    result = _fast_national(digits, region)
    parts = pc.extract_regex(digits, rf"^\+(?P<code>{_calling_codes()})(?P<rest>[1-9][0-9]+)$")
    codes, rests = pc.struct_field(parts, "code"), pc.struct_field(parts, "rest")
    for code in pc.unique(codes).to_pylist():
        rule = _rule(phonenumbers.region_code_for_country_code(int(code))) if code else None
        if rule is not None:
            good = pc.and_not(pc.and_(pc.equal(codes, code), rule.fits(rests)), _matches(rests, rule.parsing))
            result = pc.if_else(pc.fill_null(good, False), digits, result)
    return result


def _fast_national(digits: pa.Array, region: str) -> pa.Array:
    rule = _rule(region)
    nothing = pa.nulls(len(digits), pa.string())
    if rule is None or region != phonenumbers.region_code_for_country_code(rule.code):
        return nothing
    bare = pc.replace_substring_regex(digits, f"^{rule.prefix}", "") if rule.prefix else digits
    good = pc.and_(pc.match_substring_regex(digits, f"^(?:{rule.prefix})?[1-9][0-9]+$"), rule.fits(bare))
    for other in (rule.abroad, rule.other):
        good = pc.and_not(good, _matches(digits, other))
    return pc.if_else(pc.fill_null(good, False), pc.binary_join_element_wise(f"+{rule.code}", bare, ""), nothing)


def _matches(digits: pa.Array, beginning: str) -> pa.Array:
    """Whether each begins with the pattern; never, for the empty pattern."""
    return pc.match_substring_regex(digits, f"^(?:{beginning})" if beginning else "^[^0-9]$")


class _Rule:
    """What of a country's numbering plan the fast rules need, as patterns for Arrow (RE2).

    The library takes off the national prefix by the pattern `parsing`. Often that is the prefix itself, or some rare
    `other` beginnings or else the prefix; where it is anything else, only numbers that it does not touch are fast.
    """

    def __init__(self, metadata: PhoneMetadata) -> None:
        assert metadata.country_code and metadata.general_desc
        self.code: int = metadata.country_code
        self.abroad = metadata.international_prefix or ""
        self.parsing = metadata.national_prefix_for_parsing or ""
        self.prefix, self.other = _split_prefix(metadata.national_prefix or "", self.parsing)
        self._pattern = rf"^(?:{metadata.general_desc.national_number_pattern})$"
        lengths = "|".join(f".{{{length}}}" for length in metadata.general_desc.possible_length)
        self._lengths = rf"^(?:{lengths})$"

    def fits(self, numbers: pa.Array) -> pa.Array:
        """Whether each, without country code and prefix, is a number by the country's plan."""
        return pc.and_(
            pc.match_substring_regex(numbers, self._pattern), pc.match_substring_regex(numbers, self._lengths)
        )


def _split_prefix(prefix: str, parsing: str) -> tuple[str, str]:
    if not prefix or parsing == prefix:
        return (prefix, "") if parsing == prefix else ("", parsing)
    if parsing.endswith(f"|{prefix}"):
        other = parsing.removesuffix(f"|{prefix}")
    elif parsing.startswith(f"{prefix}|"):
        other = parsing.removeprefix(f"{prefix}|")
    else:
        return "", parsing
    try:
        re.compile(other)  # in one piece: the bar did not stand within brackets
    except re.error:
        return "", parsing
    return prefix, other


@functools.cache
def _rule(region: str) -> _Rule | None:
    metadata = PhoneMetadata.metadata_for_region(region, None)
    if metadata is None or metadata.general_desc is None or not metadata.general_desc.national_number_pattern:
        return None
    return _Rule(metadata)


@functools.cache
def _calling_codes() -> str:
    codes = [str(code) for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items() if "001" not in regions]
    return "|".join(codes)
