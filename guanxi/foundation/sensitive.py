"""Fields that are shown only when asked for, each look recorded.

Which fields those are says the door "sensitive_fields": a function (model's label) → names, in a JSON field as
`profile.income`. Who looked is told to the door "sensitive_look": a function (field, via, row, by, why); `row` is None
where many are taken out at once.
"""

from __future__ import annotations

from typing import Any

from django.db import models

from guanxi.foundation import hooks, visibility
from guanxi.foundation.visibility import Viewer

MASK = "•••"
SCREEN, API, EXPORT = "screen", "api", "export"


def names(model: type[models.Model]) -> frozenset[str]:
    """The sensitive fields of a model."""
    label = model._meta.label_lower
    return frozenset(name for door in hooks.get("sensitive_fields") for name in door(label))


def is_sensitive(path: Any) -> bool:
    """Whether the value at the end of a path of the desk is to be masked."""
    if path is None:
        return False
    name = ".".join([path.field.name, *path.keys])
    return name in names(path.field.model)


def note(field: str, via: str, row: models.Model | None, *, by: Viewer, why: str = "") -> None:
    """Record that `by` sees the field of `row`; called before it is shown."""
    for door in hooks.get("sensitive_look"):
        door(field, via, row, by=by, why=why)


def _without_hidden(model: type[models.Model], name: str, value: Any) -> Any:
    viewer = visibility.viewer_now()
    hidden = visibility.hidden_fields(viewer, model) if viewer is not None else frozenset()
    if name in hidden:
        return None
    if isinstance(value, dict) and hidden:
        return {key: item for key, item in value.items() if f"{name}.{key}" not in hidden}
    return value


def masked(model: type[models.Model], name: str, value: Any) -> Any:
    """A value of the audit log or the ledger, masked where its field is sensitive and gone where it is hidden from who
    looks; of JSON fields, key by key."""
    value = _without_hidden(model, name, value)
    known = names(model)
    if name in known and value not in (None, ""):
        return MASK
    if isinstance(value, dict) and any(one.startswith(f"{name}.") for one in known):
        return {key: MASK if f"{name}.{key}" in known else item for key, item in value.items()}
    return value
