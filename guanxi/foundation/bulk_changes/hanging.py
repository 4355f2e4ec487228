"""What hangs on records that are to be deleted: what goes along, what loses its link, what forbids it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import models
from django.urls import NoReverseMatch
from django.utils.translation import gettext_lazy as _

from guanxi.foundation.belonging import BelongingQuerySet
from guanxi.foundation.desk import Desk, find_for
from guanxi.foundation.desk.among import Among
from guanxi.foundation.visibility import Viewer

GOES, STAYS, FORBIDS = "goes", "stays", "forbids"
WORDS = {
    GOES: _("is deleted along"),
    STAYS: _("stays, without the link"),
    FORBIDS: _("forbids it: delete or change these first"),
}
EXAMPLES = 3
DEEPEST = 6


@dataclass
class Hanging:
    """Rows of one type that hang on what is to be deleted."""

    model: type[models.Model]
    fate: str
    link: str = ""
    ids: list[int] = field(default_factory=list)
    examples: list[tuple[str, str]] = field(default_factory=list)  # title and address, as the viewer may see them

    @property
    def label(self) -> Any:
        """The rows by the name that people know them by."""
        return self.model._meta.verbose_name_plural

    @property
    def words(self) -> Any:
        """What becomes of them."""
        return WORDS[self.fate]

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.ids)


def hanging_on(desk: Desk, ids: Sequence[int], viewer: Viewer) -> list[Hanging]:
    """What hangs on these rows of a desk, what forbids first."""
    found = [one for one in walk(desk.model, list(ids)) if one.ids]
    for one in found:
        one.examples = _examples(one, viewer)
    return sorted(found, key=lambda one: (FORBIDS, GOES, STAYS).index(one.fate))


def walk(model: type[models.Model], ids: list[int], depth: int = 0) -> Iterator[Hanging]:
    """All that hangs on rows of a model, nearest first; what is deleted along is followed further."""
    if not ids or depth > DEEPEST:
        return
    below: list[tuple[type[models.Model], list[int]]] = []
    for one in [*_linked(model, ids), *_belonging(model, ids)]:
        yield one
        if one.fate == GOES and one.ids:
            below.append((one.model, one.ids))
    for further, numbers in below:
        yield from walk(further, numbers, depth + 1)


def _linked(model: type[models.Model], ids: list[int]) -> Iterator[Hanging]:
    """Rows that refer to them by a foreign key."""
    relations: list[Any] = list(model._meta.get_fields(include_hidden=True))
    for relation in relations:
        if not relation.auto_created or relation.concrete or not (relation.one_to_many or relation.one_to_one):
            continue
        fate = _fate(relation.on_delete)
        if fate is None:
            continue
        rows = relation.related_model._base_manager.filter(Among(relation.field.attname, ids))
        yield Hanging(
            relation.related_model, fate, relation.field.name, list(rows.order_by("pk").values_list("pk", flat=True))
        )


def _fate(on_delete: Any) -> str | None:
    if on_delete in (models.PROTECT, models.RESTRICT):
        return FORBIDS
    if on_delete is models.CASCADE:
        return GOES
    return STAYS if on_delete is models.SET_NULL else None


def _belonging(model: type[models.Model], ids: list[int]) -> Iterator[Hanging]:
    """Notes, files, tags and tasks, which name their record by type and number."""
    for other in apps.get_models():
        if isinstance(other._default_manager.all(), BelongingQuerySet):
            rows = other._base_manager.filter(Among("object_id", ids), object_type=model._meta.label_lower)
            yield Hanging(other, GOES, "object_id", list(rows.order_by("pk").values_list("pk", flat=True)))


def _examples(one: Hanging, viewer: Viewer) -> list[tuple[str, str]]:
    desk = find_for(one.model._meta.label_lower)
    first = one.ids[:EXAMPLES]
    if desk is not None:
        rows = desk.rows(viewer).filter(pk__in=first)
        return [(str(desk.title(row)), _url(desk, row)) for row in rows]
    manager = one.model._default_manager.all()
    seen = manager.visible_to(viewer) if hasattr(manager, "visible_to") else one.model._base_manager.none()
    return [(str(row), "") for row in seen.filter(pk__in=first)]


def _url(desk: Desk, row: Any) -> str:
    try:
        return desk.url(row)
    except NoReverseMatch:
        return ""
