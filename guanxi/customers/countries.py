"""The countries of the world by code and by name, in the reader's language (Unicode's CLDR)."""

from __future__ import annotations

import functools

from babel import Locale
from django.conf import settings
from django.utils.translation import get_language

from guanxi.foundation.language import fold

# Where the names of CLDR are longer, or others, than people write them on letters.
OWN_NAMES = {
    "TW": {"zh-hant": "臺灣", "zh-hans": "台湾"},
    "HK": {"en": "Hong Kong", "zh-hant": "香港", "zh-hans": "香港"},
    "MO": {"en": "Macao", "zh-hant": "澳門", "zh-hans": "澳门"},
}
# Regions of CLDR that are no countries: unions, what is not known, islands that have their post from elsewhere.
NO_COUNTRIES = {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"}


def known(code: str) -> bool:
    """Whether `code` is that of a country."""
    return code.upper() in _names(settings.LANGUAGE_CODE)


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
    named = {str(code): str(name) for code, name in Locale.parse(language, sep="-").territories.items()}
    codes = [code for code in named if len(code) == 2 and code.isalpha() and code not in NO_COUNTRIES]
    return {code: OWN_NAMES.get(code, {}).get(language) or named[code] for code in codes}


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
