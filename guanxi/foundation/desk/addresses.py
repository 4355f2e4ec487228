"""The addresses of lists and records: worked out once each, for Django takes longer to reverse one than to show it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django.urls import get_script_prefix, reverse


def record_url(slug: str, number: Any) -> str:
    """The page of a record of the desk of that name."""
    return numbered("desk:record", slug, number=number)


def numbered(name: str, *given: str, number: Any) -> str:
    """The address of that name of something that has a number, which is the last part of it."""
    return f"{_before_number(name, given, get_script_prefix())}{number}/"


def list_url(slug: str, query: dict[str, Any] | None = None) -> str:
    """The address of a list, filtered: `list_url("customers", {"f.city": ["Taipei", "臺中"], "sort": "name"})`."""
    address = of_desk("desk:list", slug)
    return f"{address}?{urlencode(query, doseq=True)}" if query else address


def of_desk(name: str, slug: str) -> str:
    """The address of that name of a desk."""
    return _of_desk(name, slug, get_script_prefix())


def of_record(name: str, slug: str, number: Any, part: str) -> str:
    """The address of that name of a part of a record, such as a fact or a panel."""
    before, after = _of_record(name, slug, part, get_script_prefix())
    return f"{before}{number}{after}"


@lru_cache(maxsize=4096)
def _of_record(name: str, slug: str, part: str, _prefix: str) -> tuple[str, str]:
    before, _zero, after = reverse(name, args=[slug, 0, part]).partition("/0/")
    return f"{before}/", f"/{after}"


@lru_cache(maxsize=1024)
def _before_number(name: str, given: tuple[str, ...], _prefix: str) -> str:
    return reverse(name, args=[*given, 0]).removesuffix("0/")


@lru_cache(maxsize=1024)
def _of_desk(name: str, slug: str, _prefix: str) -> str:
    return reverse(name, args=[slug])
