"""Working out formulas and roll-ups: at once where a record changes, in the background where a definition does.

Results stand in `computed`, so that lists filter and sort by them; “!key” holds why a value could not be worked out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, models, transaction
from django.utils.translation import gettext as _

from guanxi.foundation import clock, typed_json
from guanxi.foundation.actions import Refused
from guanxi.foundation.custom_fields import formulas, homes, kinds, known, roll_ups
from guanxi.foundation.custom_fields.formulas import FormulaError
from guanxi.foundation.custom_fields.homes import COMPUTED, Home
from guanxi.foundation.custom_fields.models import CustomField
from guanxi.foundation.tasks import progress
from guanxi.foundation.visibility import Viewer

K = CustomField.Kind
AT_ONCE = 2000
RESULTS = (K.NUMBER, K.MONEY, K.TEXT, K.DATE, K.MOMENT, K.YES_NO)
FAILED = "!"
LONGEST_REASON = 200


# What can be said ---------------------------------------------------------------------------------------------------


def readable(home: Home) -> dict[str, Any]:
    """The names that formulas of a type may read, with their labels: fields of the record, then custom fields."""
    own = {
        field.name: field.verbose_name
        for field in home.model._meta.concrete_fields
        if not field.is_relation and not isinstance(field, models.JSONField) and not field.primary_key
    }
    return own | {field.key: field.label for field in home.fields() if field.kind != K.CHOICES}


def options(field: CustomField, kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a field that is worked out, checked: a formula that can be read, knows its names, and does not
    come round to itself. Raises Refused.
    """
    if kind == K.ROLL_UP:
        return roll_ups.options(field.object_type, given.get("roll_up"))
    if kind != K.FORMULA:
        return {}
    text = str(given.get("formula") or "").strip()
    if not text:
        raise Refused(_("Write a formula."), "formula")
    result = str(given.get("result") or K.NUMBER)
    if result not in RESULTS:
        raise Refused(_("A formula cannot give this."), "result")
    home = homes.of(field.object_type)
    try:
        names = formulas.names_in(text)
    except FormulaError as error:
        raise Refused(str(error), "formula") from error
    # Its own name is known as well: whoever writes it shall hear of the circle.
    unknown = sorted(names - set(readable(home)) - {field.key})
    if unknown:
        words = _("There is no field “%(name)s”; known are %(known)s.")
        raise Refused(words % {"name": unknown[0], "known": ", ".join(readable(home))}, "formula")
    _refuse_circle(home, field.key, text)
    more = {"currency": given.get("currency") or None} if result == K.MONEY else {}
    return {"formula": text, "result": result, **{name: value for name, value in more.items() if value}}


def _refuse_circle(home: Home, key: str, text: str) -> None:
    texts = {one.key: one.options.get("formula", "") for one in home.fields() if one.kind == K.FORMULA} | {key: text}
    way = _circle(key, key, texts, [key])
    if way:
        words = _("This formula would need itself: %(way)s.")
        raise Refused(words % {"way": " → ".join(way)}, "formula")


def _circle(start: str, here: str, texts: Mapping[str, str], way: list[str]) -> list[str]:
    for name in sorted(formulas.names_in(texts[here])):
        if name == start:
            return [*way, name]
        if name in texts and name not in way:
            found = _circle(start, name, texts, [*way, name])
            if found:
                return found
    return []


def dependants(field: CustomField) -> list[CustomField]:
    """The formulas that read a field."""
    fields = [one for one in known.of_type(field.object_type) if one.kind == K.FORMULA and one.pk != field.pk]
    return [one for one in fields if field.key in formulas.names_in(one.options["formula"])]


def in_order(fields: Iterable[CustomField]) -> list[CustomField]:
    """Formulas such that each stands behind those that it reads."""
    waiting = {field.key: field for field in fields}
    ordered: list[CustomField] = []
    while waiting:
        free = [
            field for field in waiting.values() if not formulas.names_in(field.options["formula"]) & set(waiting)
        ] or list(waiting.values())  # a circle, which `options` refuses
        ordered += free
        for field in free:
            waiting.pop(field.key, None)
    return ordered


# One record ---------------------------------------------------------------------------------------------------------


def environment(row: models.Model, home: Home) -> dict[str, Any]:
    """What formulas read of a record."""
    found = {
        field.name: _value(getattr(row, field.name))
        for field in row._meta.concrete_fields
        if not field.is_relation and not isinstance(field, models.JSONField) and not field.primary_key
    }
    stored = homes.values_of(row, home)
    return found | {
        custom.key: _value(typed_json.Leaf(kinds.type_of(custom) or typed_json.TEXT).value(stored[custom.key]))
        for custom in home.fields()
        if custom.kind != K.CHOICES
    }


def _value(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return value
    return Decimal(str(value)) if isinstance(value, int | float) else None if value == "" else value


def worked_out(field: CustomField, values: Mapping[str, Any]) -> tuple[Any, str]:
    """What a formula gives, as it is stored, and why it gives nothing where it should."""
    try:
        found = formulas.evaluate(field.options["formula"], values)
        if isinstance(found, Decimal):
            found = round(found, 4 if field.result == K.MONEY else 10).normalize()
            found = format(found, "f") if field.result == K.TEXT else _short(found)
        if isinstance(found, bool) and field.result != K.YES_NO:
            found = "yes" if found and field.result == K.TEXT else ("no" if field.result == K.TEXT else int(found))
        return kinds.clean(field, found), ""
    except FormulaError as error:
        return None, str(error)[:LONGEST_REASON]
    except ValidationError as error:
        return None, error.messages[0][:LONGEST_REASON]


def _short(number: Decimal) -> Decimal:
    """At most as many digits as a stored number keeps; places give way first."""
    digits = len(number.as_tuple().digits)
    exponent = number.as_tuple().exponent
    if digits <= kinds.DIGITS or not isinstance(exponent, int) or exponent >= 0:
        return number
    return round(number, max(0, -exponent - (digits - kinds.DIGITS)))


def patch_of(row: models.Model, home: Home, fields: list[CustomField]) -> dict[str, Any]:
    """What has to change in `computed` of a record, so that all formulas are right; null takes a key away."""
    values, stored = environment(row, home), getattr(row, COMPUTED) or {}
    patch: dict[str, Any] = {}
    for field in fields:
        found, reason = worked_out(field, values)
        leaf = typed_json.Leaf(kinds.type_of(field) or typed_json.TEXT)
        values[field.key] = _value(leaf.value(found))
        now = {field.key: found, FAILED + field.key: reason or None}
        patch |= {key: value for key, value in now.items() if stored.get(key) != value}
    return patch


def follow(row: models.Model) -> None:
    """Work out anew what depends on a record that was just saved: its formulas, roll-ups of what it hangs on."""
    if not known.any_worked_out():
        return
    home = homes.find(row._meta.label_lower)
    if home is not None:
        _follow_formulas(home, [row.pk], row)
    for source in roll_ups.of_model(type(row)):
        number = source.above(row)
        above = homes.find(source.object_type) if number else None
        if number and above is not None:
            _follow_roll_ups(above, source.key, [number])


def _follow_formulas(home: Home, numbers: list[int], row: models.Model | None = None) -> None:
    fields = in_order(field for field in home.fields() if field.kind == K.FORMULA)
    if not fields:
        return
    patches = []
    for one in home.model._base_manager.filter(pk__in=numbers):
        patch = patch_of(one, home, fields)
        if patch:
            patches.append((one.pk, patch))
            if row is not None:
                held = {**(getattr(one, COMPUTED) or {}), **patch}
                setattr(row, COMPUTED, {key: value for key, value in held.items() if value is not None} or None)
    write(home, patches)


def _follow_roll_ups(home: Home, source: str, numbers: list[int]) -> None:
    fields = [
        field
        for field in home.fields()
        if field.kind == K.ROLL_UP and field.options.get("roll_up", {}).get("source") == source
    ]
    if not fields:
        return
    patches: dict[int, dict[str, Any]] = {number: {} for number in numbers}
    for field in fields:
        for number, value in roll_ups.of_records(field, numbers).items():
            patches[number][field.key] = value
    write(home, list(patches.items()))
    _follow_formulas(home, numbers)


# All records ----------------------------------------------------------------------------------------------------------


def work_out(object_type: str) -> int:
    """Work out all roll-ups and formulas of a type anew, for all records, and write what differs; how many it was."""
    home = homes.of(object_type)
    began = clock.now()
    fields = [field for field in home.fields() if field.worked_out]
    changed = sum(_roll_up(home, field) for field in fields if field.kind == K.ROLL_UP)
    changed += _formulas(home, in_order(field for field in fields if field.kind == K.FORMULA))
    CustomField.objects.filter(pk__in=[field.pk for field in fields]).update(fresh_at=began)
    known.changed()
    return changed


def _roll_up(home: Home, field: CustomField) -> int:
    after: int | None = 0
    changed = done = 0
    while after is not None:
        with transaction.atomic():
            patches, after = roll_ups.differences(field, home, after)
            write(home, patches)
        changed += len(patches)
        done += roll_ups.WINDOW
        progress(done, message=field.label)
    return changed


def _formulas(home: Home, fields: list[CustomField]) -> int:
    if not fields:
        return 0
    after = changed = done = 0
    while True:
        with transaction.atomic():
            rows = home.model._base_manager.filter(pk__gt=after).order_by("pk")
            if connection.vendor == "postgresql":
                rows = rows.select_for_update(of=("self",))
            batch = list(rows[:AT_ONCE])
            if not batch:
                return changed
            patches = [(row.pk, patch) for row in batch if (patch := patch_of(row, home, fields))]
            write(home, patches)
        after, changed, done = batch[-1].pk, changed + len(patches), done + len(batch)
        progress(done, message=_("Formulas"))


def write(home: Home, patches: list[tuple[int, dict[str, Any]]]) -> None:
    """Change keys of `computed`; null takes one away."""
    if not patches:
        return
    if connection.vendor == "sqlite":
        patched = f"json_patch(coalesce(\"{COMPUTED}\", '{{}}'), %s)"
    else:
        patched = f"jsonb_strip_nulls(coalesce(\"{COMPUTED}\", '{{}}'::jsonb) || %s::jsonb)"
    with connection.cursor() as cursor:
        cursor.executemany(
            f'UPDATE "{home.table}" SET "{COMPUTED}" = {patched} WHERE id = %s',
            [(json.dumps(patch, ensure_ascii=False), pk) for pk, patch in patches],
        )


def forget(home: Home, field: CustomField) -> None:
    """Take the results of a field away from all records."""
    held = models.Q(**{f"{COMPUTED}__has_key": field.key}) | models.Q(**{f"{COMPUTED}__has_key": FAILED + field.key})
    numbers = list(home.model._base_manager.filter(held).values_list("pk", flat=True))
    write(home, [(number, {field.key: None, FAILED + field.key: None}) for number in numbers])


def samples(home: Home, draft: CustomField, viewer: Viewer, most: int = 3) -> list[tuple[str, str, str]]:
    """What a formula that is being written gives for a few records that `viewer` sees: name, value, reason."""
    found = []
    rows: Any = home.model._default_manager.all()
    for row in rows.visible_to(viewer).order_by("-pk")[:most]:
        value, reason = worked_out(draft, environment(row, home))
        found.append((str(row), kinds.text(draft, value), reason))
    return found
