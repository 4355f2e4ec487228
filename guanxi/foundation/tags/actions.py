"""Tagging records, one or many; renaming, merging and removing tags."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from guanxi.foundation import belonging, search
from guanxi.foundation.actions import Refused, action, change, create, delete
from guanxi.foundation.desk.among import Among
from guanxi.foundation.language import compatible, fold
from guanxi.foundation.tags.models import LONGEST, Tag, Tagging
from guanxi.foundation.visibility import Viewer, require

MOST = 50  # tags of one record
AT_ONCE = 5_000  # records tagged by one statement


@action
def tag(record: Any, names: Iterable[str], *, by: Viewer) -> list[Tag]:
    """Let `record` bear the tags of these names; those that are not there yet are made. Returns all that it bears."""
    require(by, "edit", record)
    borne = set(Tagging.objects.of(record).values_list("tag_id", flat=True))
    for name in names:
        row = _tag_called(name)
        if row.pk not in borne:
            if len(borne) >= MOST:
                raise Refused(_("A record can bear at most %(most)s tags.") % {"most": MOST}, "name")
            create(Tagging, tag=row, by_id=by.pk, **belonging.reference(record))
            borne.add(row.pk)
    return list(Tag.objects.filter(pk__in=borne).order_by("name"))


@action
def untag(record: Any, tag_id: int, *, by: Viewer) -> None:
    """Take a tag from `record`; nothing happens where it does not bear it."""
    require(by, "edit", record)
    for row in Tagging.objects.of(record).filter(tag_id=tag_id):
        delete(row)


@action
def tags_called(names: Iterable[str], *, by: Viewer) -> list[Tag]:
    """The tags of these names; those that are not there yet are made. Raises Refused where there is no name."""
    tags = [_tag_called(name) for name in names]
    if not tags:
        raise Refused(_("Write the name of a tag."), "name")
    return tags


def known_tags(names: Iterable[str]) -> list[Tag]:
    """The tags of these names. Raises Refused where there is none."""
    tags = list(Tag.objects.filter(key__in=[_key(name) for name in names]).order_by("pk"))
    if not tags:
        raise Refused(_("There is no tag of this name."), "name")
    return tags


def add_to(model: type[models.Model], tag: Tag, ids: Iterable[int], *, by: Viewer) -> list[int]:
    """Let records of a type, by number, bear a tag, within the running action; which did not bear it before."""
    label, wanted = model._meta.label_lower, list(ids)
    bearing = Tagging.objects.filter(Among("object_id", wanted), tag=tag, object_type=label)
    borne = set(bearing.values_list("object_id", flat=True))
    fresh = [number for number in wanted if number not in borne]
    rows = [Tagging(tag=tag, object_type=label, object_id=number, by_id=by.pk) for number in fresh]
    Tagging.objects.bulk_create(rows, ignore_conflicts=True, batch_size=AT_ONCE)
    return fresh


def take_from(model: type[models.Model], tag: Tag, ids: Iterable[int]) -> list[int]:
    """Take a tag from records of a type, within the running action; which bore it."""
    rows = Tagging.objects.filter(Among("object_id", list(ids)), tag=tag, object_type=model._meta.label_lower)
    borne = sorted(set(rows.values_list("object_id", flat=True)))
    rows.delete()
    return borne


@action
def make(*, by: Viewer, name: str, colour: str = Tag.Colour.GREY) -> Tag:
    """Make a tag that nothing bears yet. Raises Refused where there is one of this name."""
    return _saved(create(Tag, name=_name(name), key=_key(name), colour=colour or Tag.Colour.GREY))


@action
def edit(tag_id: int, changes: dict[str, Any], expected: dict[str, Any] | None = None, *, by: Viewer) -> Tag:
    """Rename or recolour a tag everywhere. Raises Refused where another tag has the name: merge them."""
    row = Tag.objects.visible_to(by).select_for_update().get(pk=tag_id)
    values: dict[str, Any] = {name: changes[name] for name in ("name", "colour") if name in changes}
    if "name" in values:
        values["name"] = _name(values["name"])
        values["key"] = _key(values["name"])
        if Tag.objects.filter(key=values["key"]).exclude(pk=row.pk).exists():
            message = _("There is a tag “%(name)s” already; choose both in the list of tags and merge them.")
            raise Refused(message % {"name": values["name"]}, "name")
    return _saved(change(row, expected, **values))


@action
def merge(ids: Sequence[int], name: str, *, by: Viewer) -> Tag:
    """Make one tag out of several; `name` is one of theirs, or a new one. Records keep what they bore."""
    rows = list(Tag.objects.visible_to(by).select_for_update().filter(pk__in=ids).order_by("pk"))
    if len(rows) < 2:
        raise Refused(_("Choose at least two tags to merge."))
    name, key = _name(name), _key(name)
    kept = next((row for row in rows if row.key == key), rows[0])
    for row in rows:
        if row.pk != kept.pk:
            _hand_over(row, kept)
            search.remove(Tag, [row.pk])
            delete(row)
    return edit(kept.pk, {"name": name}, by=by)


@action
def remove(tag_id: int, *, by: Viewer) -> None:
    """Take a tag from everything that bears it, and away."""
    row = Tag.objects.visible_to(by).get(pk=tag_id)
    search.remove(Tag, [row.pk])
    delete(row)


def _hand_over(row: Tag, kept: Tag) -> None:
    borne = Tagging.objects.filter(tag=kept)
    for tagging in Tagging.objects.filter(tag=row).iterator(chunk_size=AT_ONCE):
        same = borne.filter(object_type=tagging.object_type, object_id=tagging.object_id, origin=tagging.origin)
        if not same.exists():
            Tagging.objects.filter(pk=tagging.pk).update(tag=kept)


def _tag_called(name: str) -> Tag:
    key = _key(name)
    found = Tag.objects.filter(key=key).first()
    return found or _saved(create(Tag, name=_name(name), key=key))


def _saved(row: Tag) -> Tag:
    search.touch(row)
    return row


def _name(name: str) -> str:
    name = " ".join(compatible(name).replace(",", " ").split())
    if not name or not name.isprintable():
        raise Refused(_("Write the name of a tag."), "name")
    if len(name) > LONGEST:
        raise Refused(_("The name of a tag has at most %(most)s characters.") % {"most": LONGEST}, "name")
    return name


def _key(name: str) -> str:
    return fold(_name(name))
