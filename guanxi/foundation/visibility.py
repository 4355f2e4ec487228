"""Who may see and do what: the one place that decides, for screens, search, exports, API and background work.

`visible_to` narrows a queryset to what a viewer may see; `may` answers for one verb, `require` refuses. Each model says
in one line how it is governed (`guanxi.foundation.governing`); what a person may comes from his roles, through the door
“rights_of”: a function (user) → Rights. `hidden_fields` and `read_only_fields` say the same of fields.

Who looks is known to the whole of a request (`seeing`), so that hidden fields are loaded nowhere; within an action they
are, for what is written must be right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from django.db import models
from django.db.models import Exists, OuterRef

from guanxi.foundation import governing, hooks
from guanxi.foundation.governing import (
    VERBS,
    Following,
    Owned,
    Part,
    Personal,
    Reach,
    Rights,
    Rule,
    Subject,
    Through,
    rule_of,
)

__all__ = [
    "SYSTEM",
    "VERBS",
    "Following",
    "NotAllowed",
    "Owned",
    "Part",
    "Personal",
    "Reach",
    "Rights",
    "Rule",
    "Subject",
    "System",
    "Through",
    "Viewer",
    "VisibleQuerySet",
    "columns",
    "hidden_fields",
    "implied",
    "is_staff",
    "is_walking",
    "limited",
    "may",
    "read_only_fields",
    "require",
    "rights_of",
    "rule_of",
    "seeing",
    "seen_by",
    "sees",
    "sees_every_field",
    "subjects",
    "veil",
    "viewer_now",
    "walking",
]

M = TypeVar("M", bound=models.Model)
T = TypeVar("T")
NO_FIELDS: frozenset[str] = frozenset()


class System:
    """The viewer in whose name the house itself works (imports from the command line, schedules)."""

    pk = None
    id = None
    is_active = True
    is_staff = True
    is_authenticated = True

    def __str__(self) -> str:
        return "system"

    def get_full_name(self) -> str:
        return "system"


SYSTEM = System()
Viewer = Any  # foundation.User, AnonymousUser or System
EVERYTHING = Rights(None, works_here=True, everything=True)
NONE = Rights(None)

_implied: ContextVar[bool] = ContextVar("implied", default=False)
_walking: ContextVar[bool | str] = ContextVar("walking", default=False)
_viewer: ContextVar[Callable[[], Viewer] | None] = ContextVar("viewer", default=None)
_generation = 0


def is_staff(viewer: Viewer) -> bool:
    """Whether `viewer` works for the business."""
    return bool(getattr(viewer, "is_active", False) and getattr(viewer, "is_staff", False))


# What a viewer may ---------------------------------------------------------------------------------------------------


def rights_of(viewer: Viewer) -> Rights:
    """What `viewer` may; looked up once for each user object, and again after a role changed in this process."""
    if isinstance(viewer, System):
        return EVERYTHING
    if not is_staff(viewer):
        return NONE
    kept: tuple[int, Rights] | None = getattr(viewer, "_rights", None)
    if kept is None or kept[0] != _generation:
        found = hooks.get("rights_of")
        with seeing(None):
            kept = (_generation, found[0](viewer) if found else NONE)
        viewer._rights = kept
    return kept[1]


def forget() -> None:
    """Roles, teams or shares changed: what was looked up before does not count any more."""
    global _generation
    _generation += 1


def may(viewer: Viewer, verb: str, subject: type[models.Model] | models.Model | str | None = None) -> bool:
    """Whether `viewer` may `verb` (view, create, edit, delete, export, merge, run) the model, record or subject.

    Of a model or a subject: whether there may be any such record. Without a subject: whether he may do everything.
    """
    rights = rights_of(viewer)
    if rights.everything and not (isinstance(subject, models.Model) and rule_of(type(subject)).binds_administrators):
        return True
    if subject is None:
        return False
    if isinstance(subject, str):
        return rights.reach(subject, verb) is not Reach.NONE
    if isinstance(subject, models.Model):
        return rule_of(type(subject)).allows(subject, rights, verb)
    return rule_of(subject).reach(subject, rights, verb) is not Reach.NONE


class NotAllowed(Exception):
    """The viewer may not do this; becomes a 403 on screens and in the API."""

    def __init__(self, viewer: Viewer, verb: str, subject: Any) -> None:
        super().__init__(f"{viewer} may not {verb} {subject}")


def require(viewer: Viewer, verb: str, subject: type[models.Model] | models.Model | str | None = None) -> None:
    """Raise NotAllowed unless `viewer` may `verb` `subject`."""
    if not _implied.get() and not may(viewer, verb, subject):
        raise NotAllowed(viewer, verb, subject)


@contextmanager
def implied() -> Iterator[None]:
    """What is written within the block follows from what was allowed already, and asks for no right of its own."""
    token = _implied.set(True)
    try:
        yield
    finally:
        _implied.reset(token)


def limited(viewer: Viewer, model: type[models.Model], verb: str = "view") -> bool:
    """Whether `viewer` sees some rows of the model and not others."""
    return rule_of(model).narrow(model, rights_of(viewer), verb) is not None


def subjects() -> list[Subject]:
    """The lines of the matrix of rights."""
    found: list[Subject] = hooks.get("subject")
    return found


class VisibleQuerySet(models.QuerySet[M]):
    """The queryset of every model that people or programs can ask for."""

    def visible_to(self, viewer: Viewer) -> VisibleQuerySet[M]:
        """Only the rows that `viewer` may see."""
        return self.allowed_to(viewer, "view")

    def allowed_to(self, viewer: Viewer, verb: str) -> VisibleQuerySet[M]:
        """Only the rows that `viewer` may `verb`: for what is done to many at once."""
        condition = rule_of(self.model).narrow(self.model, rights_of(viewer), verb, walking=_walking.get())
        if condition is None:
            return self
        return self.none() if condition is governing.NOTHING else self.filter(condition)


def sees(viewer: Viewer, model: Any, name: str) -> Exists:
    """The condition that the record of `model` that a row names is one which `viewer` may see. Asked of each row: with
    IN a database may collect all records of the model for the few rows of one page."""
    return Exists(model._default_manager.visible_to(viewer).filter(pk=OuterRef(name)))


def is_walking() -> bool | str:
    """What `walking` was told, within it."""
    return _walking.get()


@contextmanager
def walking(how: bool | str = True) -> Iterator[None]:
    """Within the block `visible_to` makes conditions for going along the index of an order: right for viewers who see
    much, where collecting what they see and sorting it would take long. `governing.LANES`: along those of boards."""
    token = _walking.set(how)
    try:
        yield
    finally:
        _walking.reset(token)


# Fields --------------------------------------------------------------------------------------------------------------


def hidden_fields(viewer: Viewer, model: type[models.Model]) -> frozenset[str]:
    """The fields of the model that `viewer` does not get to see; keys of JSON fields as `profile.income`."""
    return rights_of(viewer).hidden.get(model._meta.label_lower, NO_FIELDS) if viewer is not None else NO_FIELDS


def read_only_fields(viewer: Viewer, model: type[models.Model]) -> frozenset[str]:
    """The fields of the model that `viewer` cannot write; those hidden from him are among them."""
    if viewer is None:
        return NO_FIELDS
    rights, label = rights_of(viewer), model._meta.label_lower
    return rights.read_only.get(label, NO_FIELDS) | rights.hidden.get(label, NO_FIELDS)


def sees_every_field(viewer: Viewer) -> bool:
    """Whether no field of any model is hidden from `viewer`, or closed to him."""
    rights = rights_of(viewer)
    return not rights.hidden and not rights.read_only


@contextmanager
def seeing(viewer: Viewer | Callable[[], Viewer] | None) -> Iterator[None]:
    """Whatever is loaded and listed within the block is for the eyes of `viewer` (or of who the function names)."""
    token = _viewer.set(viewer if viewer is None or callable(viewer) else lambda: viewer)
    try:
        yield
    finally:
        _viewer.reset(token)


def seen_by(viewer: Viewer, things: Iterable[T]) -> Iterator[T]:
    """`things`, each made for the eyes of `viewer`, though taken when the request is over (a streamed file)."""
    waiting = iter(things)
    while True:
        with seeing(viewer):
            try:
                thing = next(waiting)
            except StopIteration:
                return
        yield thing


def viewer_now() -> Viewer | None:
    """For whose eyes things are loaded now; None while an action writes, and where the house itself works."""
    found = _viewer.get()
    return found() if found is not None else None


def veil(row: Any) -> Any:
    """`row` without what is hidden from who looks now."""
    viewer = viewer_now()
    if viewer is None or not rights_of(viewer).hidden:  # the usual case, asked of each row
        return row
    for name in hidden_fields(viewer, type(row)):
        _blank(row, *name.split(".", maxsplit=1))
    return row


def columns(rows: models.QuerySet[Any], *names: str) -> Iterator[tuple[Any, ...]]:
    """Columns of rows (by paths, as `values_list` takes them; none of JSON) without what is hidden from who looks now:
    for the many of which a few values are asked, and no record is to be made."""
    viewer = viewer_now()
    veiled = [_is_hidden(rows.model, name, viewer) for name in names]
    if not any(veiled):
        yield from rows.values_list(*names)
        return
    for values in rows.values_list(*names):
        yield tuple(_blanked(one) if hidden else one for one, hidden in zip(values, veiled, strict=True))


def _is_hidden(model: Any, path: str, viewer: Viewer) -> bool:
    """Whether a column, or one on the way to it, is hidden."""
    name, _dunder, rest = path.partition("__")
    field = model._meta.pk if name == "pk" else model._meta.get_field(name)
    return field.name in hidden_fields(viewer, model) or bool(rest and _is_hidden(field.related_model, rest, viewer))


def _blanked(value: Any) -> Any:
    return "" if isinstance(value, str) else None


def _blank(row: Any, name: str, key: str = "") -> None:
    attname = row._meta.get_field(name).attname
    if attname not in row.__dict__:
        return  # not loaded; where it is asked for, it comes this way again
    if key:
        row.__dict__[attname] = {k: value for k, value in (row.__dict__[attname] or {}).items() if k != key}
    else:
        row.__dict__[attname] = _blanked(row.__dict__[attname])
