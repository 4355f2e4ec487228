"""The background work of custom fields."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from guanxi.foundation import tasks
from guanxi.foundation.custom_fields import homes, indexing, known, retyping, working
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


@task(label=_("Formulas and roll-ups"), queue_name="long")
def work_out(object_type: str) -> int:
    """Work out all formulas and roll-ups of a type; how many records changed."""
    return working.work_out(object_type)


@task(label=_("Formulas and roll-ups of all types"), queue_name="long")
def work_out_all() -> int:
    """The same of every type that has any: what goes by the day is another every day."""
    wanted = [home for home in homes.homes() if any(field.worked_out for field in home.fields())]
    return sum(working.work_out(home.label) for home in wanted)


@task(label=_("Indexes of custom fields"), queue_name="long")
def build_missing() -> int:
    """Make the indexes that fields should have and never got, such as after an upgrade; how many."""
    lacking = [
        one for one in known.all_fields() if indexing.wanted(one) and one.index_state == indexing.State.NONE.value
    ]
    for field in lacking:
        indexing.settle(field.pk)
    return len(lacking)


def after_import() -> None:
    """What hangs on `imported`: records came in sets, past what is worked out one by one."""
    if any(field.worked_out for field in known.all_fields()):
        tasks.enqueue(work_out_all, key="custom_fields:all")
