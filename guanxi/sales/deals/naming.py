"""Customers as fields of forms, cells and programs: “Acme #12”, the number alone, or a name that only one has."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.urls import reverse_lazy
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from guanxi.customers.custom import Parties
from guanxi.customers.merged import root_of
from guanxi.customers.models import Party
from guanxi.foundation.desk import Column, record_url

PARTIES = Parties()
SUGGEST = reverse_lazy("custom_fields:parties")


def read(text: str) -> Party | None:
    """The party that a text names; whether the writer may see it, the action asks. Raises ValidationError."""
    text = text.strip()
    if not text:
        return None
    said = re.fullmatch(r"(?:.*#)?(\d{1,15})", text)
    number = int(said[1]) if said else PARTIES.called(text)
    party = Party.objects.filter(pk=root_of(number)).first() if number is not None else None
    if party is None:
        raise ValidationError(_("There is no customer “%(value)s”."), params={"value": text[:100]})
    return party


def words(number: Any) -> str:
    """The name of the party of this number."""
    number = getattr(number, "pk", number)
    return PARTIES.names([number]).get(number, str(number))


def url(number: int) -> str:
    """The page of a customer."""
    return record_url("customers", number)


def link(party: Party | None) -> SafeString | str:
    """A link to a customer."""
    return format_html('<a href="{}">{}</a>', url(party.pk), party.name) if party else ""


def linked(name: str, **options: Any) -> Column:
    """A column of a list that leads to the customer called `name` on the row."""
    return Column(f"{name}.name", render=lambda row: link(getattr(row, name)), needs=[f"{name}.name"], **options)


def chosen(name: str, **options: Any) -> Column:
    """A fact or a field of a form in which a customer is chosen by name."""
    leads: Callable[[Any], str] = lambda row: (  # noqa: E731
        url(getattr(row, f"{name}_id")) if getattr(row, f"{name}_id") else ""
    )
    return Column(name, suggest=SUGGEST, clean=read, words=words, leads=leads, **options)
