"""Deleting records with all that hangs on them, and putting them back as they were."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _

from guanxi.foundation import audit
from guanxi.foundation.actions import Refused, delete, occasion
from guanxi.foundation.bulk_changes import engine
from guanxi.foundation.bulk_changes.hanging import FORBIDS, STAYS, walk
from guanxi.foundation.bulk_changes.models import BulkChange, BulkRow
from guanxi.foundation.bulk_changes.writing import touch_again
from guanxi.foundation.desk import Desk
from guanxi.foundation.visibility import NotAllowed, Viewer, implied, may

State = BulkRow.State
ROWS, LINKS = "rows", "links"  # what is kept of a deleted record


def delete_chunk(change: BulkChange, desk: Desk, numbers: list[int], by: Viewer) -> engine.Outcome:
    """Delete the next records, each with what hangs on it; what forbids one is told."""
    outcome = engine.Outcome()
    for row in engine.held(desk, numbers, by, "delete", outcome, State.REFUSED):
        try:
            with transaction.atomic():
                outcome.put(row.pk, State.CHANGED, _delete(desk, row, by))
        except (Refused, NotAllowed, models.ProtectedError, models.RestrictedError) as refusal:
            outcome.put(row.pk, State.REFUSED, why=str(refusal.args[0] if refusal.args else refusal))
    return outcome


def _delete(desk: Desk, row: Any, by: Viewer) -> dict[str, Any]:
    """Delete one record; what is needed to put it back."""
    if desk.remove_action is None:
        raise Refused(_("Records of this list are not deleted."))
    title = str(desk.title(row))
    kept: dict[str, Any] = {"title": title, ROWS: [_kept(row)], LINKS: []}
    for one in walk(type(row), [row.pk]):
        if not one.ids:
            continue
        if one.fate == FORBIDS:
            words = _("%(title)s is needed by %(count)s %(what)s.")
            raise Refused(words % {"title": title, "count": one.count, "what": one.label})
        for part in one.model._base_manager.filter(pk__in=one.ids).order_by("pk"):
            if one.fate == STAYS:
                link: Any = one.model._meta.get_field(one.link)
                held = getattr(part, link.attname)
                kept[LINKS].append([one.model._meta.label_lower, part.pk, one.link, held])
            else:
                kept[ROWS].append(_kept(part))
                if one.link == "object_id":
                    with implied():  # who may delete the record may delete what hangs on it
                        delete(part)
    desk.remove_action(row.pk, by=by)
    return kept


def _kept(row: models.Model) -> list[Any]:
    values = {field.attname: audit.plain(field.value_from_object(row)) for field in row._meta.concrete_fields}
    return [row._meta.label_lower, values]


def restore_chunk(change: BulkChange, desk: Desk, numbers: list[int], by: Viewer) -> engine.Outcome:
    """Put the next records back, with their own numbers, and all that hung on them."""
    outcome = engine.Outcome()
    for number, kept in engine.changes_kept(change, numbers).items():
        try:
            if not may(by, "delete", desk.model):
                raise Refused(_("You may not change it."))
            with transaction.atomic():
                _put_back(kept)
            outcome.put(number, State.UNDONE, kept)
        except IntegrityError:
            why = _("Something it referred to is gone, or its place was taken by another.")
            outcome.put(number, State.KEPT, kept, why)
        except Refused as refusal:
            outcome.put(number, State.KEPT, kept, refusal.message)
    return outcome


def _put_back(kept: dict[str, Any]) -> None:
    for label, values in kept[ROWS]:
        model = apps.get_model(label)
        row = model(**{field.attname: field.to_python(values.get(field.attname)) for field in _fields(model)})
        row.save(force_insert=True)
        audit.record(occasion(), row, {n: [None, v] for n, v in audit.values_of(row).items() if v is not None})
        touch_again(model, [row.pk])
    _check_links(kept)
    for label, number, name, home in kept[LINKS]:
        model = apps.get_model(label)
        field: Any = model._meta.get_field(name)
        empty = {f"{field.attname}__isnull": True}
        model._base_manager.filter(pk=number, **empty).update(**{field.attname: home})


def _check_links(kept: dict[str, Any]) -> None:
    """Raise IntegrityError where what a row refers to is gone; the database itself would only say so at the end."""
    for label, values in kept[ROWS]:
        for field in _fields(apps.get_model(label)):
            number = values.get(field.attname)
            if not field.is_relation or number is None:
                continue
            target = field.related_model._base_manager.filter(**{field.target_field.attname: number})
            if not target.exists():
                raise IntegrityError(f"{field.related_model.__name__} {number} is gone")


def _fields(model: type[models.Model]) -> list[Any]:
    return list(model._meta.concrete_fields)
