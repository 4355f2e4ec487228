"""How everything is written: the ground that each package's `actions.py` stands on.

An action is a function marked with `@action`. It runs in one transaction, its writes go through `create`, `change` and
`delete` below, which validate and audit them, and it records what happened in the ledger. Nothing else saves a model.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ParamSpec, TypeVar, cast

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import connection, models, transaction
from django.utils.translation import gettext as _

from guanxi.foundation import audit, hooks, logs, visibility
from guanxi.foundation.audit import Occasion
from guanxi.foundation.inserting import insert

P = ParamSpec("P")
R = TypeVar("R")
M = TypeVar("M", bound=models.Model)

_occasion: contextvars.ContextVar[Occasion | None] = contextvars.ContextVar("occasion", default=None)
_as_one: contextvars.ContextVar[bool] = contextvars.ContextVar("as_one", default=False)


class Refused(Exception):
    """What was asked cannot be done; the message says what is wrong and how to mend it, `field` where."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.message = str(message)
        self.field = field


class Conflict(Refused):
    """Somebody else changed the same field meanwhile; holds all three values so that a person can choose."""

    def __init__(self, field: str, original: Any, yours: Any, theirs: Any) -> None:
        super().__init__(_("Somebody else changed this field meanwhile."), field)
        self.original, self.yours, self.theirs = original, yours, theirs


def action(function: Callable[P, R]) -> Callable[P, R]:
    """Mark a function as an action: it needs a keyword `by` (the viewer) and runs in one transaction."""
    return _made_action(function, transaction.atomic)


def one_write(function: Callable[P, R]) -> Callable[P, R]:
    """Mark a function as an action that checks everything before its one write: within another action there is nothing
    of its own to be taken back, so that it does without a savepoint."""
    return _made_action(function, _in_transaction)


def _made_action(
    function: Callable[P, R], block: Callable[[], contextlib.AbstractContextManager[Any]]
) -> Callable[P, R]:
    name = f"{function.__module__.removeprefix('guanxi.').partition('.actions')[0]}.{function.__name__}"

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        visibility.rights_of(kwargs["by"])  # before the transaction, in which others wait for this one
        with acting(kwargs["by"], name), _in_transaction() if _as_one.get() else block(), _set(_as_one, False):
            result = function(*args, **kwargs)
        return visibility.veil(result) if isinstance(result, models.Model) else result

    run.action_name = name  # type: ignore[attr-defined]
    return run


def as_one() -> contextlib.AbstractContextManager[None]:
    """Within the block an action is part of the one that calls it, and does without a savepoint of its own: who calls
    it so does not go on where it is refused."""
    return _set(_as_one, True)


@contextlib.contextmanager
def _set(variable: contextvars.ContextVar[bool], value: bool) -> Iterator[None]:
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)


def _in_transaction() -> contextlib.AbstractContextManager[Any]:
    """The running transaction, or one of its own."""
    return contextlib.nullcontext() if connection.in_atomic_block else transaction.atomic()


@contextlib.contextmanager
def acting(viewer: visibility.Viewer, name: str) -> Iterator[Occasion]:
    """Attribute all writes within the block to `viewer` and `name`; an inner action keeps the outer name."""
    outer = _occasion.get()
    request_id = outer.request_id if outer else logs.current_id() or uuid.uuid4().hex
    occasion = Occasion(viewer, outer.name if outer else name, request_id)
    token = _occasion.set(occasion)
    try:
        with visibility.seeing(None):  # what is written must be whole, whoever writes
            yield occasion
    finally:
        _occasion.reset(token)


def occasion() -> Occasion:
    """The occasion of the running action; raises RuntimeError outside of one."""
    current = _occasion.get()
    if current is None:
        raise RuntimeError("Writes happen only inside an action (guanxi.foundation.actions.action).")
    return current


def create(model: type[M], **values: Any) -> M:
    """Validate, insert and audit one row. Raises Refused with the field where a value is wrong."""
    return create_whole(model, lambda _row: (), **values)


def create_whole(model: type[M], parts_of: Callable[[M], Sequence[tuple[str, models.Model]]], **values: Any) -> M:
    """Validate, insert and audit one row and the parts that are made for it (see `create_parts`)."""
    now = occasion()
    visibility.require(now.viewer, "create", model)
    row = model(**values)
    _refuse_new(row)
    _validate(row)
    insert([row])
    _note_new([row, *_inserted(parts_of(row))])
    return row


def create_parts(parts: Sequence[tuple[str, models.Model]]) -> None:
    """Insert and audit rows that are parts of a record which the running action has made or holds, with few statements.

    The database is not asked whether the record or such a part is there already: the caller knows, and lets no two be
    the same. A refusal names the field that stands beside the part.
    """
    _note_new(_inserted(parts))


def _note_new(rows: Sequence[models.Model]) -> None:
    """Audit new rows at once, and tell of each."""
    audit.record_all(occasion(), [(row, _all_values(row)) for row in rows])
    for row in rows:
        _tell(row)


def _inserted(parts: Sequence[tuple[str, models.Model]]) -> list[models.Model]:
    """The rows of the parts, checked and in the database."""
    for field, row in parts:
        try:
            _refuse_new(row)
            _validate(row, alone=True)
        except Refused as refusal:
            raise Refused(refusal.message, field) from refusal
    rows = [row for _field, row in parts]
    for model in dict.fromkeys(type(row) for row in rows):
        insert([row for row in rows if type(row) is model])
    return rows


def _refuse_new(row: models.Model) -> None:
    """Refuse a new row that the viewer may not make, or that says something which is closed to him."""
    visibility.require(occasion().viewer, "create", row)
    _refuse_closed(row, {name: value for name, value in audit.values_of(row).items() if _said(row, name, value)})


def _all_values(row: models.Model) -> dict[str, list[Any]]:
    """What the audit log says of a new row."""
    return {name: [None, value] for name, value in audit.values_of(row).items() if value is not None}


def change(row: M, expected: dict[str, Any] | None = None, **values: Any) -> M:
    """Validate, update and audit the named fields of one row; only what differs is written.

    `expected` holds the values that the caller saw; where the stored value is neither that nor the new one, Conflict.
    """
    visibility.require(occasion().viewer, "edit", row)
    stored = change_held(row._meta.model._base_manager.select_for_update().get(pk=row.pk), expected, **values)
    for name in values:
        setattr(row, name, getattr(stored, name))
    return cast("M", stored)


def change_held(
    stored: M, expected: dict[str, Any] | None = None, *, beside: dict[str, Any] | None = None, **values: Any
) -> M:
    """As `change`, of a row as the running action has read it to hold it (`select_for_update`), the whole of it: it is
    not read once more. `beside` is written along where anything differs, and is no change that people read of."""
    now = occasion()
    visibility.require(now.viewer, "edit", stored)
    before = audit.values_of(stored)
    for name, value in values.items():
        setattr(stored, name, value)
    _validate(stored, only=set(values))
    after = audit.values_of(stored)
    changed = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    for name, (theirs, yours) in changed.items():
        original = audit.plain((expected or {}).get(name, theirs))
        if original != theirs:
            raise clash(type(stored), name, original, yours, theirs)
    _refuse_closed(stored, changed)
    if changed:
        visibility.require(now.viewer, "edit", stored)  # nobody hands himself what is not his
        for name, value in (beside or {}).items():
            setattr(stored, name, value)
        stored.save(update_fields=[*changed, *(beside or {})])
        audit.record(now, stored, changed)
        _tell(stored)
    return stored


def clash(model: type[models.Model], name: str, original: Any, yours: Any, theirs: Any) -> Refused:
    """What to raise where somebody else changed a field meanwhile: of one that is closed to the viewer, no values."""
    if name in visibility.read_only_fields(occasion().viewer, model):
        return Refused(_("You may not change “%(field)s”.") % {"field": worded(model, name)}, name)
    return Conflict(name, original, yours, theirs)


def delete(row: models.Model) -> None:
    """Delete and audit one row."""
    now = occasion()
    visibility.require(now.viewer, "delete", row)
    audit.record(now, row, {name: [value, None] for name, value in audit.values_of(row).items() if value is not None})
    number = row.pk
    row.delete()
    row.pk = number
    _tell(row)
    row.pk = None


def _tell(row: models.Model) -> None:
    """Tell those who work something out of records: what hangs on `saved`, functions (row). A deleted row has no `id`
    in the database any more.
    """
    for door in hooks.get("saved"):
        door(row)


def _said(row: models.Model, name: str, value: Any) -> bool:
    """Whether a value of a new row is more than what stands there by itself."""
    return value not in (None, "", {}, []) and value != audit.plain(row._meta.get_field(name).get_default())  # type: ignore[union-attr]


def _refuse_closed(row: models.Model, changed: dict[str, Any]) -> None:
    """Refuse to write fields that are hidden from the viewer or that he may only read; implied changes are none of his.

    `changed` holds values, or pairs of before and after; of JSON fields the keys that differ count.
    """
    closed = visibility.read_only_fields(occasion().viewer, type(row))
    if not closed:
        return
    for name, value in changed.items():
        before, after = value if isinstance(value, list) and len(value) == 2 else (None, value)
        keys = {f"{name}.{key}" for key in _differing(before, after)}
        if name in closed or keys & closed:
            wrong = name if name in closed else min(keys & closed)
            raise Refused(_("You may not change “%(field)s”.") % {"field": worded(row, wrong)}, wrong)


def _differing(before: Any, after: Any) -> set[str]:
    one, other = (value if isinstance(value, dict) else {} for value in (before, after))
    return {key for key in one.keys() | other.keys() if one.get(key) != other.get(key)}


def worded(row: models.Model | type[models.Model], name: str) -> str:
    """What people call a field."""
    own, _dot, key = name.partition(".")
    return key or str(getattr(row._meta.get_field(own), "verbose_name", own))


def _validate(row: models.Model, only: set[str] | None = None, alone: bool = False) -> None:
    """Check the row, or only some fields; where it stands `alone` nothing that has to be looked for among others."""
    exclude = {field.name for field in row._meta.fields} - only if only is not None else set()
    known = {field.name for field in row._meta.fields if _is_known(row, field, alone)}
    try:
        row.clean_fields(exclude=exclude | known)
        row.clean()
        if not alone:
            row.validate_unique(exclude=exclude)
            row.validate_constraints(exclude=exclude)
    except ValidationError as error:
        field, errors = next(iter(error.update_error_dict({}).items()))
        raise Refused(errors[0].messages[0], None if field == NON_FIELD_ERRORS else field) from error


def _is_known(row: models.Model, field: models.Field[Any, Any], alone: bool) -> bool:
    """Whether a reference is to a record that the caller has at hand. The database holds such references itself at the
    end of the transaction; where it does not, the record is looked for, unless it was just made."""
    return isinstance(field, models.ForeignKey) and field.is_cached(row) and (alone or field.db_constraint)  # type: ignore[attr-defined]
