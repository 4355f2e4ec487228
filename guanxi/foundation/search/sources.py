"""What is indexed of each type of object: the values of the door "search"."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import models

from guanxi.foundation import hooks

SHIFT = 44  # bits of a document's number that hold the object's
SUBTITLE = TITLE = 300


@dataclass(frozen=True)
class Source:
    """How objects of one type are found and shown.

    `letter` (a to z, 0 to 9) tells the type apart within the index: never change it without `rebuild`. `text` is all
    else by which an object is found, separated by spaces: other names, numbers, mail addresses, telephone numbers in
    E.164; what hangs on the door `search_text`, a function (row) → text, is added to it. `title` and `subtitle` are
    data, the same in every language. `weight` from 0 to 1 orders equals.
    """

    object_type: str
    letter: str
    model: type[models.Model]
    title: Callable[[Any], str]
    url: Callable[[int], str]
    text: Callable[[Any], str] = lambda row: ""
    subtitle: Callable[[Any], str] = lambda row: ""
    weight: Callable[[Any], float] = lambda row: 0.0
    list_url: Callable[[str], str] | None = None  # the list of these objects narrowed to a query
    icon: str = "search"
    label: Any = None  # in the plural; the model's own by default
    select_related: tuple[str, ...] = ()
    prefetch_related: tuple[str, ...] = ()

    @property
    def plural(self) -> str:
        """What people call these objects."""
        return str(self.label or self.model._meta.verbose_name_plural)

    def entry(self, row: Any, text: str | None = None) -> tuple[int, str, str, str, float]:
        """What the index keeps of one row: id, title, subtitle, text (with what is told of it besides), weight."""
        weight = min(1.0, max(0.0, self.weight(row)))
        text = self.text(row) if text is None else text
        text = " ".join([text, *(more for door in hooks.get("search_text") if (more := door(row)))])
        return row.pk, self.title(row)[:TITLE], self.subtitle(row)[:SUBTITLE], text, weight


def document_id(source: Source, object_id: int) -> int:
    """The number of an object's document: the type's letter above, the object's own number below."""
    return (ord(source.letter) << SHIFT) | object_id


def object_id(document: int) -> int:
    """The object's own number."""
    return document & ((1 << SHIFT) - 1)


def id_range(source: Source) -> tuple[int, int]:
    """The first and the last number that documents of this type can have."""
    return document_id(source, 0), document_id(source, (1 << SHIFT) - 1)


def all_sources() -> list[Source]:
    """Everything that is searched, in order. Raises ImproperlyConfigured where two claim one letter."""
    sources: list[Source] = hooks.get("search")
    letters = [source.letter for source in sources]
    for source in sources:
        if letters.count(source.letter) > 1 or not (source.letter.isascii() and source.letter.isalnum()):
            raise ImproperlyConfigured(f"The search letter “{source.letter}” of {source.object_type} is taken or none.")
        if source.letter != source.letter.lower():
            raise ImproperlyConfigured(f"The search letter of {source.object_type} must be small.")
    return sources


def source_of_type(object_type: str) -> Source:
    """The source of that name. Raises LookupError."""
    return _first((source for source in all_sources() if source.object_type == object_type), object_type)


def source_of_model(model: type[models.Model]) -> Source:
    """The source of a model. Raises LookupError."""
    return _first((source for source in all_sources() if source.model is model), model._meta.label)


def _first(sources: Iterable[Source], name: str) -> Source:
    for source in sources:
        return source
    raise LookupError(f"Nothing is registered at the door “search” for {name}.")
