"""What the dialogues of the bulk bar ask of a desk."""

from __future__ import annotations

from typing import Any

from django import template

from guanxi.foundation.bulk_changes import views
from guanxi.foundation.desk import Desk, editing
from guanxi.foundation.desk.declaration import Field, Viewer

register = template.Library()


@register.filter
def editable_in_bulk(desk: Desk) -> list[Field]:
    """The facts that can be edited in many rows at once."""
    return views.editable(desk)


@register.filter
def person_label(desk: Desk) -> Any:
    """What the colleague is to a record."""
    field = views.person_field(desk)
    return field.label if field else ""


@register.filter
def people_of(desk: Desk, viewer: Viewer) -> list[tuple[Any, Any]]:
    """To whom records may be given."""
    field = views.person_field(desk)
    return editing.choices_of(field, viewer) if field else []
