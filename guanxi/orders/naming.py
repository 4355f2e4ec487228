"""A customer as people name him in a form: by the start of his name, with his number behind a “#”."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.urls import reverse_lazy
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.customers.models import Party
from guanxi.customers.queries import parties
from guanxi.foundation.desk import Column
from guanxi.foundation.visibility import SYSTEM, viewer_now


def party_called(text: str) -> Party:
    """The customer with the number behind the last “#”, or that is the whole text. Raises ValidationError."""
    number = text.rpartition("#")[2].strip()
    viewer = viewer_now() or SYSTEM
    found = parties(viewer).filter(pk=int(number)).first() if number.isdecimal() and len(number) < 19 else None
    if found is None:
        raise ValidationError(_now("There is no customer “%(name)s”; choose one of those suggested.") % {"name": text})
    return found


def party_column() -> Column:
    """The field of a “New” form that takes a customer."""
    return Column(
        "party", label=_("Customer"), kind="text", required=True, clean=party_called,
        suggest=reverse_lazy("custom_fields:parties"),
    )  # fmt: skip
