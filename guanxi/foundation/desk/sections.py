"""Facts and fields of forms under their headings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from guanxi.foundation.desk.declaration import Field

T = TypeVar("T")


def parted(items: Iterable[T], field_of: Callable[[T], Field]) -> list[tuple[Any, list[T]]]:
    """The items by the section of their field, in the order in which sections first occur; those of none come first."""
    found: dict[Any, list[T]] = {"": []}
    for item in items:
        found.setdefault(field_of(item).column.section or "", []).append(item)
    return [(section, some) for section, some in found.items() if some]
