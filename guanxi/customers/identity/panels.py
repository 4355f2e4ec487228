"""What identity shows on record pages: who became part of a customer, what went over, what a source said."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from guanxi.customers.actions.merging import MOST
from guanxi.customers.hanging import hanging
from guanxi.customers.identity import queries
from guanxi.customers.identity.story import fields_of, words_of
from guanxi.customers.models import Merge, Party, SourceRecord
from guanxi.customers.survivorship import field_names
from guanxi.foundation import sensitive
from guanxi.foundation.actions import Refused
from guanxi.foundation.desk import Button, Kind, display
from guanxi.foundation.desk.declaration import Field
from guanxi.foundation.visibility import Viewer, may


def absorbed_by(party: Party, viewer: Viewer) -> QuerySet[Party]:
    """Those who became part of the party."""
    return Party.objects.filter(merged_into=party)


def also_known(party: Party, viewer: Viewer) -> dict[str, Any]:
    """The parties that became part of this one."""
    return {"merges": queries.merges_into(party, viewer), "may_merge": may(viewer, "merge", party)}


def merge_button(party: Party, viewer: Viewer) -> Button | None:
    """“Merge with …”, on the record page of a customer."""
    if not may(viewer, "merge", party):
        return None
    return Button(_("Merge with …"), f"{reverse('customers:merge')}?ids={party.pk}", "git-merge")


def merge_chosen(ids: list[int], *, by: Viewer) -> HttpResponseBase:
    """The bulk action of the list: the screen of merging with those who were chosen."""
    if len(ids) < 2:
        raise Refused(_("Choose at least two customers to merge."))
    if len(ids) > MOST:
        words = ngettext("At most %(most)s can be merged at once.", "At most %(most)s can be merged at once.", MOST)
        raise Refused(words % {"most": MOST})
    return redirect(f"{reverse('customers:merge')}?ids={','.join(str(number) for number in sorted(ids))}")


def story_of(party: Party, field: Field) -> str | None:
    """Where the story of a fact is told."""
    return reverse("customers:story", args=[party.pk, field.name]) if field.name in field_names() else None


def merged_what(merge: Merge, viewer: Viewer) -> dict[str, Any]:
    """What went over in a merge, and which values were chosen by hand."""
    words = {kind.name: kind.words for kind in hanging()}
    chosen = [name for name in merge.choices if name in field_names()]
    return {
        "moved": [queries.Counted(words.get(name, name), count) for name, count in merge.moved.items()],
        "chosen": [(field.label, _masked(field, merge.choices[field.name])) for field in fields_of(chosen)],
    }


def said(record: SourceRecord, viewer: Viewer) -> dict[str, Any]:
    """The payload of a source record, field by field."""
    known = {field.name: field for field in fields_of(field_names())}
    return {
        "lines": [
            (str(known[name].label), _masked(known[name], value))
            if name in known
            else (name, display.text(Kind.TEXT, value))
            for name, value in record.payload.items()
        ]
    }


def _masked(field: Field, value: Any) -> str:
    return sensitive.MASK if sensitive.is_sensitive(field.path) and value else words_of(field, value)
