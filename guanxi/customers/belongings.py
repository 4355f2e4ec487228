"""Notes, files, tags and tasks on customers: they go along when two are merged, and stand on the timeline."""

from __future__ import annotations

from typing import Any

from django.db import models

from guanxi.customers.hanging import Hanging
from guanxi.customers.happenings import tell
from guanxi.customers.models import Party
from guanxi.foundation import hooks
from guanxi.foundation.attachments.models import Attachment
from guanxi.foundation.notes.models import Note
from guanxi.foundation.roles.models import Share
from guanxi.foundation.tags.models import Tagging
from guanxi.foundation.todos.models import Todo
from guanxi.foundation.visibility import Viewer

TYPE = "customers.party"

for model in (Note, Attachment, Tagging, Todo, Share):
    hooks.register("hangs_on_party", Hanging(model, field="object_id", where={"object_type": TYPE}))


@hooks.register("on_record")
def on_record(
    kind: str, record: models.Model, *, by: Viewer, about: models.Model | None, payload: dict[str, Any]
) -> None:
    """Tell of what happened on a customer."""
    if isinstance(record, Party):
        tell(kind, record, by=by, about=about, **payload)
