"""Adding, changing, retyping, removing and deleting custom fields."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from guanxi.foundation import audit, clock, tasks
from guanxi.foundation.actions import Refused, action, change, create, delete, occasion
from guanxi.foundation.custom_fields import definitions, homes, indexing, known, retyping, working
from guanxi.foundation.custom_fields.columns import HoldsAny
from guanxi.foundation.custom_fields.models import CustomField
from guanxi.foundation.custom_fields.tasks import build_index, turn_values, work_out
from guanxi.foundation.visibility import Viewer, require

K = CustomField.Kind
FLAGS = ("required", "in_list", "searchable", "filterable", "sensitive")
TEXTS = {"help": 300, "section": 60}
SMALL = 5000  # rows with a value up to which retyping and replacing happen at once


@action
def add_field(
    object_type: str,
    names: Any,
    kind: str,
    *,
    by: Viewer,
    key: str = "",
    options: dict[str, Any] | None = None,
    **more: Any,
) -> CustomField:
    """Add a field to a type of record. `names` by language; `more`: required, default, help, section, in_list,
    searchable, filterable, sensitive. Raises Refused with the field that is wrong.
    """
    homes.of(object_type)
    if kind not in K.values:
        raise Refused(_("“%(kind)s” is no kind of field.") % {"kind": kind[:40]}, "kind")
    said = definitions.names(names)
    field = CustomField(object_type=object_type, key=definitions.key_for(object_type, key, said), names=said, kind=kind)
    field.options = _options(field, kind, options or {})
    last = CustomField.objects.filter(object_type=object_type).aggregate(last=models.Max("position"))["last"] or 0
    values = _plain(more) | {"default": definitions.default(field, more.get("default"))}
    made = create(
        CustomField,
        object_type=object_type,
        key=field.key,
        names=said,
        kind=kind,
        options=field.options,
        position=last + 1,
        created_at=clock.now(),
        **values,
    )
    _settled(made)
    return made


@action
def edit_field(
    field_id: int, changes: dict[str, Any], expected: dict[str, Any] | None = None, *, by: Viewer
) -> CustomField:
    """Change names, options and flags; never the key, nor the kind (`retype`). Raises Refused, Conflict."""
    field = _locked(field_id, by)
    values = _plain(changes)
    if "names" in changes:
        values["names"] = definitions.names(changes["names"])
    if "position" in changes:
        values["position"] = int(changes["position"])
    if "options" in changes:
        values["options"] = _options(field, field.kind, {**field.options, **changes["options"]}, field)
        _refuse_used(field, values["options"])
        field.options = values["options"]
    if "default" in changes:
        values["default"] = definitions.default(field, changes["default"])
    worked_out_anew = field.worked_out and "options" in values
    stored = change(field, expected, **values)
    _settled(stored, anew=worked_out_anew)
    return stored


@action
def reorder(object_type: str, keys: list[str], *, by: Viewer) -> None:
    """Put the fields of a type in this order; those not named come behind."""
    require(by, "edit", CustomField)
    fields = {field.key: field for field in CustomField.objects.filter(object_type=object_type).order_by("position")}
    order = [key for key in dict.fromkeys(keys) if key in fields]
    for position, key in enumerate([*order, *(key for key in fields if key not in order)], start=1):
        if fields[key].position != position:
            change(fields[key], position=position)
    known.changed()


@action
def retype(field_id: int, kind: str, options: dict[str, Any] | None = None, *, by: Viewer) -> CustomField:
    """Give a field another kind. What can be is converted; what cannot be is kept aside and comes back when it is
    retyped back. To a choice without choices they are made of the values. Raises Refused.
    """
    field = _locked(field_id, by)
    target = retyped(field, kind, options)
    was = {"kind": field.kind, "options": field.options}
    stored = change(
        field, kind=kind, options={**target.options, "turning": {**was, "after": 0}}, default=None, required=False
    )
    known.changed()
    if _count(stored) > SMALL:
        tasks.enqueue(turn_values, stored.pk, key=f"custom_field:{stored.pk}")
        return stored
    retyping.finish(stored.pk)
    stored.refresh_from_db()
    _settled(stored)
    return stored


def retyped(field: CustomField, kind: str, options: dict[str, Any] | None = None) -> CustomField:
    """The field as `retype` would make it; raises Refused where it cannot be."""
    if kind not in K.values or kind in (K.FORMULA, K.ROLL_UP) or field.worked_out:
        raise Refused(_("A field cannot be retyped to or from what is worked out; add another field."), "kind")
    if "turning" in field.options:
        raise Refused(_("This field is being retyped; wait until that is done."), "kind")
    if kind == field.kind:
        raise Refused(_("The field is of this kind already."), "kind")
    given = dict(options or {})
    if kind in (K.CHOICE, K.CHOICES) and not given.get("choices"):
        given["choices"] = field.options.get("choices") or _choices_of_values(field)
    target = retyping.as_kind(field, kind, {})
    target.options = {**definitions.options(kind, given), **_remembered(field)}
    return target


def outlook(field: CustomField, kind: str, options: dict[str, Any] | None = None, *, by: Viewer) -> retyping.Outlook:
    """What `retype` would make of each value; it tells values of all records, and so is for who may retype."""
    require(by, "edit", field)
    return retyping.outlook(homes.of(field.object_type), field, retyped(field, kind, options))


@action
def replace_choice(field_id: int, code: str, instead: str, *, by: Viewer) -> int:
    """Remove a choice; rows that have it get `instead` (empty: nothing). Returns how many rows that changed."""
    field = _locked(field_id, by)
    kept = [one for one in field.choice_list if one["code"] != code]
    if len(kept) == len(field.choice_list):
        raise Refused(_("There is no choice “%(code)s”.") % {"code": code[:60]}, "choices")
    if instead and instead not in {one["code"] for one in kept}:
        raise Refused(_("There is no choice “%(code)s”.") % {"code": instead[:60]}, "choices")
    home = homes.of(field.object_type)
    changes = []
    for pk, value, aside in retyping.rows_of(home, field):
        codes = value if isinstance(value, list) else [value]
        if code in codes:
            left = list(dict.fromkeys(one for one in (instead if one == code else one for one in codes) if one))
            changes.append((pk, (left or None) if isinstance(value, list) else (left[0] if left else None), aside))
    for start in range(0, len(changes), retyping.AT_ONCE):
        retyping.write(home, field.key, changes[start : start + retyping.AT_ONCE])
    change(field, options={**field.options, "choices": kept})
    if changes:
        note = {field.key: [code, instead or None], "rows": len(changes)}
        audit.record_summary(occasion(), field.object_type, None, field.label, note)
    known.changed()
    return len(changes)


@action
def refresh(field_id: int, *, by: Viewer) -> CustomField:
    """Have a formula or roll-up worked out anew for all records, in the background."""
    field = _locked(field_id, by)
    if not field.worked_out or field.archived_at is not None:
        raise Refused(_("Only formulas and roll-ups are worked out."), "kind")
    tasks.enqueue(work_out, field.object_type, key=f"custom_fields:{field.object_type}")
    return field


@action
def archive(field_id: int, *, by: Viewer) -> CustomField:
    """Remove a field: it is seen nowhere any more; all values stay, `restore` brings them back. Raises Refused where a
    formula or roll-up needs it.
    """
    field = _locked(field_id, by)
    users = [other.label for other in dependants(field)]
    if users:
        raise Refused(_("These need it: %(names)s. Change or remove them first.") % {"names": ", ".join(users)}, "key")
    stored = change(field, archived_at=clock.now())
    _settled(stored)
    return stored


@action
def restore(field_id: int, *, by: Viewer) -> CustomField:
    """Bring a removed field back, with all its values."""
    stored = change(_locked(field_id, by), archived_at=None)
    _settled(stored, anew=stored.worked_out)
    return stored


@action
def destroy(field_id: int, count: int, *, by: Viewer) -> int:
    """Delete a removed field for good, with the values of `count` rows (as the caller was told). Returns how many.

    What sources said of customers stays in their source records.
    """
    field = _locked(field_id, by, "delete")
    if field.archived_at is None:
        raise Refused(_("Remove the field first; only then it can be deleted for good."), "key")
    now = _count(field)
    if now != count:
        words = _("%(now)s records have a value, not %(count)s. Look at it again.")
        raise Refused(words % {"now": now, "count": count}, "count")
    home = homes.of(field.object_type)
    if field.worked_out:
        working.forget(home, field)
    numbers = [pk for pk, _value, _aside in retyping.rows_of(home, field)]
    for start in range(0, len(numbers), retyping.AT_ONCE):
        retyping.write(home, field.key, [(pk, None, {}) for pk in numbers[start : start + retyping.AT_ONCE]])
    indexing.drop(field)
    audit.record_summary(occasion(), field.object_type, None, field.label, {"key": field.key, "rows": now})
    delete(field)
    known.changed()
    return now


def dependants(field: CustomField) -> list[CustomField]:
    """The formulas that read a field."""
    return working.dependants(field)


def count_values(field: CustomField) -> int:
    """How many rows have a value, or one kept aside."""
    return _count(field)


def _count(field: CustomField) -> int:
    home = homes.of(field.object_type)
    if field.worked_out:
        return int(home.model._base_manager.filter(**{f"{homes.COMPUTED}__has_key": field.key}).count())
    held = models.Q(**{f"{home.column}__has_key": field.key})
    kept = models.Q(**{f"{homes.COMPUTED}__has_key": retyping.ASIDE + field.key})
    return int(home.model._base_manager.filter(held | kept).count())


def _locked(field_id: int, by: Viewer, verb: str = "edit") -> CustomField:
    """The field, held, for who may `verb` it: asked first, for what is refused afterwards tells of its values."""
    field = CustomField.objects.visible_to(by).select_for_update().get(pk=field_id)
    require(by, verb, field)
    return field


def _plain(given: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {name: bool(given[name]) for name in FLAGS if name in given}
    for name, longest in TEXTS.items():
        if name in given:
            said = str(given[name] or "").strip()
            if len(said) > longest:
                raise Refused(_("At most %(limit)s characters.") % {"limit": longest}, name)
            values[name] = said
    return values


def _options(field: CustomField, kind: str, given: dict[str, Any], before: CustomField | None = None) -> dict[str, Any]:
    own = definitions.options(kind, given, before) | working.options(field, kind, given)
    return (_remembered(field) if before else {}) | own


def _remembered(field: CustomField) -> dict[str, Any]:
    """What another kind of the field needs when it comes back: its choices."""
    choices = field.options.get("choices")
    return {"choices": choices} if choices else {}


def _refuse_used(field: CustomField, options: dict[str, Any]) -> None:
    """A choice that rows have cannot simply be left out."""
    left = {one["code"] for one in options.get("choices", [])}
    home = homes.of(field.object_type)
    for one in field.choice_list:
        if one["code"] not in left and _has_choice(home, field, one["code"]):
            words = _("“%(name)s” is in use: say with what to replace it.")
            raise Refused(words % {"name": one["names"].get("en") or one["code"]}, "choices")


def _has_choice(home: homes.Home, field: CustomField, code: str) -> bool:
    rows = home.model._base_manager
    if field.kind == K.CHOICES:
        return bool(rows.filter(HoldsAny(home.column, field.key, [code])).exists())
    return bool(rows.filter(**{f"{home.column}__{field.key}": code}).exists())


def _choices_of_values(field: CustomField) -> list[dict[str, Any]]:
    said = retyping.distinct(homes.of(field.object_type), field, definitions.MOST_CHOICES + 1)
    if len(said) > definitions.MOST_CHOICES:
        words = _("There are more than %(limit)s different values; too many for choices.")
        raise Refused(words % {"limit": definitions.MOST_CHOICES}, "kind")
    return [{"names": {"en": one[: definitions.LONGEST_NAME]}} for one in said]


def _settled(field: CustomField, *, anew: bool = False) -> None:
    """Let everybody know of the change, and what follows from it happen in the background."""
    known.changed()
    has = field.index_state == CustomField.Index.READY and field.index_name == indexing.name_of(field)
    if indexing.wanted(field) != has:
        if not has:
            CustomField.objects.filter(pk=field.pk).update(index_state=CustomField.Index.WANTED)
            field.index_state = CustomField.Index.WANTED
        tasks.enqueue(build_index, field.pk, key=f"custom_field_index:{field.pk}")
    if field.worked_out and (anew or field.fresh_at is None) and field.archived_at is None:
        CustomField.objects.filter(pk=field.pk).update(fresh_at=None)
        tasks.enqueue(work_out, field.object_type, key=f"custom_fields:{field.object_type}")
