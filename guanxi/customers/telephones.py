"""Telephone numbers while they are typed: formatted, checked, explained, with an example of the country."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import phonenumbers
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from guanxi.customers import countries, normalise
from guanxi.foundation.actions import Refused

KINDS: dict[int, Any] = {
    PhoneNumberType.MOBILE: _("mobile"),
    PhoneNumberType.FIXED_LINE: _("fixed line"),
    PhoneNumberType.FIXED_LINE_OR_MOBILE: _("fixed line or mobile"),
    PhoneNumberType.TOLL_FREE: _("free of charge"),
    PhoneNumberType.PREMIUM_RATE: _("premium rate"),
    PhoneNumberType.VOIP: _("over the internet"),
}


@dataclass(frozen=True)
class Telephone:
    """What can be said of a number as far as it is typed."""

    formatted: str  # as far as it is typed
    full: str = ""  # with its country, once it is whole
    words: str = ""  # which country, which kind
    error: str = ""


def codes() -> list[tuple[str, str, str]]:
    """Countries with their names and calling codes, the business's own first."""
    return [
        (code, name, f"+{number}")
        for code, name in countries.choices()
        if (number := phonenumbers.country_code_for_region(code))
    ]


def example(country: str) -> str:
    """A number as the country writes it, for a hint; empty where none is known."""
    found = phonenumbers.example_number_for_type(_region(country), PhoneNumberType.MOBILE)
    return phonenumbers.format_number(found, PhoneNumberFormat.NATIONAL) if found else ""


def look(text: str, country: str) -> Telephone:
    """What `text` is so far. Never raises."""
    region = _region(country)
    formatted = as_typed(text, region)
    if not text.strip():
        return Telephone("")
    try:
        number = phonenumbers.parse(normalise.phone(text, region))
    except Refused as refusal:
        return Telephone(formatted, error=refusal.message)
    kind = KINDS.get(phonenumbers.number_type(number), "")
    where = countries.name(phonenumbers.region_code_for_number(number) or "") or ""
    words = " · ".join(str(part) for part in (kind, where) if part)
    return Telephone(formatted, phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL), words)


def as_typed(text: str, country: str) -> str:
    """`text` with the spaces that its country puts between the digits; as it is where it holds anything else."""
    digits = "".join(sign for sign in text if sign.isdecimal() or sign == "+")
    if not digits or any(not (sign.isdecimal() or sign in "+ -()./") for sign in text):
        return text
    formatter = phonenumbers.AsYouTypeFormatter(_region(country))
    shown = ""
    for sign in digits[:20]:
        shown = formatter.input_digit(sign)
    return shown


def whole(text: str, country: str) -> str:
    """A number without a country code, written with that of `country`, so that it is read right wherever it stands."""
    number = phonenumbers.parse(normalise.phone(text, _region(country)))
    extension = normalise.EXTENSION.search(text)
    shown = str(phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL))
    return shown + (f" {extension[0].strip()}" if extension else "")


def _region(country: str) -> str:
    code = country.upper()
    return code if code in phonenumbers.SUPPORTED_REGIONS else settings.GUANXI_COUNTRY.upper()
