"""Conditions on records, kept as text in the language of a list's filters: “f.value__gte=1000&f.contact__empty=0”.

People make them by filtering the list and pasting its address; whoever keeps them asks whether a record fulfils them.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _

from guanxi.foundation.actions import Refused
from guanxi.foundation.desk import declaration, filters
from guanxi.foundation.desk.filters import Active


def read(slug: str, query: str) -> list[Active]:
    """The conditions that a query stands for, on records of the list called `slug`."""
    found = declaration.find(slug)
    if found is None:
        raise ImproperlyConfigured(f"There is no list “{slug}”.")
    return filters.read(found, parse_qsl(query))


def in_words(slug: str, query: str) -> str:
    """The conditions as the pills of the list say them."""
    return "; ".join(one.text for one in read(slug, query))


def cleaned(slug: str, text: str, field: str) -> str:
    """What is kept of what was typed: the conditions of an address of the list, or of its part behind the “?”.

    Raises Refused with `field` where one of them cannot be understood.
    """
    text = text.strip()
    query = urlsplit(text).query if "://" in text or text.startswith("/") else text.lstrip("?")
    pairs = [(key, value) for key, value in parse_qsl(query) if key.startswith("f.")]
    if text and not pairs:
        desk = declaration.find(slug)
        words = _("Filter the list “%(list)s” and paste its address here.")
        raise Refused(words % {"list": desk.plural if desk else slug}, field)
    found = read(slug, urlencode(pairs))
    for one in found:
        if one.error:
            raise Refused(f"{one.label}: {one.error}", field)
    return urlencode([pair for one in found for pair in one.pairs])


def unmet(slug: str, row: Any, query: str) -> list[str]:
    """The conditions, in words, that a record does not fulfil as it is stored. What cannot be asked any more, such as a
    custom field that is gone, counts as not fulfilled."""
    rows = row._meta.model._base_manager.filter(pk=row.pk)
    return [one.text for one in read(slug, query) if one.error or not rows.filter(one.q).exists()]
