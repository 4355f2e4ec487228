"""Tagging many records, and taking tags from many, as bulk changes that can be undone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from django.db import models
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.foundation.bulk_changes.engine import Outcome, changes_kept, held_numbers
from guanxi.foundation.bulk_changes.kinds import BulkKind
from guanxi.foundation.bulk_changes.models import BulkChange, BulkRow
from guanxi.foundation.bulk_changes.views import start
from guanxi.foundation.desk import Desk
from guanxi.foundation.desk.choosing import Chosen
from guanxi.foundation.tags import actions
from guanxi.foundation.tags.models import Tag
from guanxi.foundation.visibility import Viewer

TAG, UNTAG = "tag", "untag"
State = BulkRow.State


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.replace("，", ",").split(",") if name.strip()]


def tag(chosen: Chosen, asked: dict[str, str]) -> Any:
    """Let the chosen records bear the tags of the dialogue."""
    tags = actions.tags_called(_names(asked.get("name", "")), by=chosen.viewer)
    return start(chosen, TAG, {"tags": ", ".join(one.name for one in tags)}, asked)


def untag(chosen: Chosen, asked: dict[str, str]) -> Any:
    """Take the tags of the dialogue from the chosen records."""
    tags = actions.known_tags(_names(asked.get("name", "")))
    return start(chosen, UNTAG, {"tags": ", ".join(one.name for one in tags)}, asked)


def _of(change: BulkChange) -> list[Tag]:
    return actions.known_tags(_names(change.values["tags"]))


def add_chunk(change: BulkChange, desk: Desk, numbers: list[int], by: Viewer) -> Outcome:
    """Let the next records bear the tags."""
    outcome = Outcome()
    rows = held_numbers(desk, numbers, by, "edit", outcome, State.REFUSED)
    names: dict[int, list[str]] = defaultdict(list)
    for one in _of(change):
        for number in actions.add_to(desk.model, one, rows, by=by):
            names[number].append(one.name)
    for number in rows:
        told = {"tags": [None, ", ".join(names[number])]} if number in names else {}
        outcome.put(number, State.CHANGED if told else State.SAME, told)
    return outcome


def take_chunk(change: BulkChange, desk: Desk, numbers: list[int], by: Viewer) -> Outcome:
    """Take the tags from the next records."""
    outcome = Outcome()
    rows = held_numbers(desk, numbers, by, "edit", outcome, State.REFUSED)
    names = _taken(desk.model, _of(change), rows)
    for number in rows:
        told = {"tags": [", ".join(names[number]), None]} if number in names else {}
        outcome.put(number, State.CHANGED if told else State.SAME, told)
    return outcome


def _taken(model: type[models.Model], tags: Collection[Tag], rows: Collection[int]) -> dict[int, list[str]]:
    names: dict[int, list[str]] = defaultdict(list)
    for one in tags:
        for number in actions.take_from(model, one, rows):
            names[number].append(one.name)
    return names


def undo_chunk(change: BulkChange, desk: Desk, numbers: list[int], by: Viewer) -> Outcome:
    """Take away what was added, or add what was taken away, where nobody has done so since."""
    outcome = Outcome()
    before = changes_kept(change, numbers)
    mine_now = held_numbers(desk, list(before), by, "edit", outcome, State.KEPT)
    tags = {one.name: one for one in _of(change)}
    for number in mine_now:
        was, made = before[number]["tags"]
        mine = [tags[name] for name in _names(was or made) if name in tags]
        if change.kind == TAG:
            done = _taken(desk.model, mine, [number])
        else:
            done = {number: [one.name for one in mine if actions.add_to(desk.model, one, [number], by=by)]}
        some = bool(done.get(number))
        why = "" if some else _now("Somebody changed its tags since.")
        outcome.put(number, State.UNDONE if some else State.KEPT, before[number], why)
    return outcome


KINDS = [
    BulkKind(TAG, _("Tagged"), add_chunk, undo_chunk),
    BulkKind(UNTAG, _("Tag taken away"), take_chunk, undo_chunk),
]
