"""What is kept of a customer, said by each package at the door "kept_about".

::

    hooks.register("kept_about", Kept(Order, fate=WITHOUT_HIM, why=_("Books must be kept."), erase=anonymise))

What hangs on parties (`hangs_on_party`), and every model with a foreign key to `Party`, is found without being
declared: it is given to the customer, and goes with him. A test names our models that nobody declared.
What is kept outside of the database stands at the door "kept_elsewhere" (`Elsewhere`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Q, QuerySet
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from guanxi.customers.hanging import hanging
from guanxi.customers.models import ContactPoint, Party, SourceRecord
from guanxi.foundation import audit, hooks
from guanxi.foundation.search.indexing import remove

GOES, WITHOUT_HIM, STAYS = "goes", "without", "stays"
FATES = {GOES: _("erased"), WITHOUT_HIM: _("kept without the person"), STAYS: _("kept")}
AT_ONCE = 500
LAST = 800  # notes and files hang on rows of all others


@dataclass
class Subject:
    """Whom it is about: the party, the parties that became part of it, and the values that tell of them."""

    party: Party
    ids: list[int]
    values: list[str] = field(default_factory=list)  # by which he could be recognised in any text
    stand_in: int = 0  # the party that rows hang on which are kept without him
    # The rows that were erased or changed, by model: what else speaks of them is erased too.
    touched: dict[str, list[int]] = field(default_factory=dict)
    files: list[tuple[Any, str]] = field(default_factory=list)  # storage and name, to be deleted after the commit

    def note(self, model: type[models.Model], ids: Sequence[int]) -> None:
        """Remember rows that were about him."""
        self.touched.setdefault(model._meta.label_lower, []).extend(ids)


def subject_of(party: Party) -> Subject:
    """`party` with all that became part of it; asked for a part, the whole."""
    root = party
    while root.merged_into_id is not None:
        root = Party.objects.get(pk=root.merged_into_id)
    ids, frontier = [root.pk], [root.pk]
    while frontier:
        frontier = list(Party.objects.filter(merged_into__in=frontier).values_list("pk", flat=True))
        ids += frontier
    return Subject(root, ids, _values(ids))


def _values(ids: list[int]) -> list[str]:
    """Names and contact points, the longest first; short Latin words would be found in any text."""
    found: set[str] = set()
    for row in Party.objects.filter(pk__in=ids):
        found |= {row.name, row.latin_name}
    for value, key, kind in ContactPoint.objects.filter(party__in=ids).values_list("value", "key", "kind"):
        found |= {value, key} if kind != ContactPoint.Kind.EXTERNAL else {key}
    for payload in SourceRecord.objects.filter(party__in=ids).values_list("payload", flat=True):
        found |= set(_texts_under(payload, ("name", "latin_name", "mail", "phone", "address", "card", "full_name")))
    return sorted((text for text in found if _telling(text)), key=len, reverse=True)


def _texts_under(payload: Any, names: Sequence[str]) -> Iterator[str]:
    if isinstance(payload, dict):
        for name in names:
            if isinstance(payload.get(name), str):
                yield payload[name]


def _telling(text: str) -> bool:
    return len(text.strip()) >= (2 if not text.isascii() else 5)


Rows = Callable[[Subject], QuerySet[Any]]


@dataclass(frozen=True)
class Kept:
    """Rows of one model about a customer: how they are found, given to him, and what becomes of them.

    `rows` (default: by every foreign key to `Party`), `fate` with the reason `why` where something stays, `erase`
    (default: the rows are deleted, with their files) returning how many; `shown(row)` the values as he gets them.
    """

    model: type[models.Model]
    rows: Rows | None = None
    fate: str = GOES
    why: Any = ""
    erase: Callable[[Subject], int] | None = None
    shown: Callable[[Any], dict[str, Any]] | None = None
    told: Callable[[Subject], list[str]] | None = None  # sentences beside the table, such as an explanation
    given: bool = True  # whether he gets it; what is only machinery (keys for matching) is erased but not given
    order: int = 100
    label: Any = ""

    @property
    def name(self) -> str:
        return self.model._meta.label_lower

    @property
    def title(self) -> str:
        return str(self.label or capfirst(self.model._meta.verbose_name_plural))

    def of(self, subject: Subject) -> QuerySet[Any]:
        """The rows about `subject`."""
        if self.rows is not None:
            return self.rows(subject)
        condition = Q(pk__in=[])
        for name in party_fields(self.model):
            condition |= Q(**{f"{name}__in": subject.ids})
        for one in hanging():
            if one.model is self.model:
                condition |= Q(**{f"{one.field}__in": subject.ids}, **one.where)
        if is_generic(self.model):
            condition |= Q(object_type=Party._meta.label_lower, object_id__in=subject.ids)
            for label, ids in subject.touched.items():
                condition |= Q(object_type=label, object_id__in=ids)
        return self.model._base_manager.filter(condition)

    def values(self, row: Any) -> dict[str, Any]:
        """A row as the customer gets it."""
        return self.shown(row) if self.shown else {self.model._meta.pk.name: row.pk, **audit.values_of(row)}

    def wipe(self, subject: Subject) -> int:
        """Let it become what it is to become; how many rows."""
        if self.fate == STAYS:
            return 0
        if self.erase is not None:
            return self.erase(subject)
        return delete_rows(subject, self.of(subject))


@dataclass(frozen=True)
class Elsewhere:
    """What is kept of a customer outside of the database: `find(subject)` gives what he gets of it, as rows.

    `erase(subject, stand_in)` takes it away, and may be done again; `first` where it needs the values, and is done
    before the database, which then has them no more. `stand_in` is the number of the party that kept rows hang on.
    """

    key: str
    label: Any
    erase: Callable[[Subject, int], int]
    find: Callable[[Subject], list[dict[str, Any]]]
    first: bool = False


def delete_rows(subject: Subject, rows: QuerySet[Any]) -> int:
    """Delete rows, their documents of the search and their files; how many."""
    model = rows.model
    files = [f for f in model._meta.concrete_fields if isinstance(f, models.FileField)]
    for found in rows if files else ():
        subject.files += [(f.storage, getattr(found, f.attname).name) for f in files if getattr(found, f.attname)]
    ids = list(rows.values_list("pk", flat=True))
    subject.note(model, ids)
    remove(model, ids)
    for start in range(0, len(ids), AT_ONCE):
        some = model._base_manager.filter(pk__in=ids[start : start + AT_ONCE])
        some._raw_delete(some.db)
    return len(ids)


def party_fields(model: type[models.Model]) -> list[str]:
    """The foreign keys of a model to `Party`."""
    return [f.name for f in model._meta.concrete_fields if f.is_relation and f.related_model is Party]


def kept() -> list[Kept]:
    """Everything that is kept in the database of a customer, declared or found, in the order in which it goes."""
    declared: list[Kept] = list(hooks.get("kept_about"))
    known = {one.model for one in declared}
    return sorted(
        [*declared, *(Kept(model, order=LAST if is_generic(model) else 100) for model in undeclared(known))],
        key=lambda one: one.order,
    )


def undeclared(known: set[type[models.Model]] | None = None) -> list[type[models.Model]]:
    """Models that refer to customers and that nobody declared."""
    known = {one.model for one in hooks.get("kept_about")} if known is None else known
    found = [model for model in apps.get_models() if model not in known and model is not Party and refers(model)]
    return [model for model in found if model not in known]


def refers(model: type[models.Model]) -> bool:
    """Whether rows of a model can hang on a customer."""
    return bool(party_fields(model)) or is_generic(model) or any(one.model is model for one in hanging())


def is_generic(model: type[models.Model]) -> bool:
    """Whether rows of a model hang on records of any type (notes, files, labels)."""
    return {"object_type", "object_id"} <= {f.name for f in model._meta.concrete_fields}


def elsewhere() -> list[Elsewhere]:
    """Everything that is kept outside of the database."""
    return hooks.get("kept_elsewhere")
