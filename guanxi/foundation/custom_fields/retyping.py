"""What becomes of stored values when a field gets another kind: converted, or kept aside until it is retyped back.

What somebody said stays in `computed["~key"]` as it was, with what was made of it. As long as nobody changes that,
every further retyping begins from what was said; so it comes back unharmed after any number of ways round. What
somebody did change meanwhile is what was said from then on.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Q

from guanxi.foundation import clock, typed_json
from guanxi.foundation.custom_fields import homes, kinds, known
from guanxi.foundation.custom_fields.homes import COMPUTED, Home
from guanxi.foundation.custom_fields.models import CustomField
from guanxi.foundation.tasks import progress

K = CustomField.Kind
AT_ONCE = 2000
SHOWN = 100  # values that an outlook lists
ASIDE = "~"


@dataclass(frozen=True)
class Turn:
    """What would become of one stored value: how many rows have it, what it becomes, or why it cannot."""

    value: str
    count: int
    becomes: str
    reason: str

    @property
    def kept_aside(self) -> bool:
        return bool(self.reason)


@dataclass(frozen=True)
class Outlook:
    """What retyping would make of the values, those that cannot be before all."""

    target: CustomField
    all_turns: list[Turn]

    @property
    def turns(self) -> list[Turn]:
        """Those that are shown."""
        return self.all_turns[:SHOWN]

    @property
    def more(self) -> int:
        """How many different values are not shown."""
        return len(self.all_turns) - len(self.turns)

    @property
    def aside(self) -> int:
        """How many rows would have their value kept aside."""
        return sum(turn.count for turn in self.all_turns if turn.kept_aside)

    @property
    def fine(self) -> int:
        """How many rows would have it converted."""
        return sum(turn.count for turn in self.all_turns if not turn.kept_aside)


def as_kind(field: CustomField, kind: str, options: dict[str, Any]) -> CustomField:
    """The field as it would be with another kind."""
    other = copy(field)
    other.kind, other.options = kind, options
    return other


def converted(source: CustomField, target: CustomField, value: Any) -> Any:
    """A stored value of the kind of `source` as `target` stores it; raises ValidationError where that cannot be."""
    if value is None:
        return None
    return kinds.clean(target, _portable(source, target, value))


def turned(source: CustomField, target: CustomField, value: Any, aside: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The value after retyping, and what is kept aside: what somebody said, as what kind, and what became of it."""
    untouched = bool(aside) and aside.get("made") == value
    kind, said = (aside["kind"], aside["value"]) if untouched else (source.kind, value)
    if said is None:
        return None, {}
    if kind == target.kind:
        return said, {}
    made = _or_none(as_kind(source, kind, {**target.options, **source.options}), target, said)
    return made, {"kind": kind, "value": said, "made": made}


def outlook(home: Home, field: CustomField, target: CustomField) -> Outlook:
    """What would become of each distinct value, the most frequent first, those that cannot be before all."""
    counts: Counter[str] = Counter()
    for _pk, value, _aside in rows_of(home, field):
        if value is not None:
            counts[json.dumps(value, ensure_ascii=False, sort_keys=True)] += 1
    turns = []
    for written, count in counts.most_common(5000):
        value = json.loads(written)
        try:
            becomes, reason = kinds.text(target, converted(field, target, value)), ""
        except ValidationError as error:
            becomes, reason = "", error.messages[0]
        turns.append(Turn(kinds.text(field, value), count, becomes, reason))
    return Outlook(target, sorted(turns, key=lambda turn: (not turn.kept_aside, -turn.count)))


def distinct(home: Home, field: CustomField, most: int) -> list[str]:
    """The distinct values in words, the most frequent first: what choices are made of."""
    counts: Counter[str] = Counter()
    for _pk, value, _aside in rows_of(home, field):
        parts = value if isinstance(value, list) else [value]
        counts.update(kinds.text(field, part) for part in parts if part is not None)
    return [said for said, _count in counts.most_common(most) if said]


def turn_all(home: Home, source: CustomField, target: CustomField, after: int = 0) -> Iterator[int]:
    """Convert the values of all rows above number `after`, in batches; yields the last number of each.

    Each batch is one transaction; whoever goes on from the number that came last converts nothing twice.
    """
    while True:
        with transaction.atomic():
            batch = list(_batch(home, source, after))
            if not batch:
                return
            changes = []
            for pk, value, aside in batch:
                now, kept = turned(source, target, value, aside)
                if now != value or kept != aside:
                    changes.append((pk, now, kept))
            write(home, source.key, changes)
            after = batch[-1][0]
            yield after
        progress(after)


def finish(field_id: int) -> int:
    """Convert all values of a field that was retyped, going on where it was stopped; the last number of a row."""
    field = CustomField.objects.get(pk=field_id)
    was = field.options.get("turning")
    if was is None:
        return 0
    source, last = as_kind(field, was["kind"], was["options"]), 0
    for last in turn_all(homes.of(field.object_type), source, field, int(was["after"])):
        field.options = {**field.options, "turning": {**was, "after": last}}
        CustomField.objects.filter(pk=field.pk).update(options=field.options)
    field.options = {key: value for key, value in field.options.items() if key != "turning"}
    CustomField.objects.filter(pk=field.pk).update(options=field.options)
    known.changed()
    return last


def write(home: Home, key: str, changes: list[tuple[int, Any, dict[str, Any]]]) -> None:
    """Write the value of `key` and what is kept aside of it, for many rows."""
    if not changes:
        return
    said, kept = (_set_key(column, name) for column, name in ((home.column, key), (COMPUTED, ASIDE + key)))
    sql = f'UPDATE "{home.table}" SET "{home.column}" = {said}, "{COMPUTED}" = {kept} WHERE id = %s'
    rows = [
        (_json(value), _json(value), _json(aside or None), _json(aside or None), pk) for pk, value, aside in changes
    ]
    with connection.cursor() as cursor:
        cursor.executemany(sql, rows)


def _set_key(column: str, key: str) -> str:
    """The column with `key` set to the JSON in the two parameters, or without it where that is null."""
    if connection.vendor == "sqlite":
        path = f"'$.\"{key}\"'"
        held = f"coalesce(\"{column}\", '{{}}')"
        return f"CASE WHEN %s IS NULL THEN json_remove({held}, {path}) ELSE json_set({held}, {path}, json(%s)) END"
    held = f"coalesce(\"{column}\", '{{}}'::jsonb)"
    return (
        f"CASE WHEN %s::jsonb IS NULL THEN {held} - '{key}' ELSE {held} || jsonb_build_object('{key}', %s::jsonb) END"
    )


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)


def rows_of(home: Home, field: CustomField) -> Iterator[tuple[int, Any, dict[str, Any]]]:
    """All rows that have a value of the field, or one kept aside: number, value, what is kept."""
    after = 0
    while batch := list(_batch(home, field, after)):
        yield from batch
        after = batch[-1][0]


def _batch(home: Home, field: CustomField, after: int) -> Iterator[tuple[int, Any, dict[str, Any]]]:
    """The next rows above `after` that have a value or something kept aside."""
    rows = home.model._base_manager.filter(pk__gt=after).order_by("pk")
    held = f"{home.column}__has_key", f"{COMPUTED}__has_key"
    rows = rows.filter(Q(**{held[0]: field.key}) | Q(**{held[1]: ASIDE + field.key}))
    if connection.in_atomic_block:
        rows = rows.select_for_update()
    for pk, said, computed in rows.values_list("pk", home.column, COMPUTED)[:AT_ONCE]:
        yield pk, (said or {}).get(field.key), dict((computed or {}).get(ASIDE + field.key) or {})


def _or_none(source: CustomField, target: CustomField, value: Any) -> Any:
    try:
        return converted(source, target, value)
    except ValidationError:
        return None


def _portable(source: CustomField, target: CustomField, value: Any) -> Any:
    """A stored value in the form in which the other kind understands it."""
    kind = source.kind
    if kind == K.CHOICES and target.kind == K.CHOICE:
        value = value[0] if len(value) == 1 else value
        return kinds.text(source, value) if isinstance(value, str) else _several(source, value)
    if kind in (K.CHOICE, K.CHOICES):
        return kinds.text(source, value)
    if kind == K.MOMENT:
        moment = typed_json.moment(value)
        return (
            moment
            if target.kind == K.DATE
            else value
            if moment is None
            else moment.astimezone(clock.zone()).isoformat()
        )
    if kind == K.YES_NO:
        return value if target.kind == K.YES_NO else ("yes" if value else "no") if target.kind in _TEXTS else int(value)
    if kind == K.DATE and target.kind in (K.NUMBER, K.MONEY, K.YES_NO, K.PERSON, K.PARTY):
        return str(value)  # 2026-03-31 is no number
    if kind in (K.PERSON, K.PARTY) and target.kind in _TEXTS:
        return kinds.text(source, value)
    return str(value) if target.kind in _TEXTS and not isinstance(value, str) else value


def _several(source: CustomField, value: Any) -> str:
    return kinds.text(source, value)


_TEXTS = (K.TEXT, K.LONG_TEXT, K.LINK, K.CHOICE, K.CHOICES)
