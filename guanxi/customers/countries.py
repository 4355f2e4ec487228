"""The countries of the world by code and by name, in the reader's language."""

from __future__ import annotations

import functools
from typing import Any

from django.conf import settings
from django.utils.translation import get_language
from phonenumbers.geodata.locale import LOCALE_DATA

from guanxi.foundation.language import fold

OWN_NAMES = {"TW": {"zh-hant": "臺灣", "zh-hans": "台湾"}}
SAME_AS = "*"  # the data's way to say “as in that language”


def known(code: str) -> bool:
    """Whether `code` is that of a country."""
    return code.upper() in LOCALE_DATA


def name(code: str) -> str:
    """The name of a country in the reader's language; the code where it has none."""
    return _names(get_language() or settings.LANGUAGE_CODE).get(code.upper(), code.upper())


def choices() -> list[tuple[str, str]]:
    """All countries by name, the business's own first."""
    names = _names(get_language() or settings.LANGUAGE_CODE)
    own = settings.GUANXI_COUNTRY.upper()
    rest = sorted((code for code in names if code != own), key=lambda code: fold(names[code]))
    return [(code, names[code]) for code in ([own] if own in names else []) + rest]


@functools.cache
def _names(language: str) -> dict[str, str]:
    names = {code: _name(code, language) for code in LOCALE_DATA}
    return {code: found for code, found in names.items() if found}


def _name(code: str, language: str) -> str:
    own = OWN_NAMES.get(code, {}).get(language)
    if own:
        return own
    found = _named(code, language.partition("-")[0]) or _named(code, "en")
    return _traditional().convert(found) if language == "zh-hant" else found


def _named(code: str, language: str) -> str:
    names = LOCALE_DATA[code]
    found = str(names.get(language, ""))
    for _step in range(3):
        if not found.startswith(SAME_AS):
            return found
        found = str(names.get(found[1:], ""))
    return ""


@functools.cache
def _traditional() -> Any:
    from opencc import OpenCC

    return OpenCC("s2twp")


@functools.cache
def by_name() -> dict[str, str]:
    """Codes by folded names in all our languages, for texts that name a country."""
    found: dict[str, str] = {}
    for language, _label in settings.LANGUAGES:
        for code, named in _names(language).items():
            found.setdefault(fold(named), code)
    for code, others in {"US": ["usa", "united states of america"], "GB": ["uk", "great britain", "england"]}.items():
        found.update(dict.fromkeys(others, code))
    return found
