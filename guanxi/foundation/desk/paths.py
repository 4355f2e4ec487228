"""Dotted paths (`purchases.revenue`, `party.name`, `profile.age`) resolved against the models."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.db import models

from guanxi.foundation.typed_json import Leaf, TypedJSONField

KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Path:
    """Where a value lies, seen from a model."""

    model: type[models.Model]
    names: tuple[str, ...]  # all steps
    relations: tuple[Any, ...]  # the relations crossed, in order
    field: Any  # the model field at the end; for keys within a JSON field, that field
    keys: tuple[str, ...] = ()  # keys within a JSON field

    @property
    def dotted(self) -> str:
        return ".".join(self.names)

    @property
    def orm(self) -> str:
        return "__".join(self.names)

    @property
    def many(self) -> bool:
        """Whether one row may have several values."""
        return any(relation.one_to_many or relation.many_to_many for relation in self.relations)

    @property
    def prefix(self) -> str:
        """The relations crossed, as the ORM writes them."""
        return "__".join(self.names[: len(self.relations)])

    @property
    def stored(self) -> str:
        """The column to load for this value, as the ORM writes it."""
        return "__".join(self.names[: len(self.names) - len(self.keys)])

    @property
    def nullable(self) -> bool:
        """Whether a row may lack the value altogether."""
        return bool(self.keys or self.field.null or any(link.auto_created or link.null for link in self.relations))

    @property
    def presence(self) -> str:
        """What is null where the value is missing: the link to a row of its own, if that row always has a value.

        PostgreSQL makes an anti-join of that, which it can walk in order.
        """
        owned = len(self.relations) == 1 and self.relations[0].one_to_one and self.relations[0].auto_created
        return self.prefix if owned and not self.keys and not self.field.null else self.orm

    @property
    def direct(self) -> bool:
        """Whether the value is a field of the model itself."""
        return not self.relations and not self.keys

    @property
    def leaf(self) -> Leaf | None:
        """What is known of the key at the end, where it is a typed one."""
        known = len(self.keys) == 1 and isinstance(self.field, TypedJSONField)
        return self.field.leaf(self.keys[0]) if known else None

    @property
    def compared(self) -> Any:
        """The model field as which the database compares the values."""
        leaf = self.leaf if self.keys else None
        return leaf.field if leaf else self.field

    def value(self, row: models.Model) -> Any:
        """The value of `row`; None where a link on the way is missing. A list where there may be several."""
        found = _walk(row, self.names, self.many)
        leaf = self.leaf if self.keys and found is not None else None
        return leaf.value(found) if leaf and not self.many else found


def _walk(value: Any, names: tuple[str, ...], many: bool) -> Any:
    for position, name in enumerate(names):
        if isinstance(value, models.Manager):
            found = [_walk(item, names[position:], False) for item in value.all()]
            return [item for item in found if item is not None]
        if isinstance(value, dict):
            value = value.get(name)
        else:
            try:
                value = getattr(value, name)
            except models.ObjectDoesNotExist:
                value = None
        if value is None:
            return [] if many else None
    return list(value.all()) if isinstance(value, models.Manager) else value


@lru_cache(maxsize=2000)
def resolve(model: type[models.Model], dotted: str) -> Path:
    """The path `dotted` from `model`; raises ImproperlyConfigured with the known names where it leads nowhere."""
    names = tuple(dotted.split("."))
    relations: list[Any] = []
    here: type[models.Model] = model
    for position, name in enumerate(names):
        field = _field(here, name, dotted)
        last = position == len(names) - 1
        if isinstance(field, models.JSONField) and not last:
            keys = names[position + 1 :]
            if not all(KEY.fullmatch(key) for key in keys):
                raise ImproperlyConfigured(f"{model.__name__}: “{dotted}” names a key with unusual characters.")
            return Path(model, names, tuple(relations), field, keys)
        if last and not (field.auto_created and field.is_relation):
            return Path(model, names, tuple(relations), field)
        if not field.is_relation or field.related_model is None:
            raise ImproperlyConfigured(f"{model.__name__}: “{dotted}” goes on after “{name}”, which is no relation.")
        relations.append(field)
        here = field.related_model
    return Path(model, names, tuple(relations), here._meta.pk)


def _field(model: type[models.Model], name: str, dotted: str) -> Any:
    try:
        return model._meta.get_field("id" if name == "pk" else name)
    except FieldDoesNotExist:
        for relation in model._meta.related_objects:
            if relation.get_accessor_name() == name:
                return relation
        known = ", ".join(sorted(field.name for field in model._meta.get_fields()))
        raise ImproperlyConfigured(f"“{dotted}”: {model.__name__} has no field “{name}”; it has {known}.") from None
