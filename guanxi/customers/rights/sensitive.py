"""Which fields of customers are sensitive: declared so (`ProfileField(sensitive=True)`) or marked by somebody."""

from __future__ import annotations

import threading
from typing import Any

from django.core.signals import request_finished, request_started
from django.db import models

from guanxi.customers import profile
from guanxi.customers.models import Party
from guanxi.customers.rights import actions
from guanxi.customers.rights.models import SensitiveField
from guanxi.foundation.visibility import Viewer

# Within a request the marks are read once.
_request = threading.local()


def fields(label: str) -> frozenset[str]:
    """The sensitive fields of customers; of other models none."""
    if label != Party._meta.label_lower:
        return frozenset()
    known: frozenset[str] | None = getattr(_request, "known", None)
    if known is None:
        declared = {field.path for field in profile.fields() if field.sensitive}
        known = frozenset(declared | set(SensitiveField.objects.values_list("field", flat=True)))
        if getattr(_request, "running", False):
            _request.known = known
    return known


def _begin(**_kwargs: Any) -> None:
    _request.running, _request.known = True, None


def _end(**_kwargs: Any) -> None:
    _request.running, _request.known = False, None


request_started.connect(_begin, dispatch_uid="rights.sensitive.begin")
request_finished.connect(_end, dispatch_uid="rights.sensitive.end")


def note(field: str, via: str, row: models.Model | None, *, by: Viewer, why: str = "") -> None:
    """Record a look at a field of a customer (None: of many)."""
    if row is None or isinstance(row, Party):
        actions.note_look(field, via, by=by, party=row, why=why)
