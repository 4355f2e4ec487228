"""The background work of custom fields."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from guanxi.foundation.custom_fields import indexing, retyping
from guanxi.foundation.tasks import task


@task(label=_("Index of a custom field"), queue_name="long")
def build_index(field_id: int) -> str:
    """Make or drop the index of a field; its state."""
    return indexing.settle(field_id)


@task(label=_("Retyping of a custom field"), queue_name="long")
def turn_values(field_id: int) -> int:
    """Convert the values of a retyped field; goes on where it was stopped."""
    last = retyping.finish(field_id)
    indexing.settle(field_id)
    return last
