"""How a model is governed: the one line by which it says on which right it hangs, and who has how much of which right.

A right is a verb on a subject (“edit” on “customers”) with a reach: none, one's own, one's team's, all. A model says:

    governed = Owned("customers", "owner")       # rows have an owner
    governed = Through("party", "orders")        # rows go with another record, and need a right of their own besides
    governed = Through("party")                  # rows are a part of another record: writing them is editing it
    governed = Part("settings")                  # rows belong to nobody: all or nothing
    governed = Personal("user")                  # rows are somebody's own, and nobody else's
    governed = Following()                       # rows hang on a record of any type (guanxi.foundation.belonging)

Nothing here knows who asks or decides what is shown; that is `guanxi.foundation.visibility`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import Any, ClassVar

from django.apps import apps
from django.db import connection, models
from django.db.models import Exists, F, Func, OuterRef, Q

VERBS = ("view", "create", "edit", "delete", "export", "merge", "run")
NOTHING = Q(pk__in=[])
A_TEAM = 50  # owners for each of whom the database looks into a lane's index that begins with the owner
LANES = "lanes"  # in place of True for `walking`: the database goes along the lanes of a board


class Reach(IntEnum):
    """How far a right goes; of two the greater one includes the less."""

    NONE = 0
    OWN = 1
    TEAM = 2
    ALL = 3


@dataclass(frozen=True)
class Subject:
    """A line of the matrix of rights, hung on the door “subject”. `owned`: its records have owners, so that own and
    team can be told apart."""

    key: str
    label: Any
    verbs: tuple[str, ...] = ("view", "create", "edit", "delete", "export")
    owned: bool = False
    help: Any = ""


@dataclass
class Rights:
    """What one viewer may, worked out once; the most permissive of his roles wins."""

    viewer_id: int | None
    works_here: bool = False
    everything: bool = False
    grants: Mapping[str, Mapping[str, Reach]] = field(default_factory=dict)
    hidden: Mapping[str, frozenset[str]] = field(default_factory=dict)  # model's label -> names of fields
    read_only: Mapping[str, frozenset[str]] = field(default_factory=dict)
    find_peers: Callable[[], frozenset[int]] = frozenset
    find_shared: Callable[[str, bool], frozenset[int]] = lambda label, edit: frozenset()
    _shared: dict[tuple[str, bool], frozenset[int]] = field(default_factory=dict)

    def reach(self, subject: str, verb: str) -> Reach:
        """How far the viewer's right goes; nobody does more than he sees."""
        if self.everything:
            return Reach.ALL
        granted = self.grants.get(subject, {})
        reach = granted.get(verb, Reach.NONE)
        return reach if verb in ("view", "create") else min(reach, granted.get("view", Reach.NONE))

    @cached_property
    def peers(self) -> frozenset[int]:
        """Whose records are the team's: the viewer's own, and of all who are in his teams or in teams below them."""
        return self.find_peers() | ({self.viewer_id} if self.viewer_id is not None else set())

    def shared(self, label: str, verb: str) -> frozenset[int]:
        """The records of a type that were shared with the viewer, for this verb."""
        if verb not in ("view", "edit"):
            return frozenset()
        key = (label, verb == "edit")
        if key not in self._shared:
            self._shared[key] = self.find_shared(*key)
        return self._shared[key]


class Rule:
    """How one model is governed. `narrow` and `allows` answer where a right covers all or nothing; what lies between is
    each rule's own, in `among` and `covers`."""

    subject: str = ""
    binds_administrators: ClassVar[bool] = False  # whether also those are bound who may do everything

    def reach(self, model: type[models.Model], rights: Rights, verb: str) -> Reach:
        """How far the right goes over rows of the model."""
        raise NotImplementedError

    def narrow(
        self,
        model: type[models.Model],
        rights: Rights,
        verb: str,
        cap: Reach = Reach.ALL,
        walking: bool | str = False,
        shared: str = "",
    ) -> Q | None:
        """The condition on the rows that may be `verb`ed, at most as far as `cap`; None where there is none.

        With `walking` the database is to go along another index than that of the condition. `shared` is what a record
        must have been shared for, where that is not the verb.
        """
        reach = min(cap, self.reach(model, rights, verb))
        if reach in (Reach.ALL, Reach.NONE):
            return None if reach is Reach.ALL else NOTHING
        return self.among(model, rights, verb, reach, walking, shared)

    def allows(self, row: models.Model, rights: Rights, verb: str, cap: Reach = Reach.ALL, shared: str = "") -> bool:
        """Whether the right covers this row, which need not be stored yet."""
        reach = min(cap, self.reach(type(row), rights, verb))
        if reach in (Reach.ALL, Reach.NONE):
            return reach is Reach.ALL
        return self.covers(row, rights, verb, reach, shared)

    def among(
        self, model: type[models.Model], rights: Rights, verb: str, reach: Reach, walking: bool | str, shared: str
    ) -> Q | None:
        """The condition where the right reaches to one's own or the team's."""
        return None

    def covers(self, row: models.Model, rights: Rights, verb: str, reach: Reach, shared: str) -> bool:
        """Whether such a right covers this row."""
        return True

    def subjects(self, model: type[models.Model]) -> set[str]:
        """The subjects that have a say over the model."""
        return {self.subject} if self.subject else set()


@dataclass(frozen=True)
class Part(Rule):
    """Rows that belong to nobody: whoever has the right at all has it over each of them.

    `verbs` maps a verb to another of the same subject (“create”: “edit”), to one of another (“view”: “merging.view”),
    or to “” where everybody who works here may.
    """

    subject: str
    verbs: Mapping[str, str] = field(default_factory=dict)

    def reach(self, model: type[models.Model], rights: Rights, verb: str) -> Reach:
        wanted = self.verbs.get(verb, verb)
        if not wanted:
            return Reach.ALL if rights.works_here else Reach.NONE
        subject, _dot, own = wanted.rpartition(".")
        found = rights.reach(subject or self.subject, own)
        return Reach.ALL if found else Reach.NONE


@dataclass(frozen=True)
class Owned(Rule):
    """Rows with an owner; `also` names further columns whose user counts as one (who wrote it, who is to do it)."""

    subject: str
    owner: str = "owner"
    also: tuple[str, ...] = ()
    by_lane: bool = False  # whether each lane of its board has an index that begins with the owner

    def reach(self, model: type[models.Model], rights: Rights, verb: str) -> Reach:
        return rights.reach(self.subject, verb)

    def among(
        self, model: type[models.Model], rights: Rights, verb: str, reach: Reach, walking: bool | str, shared: str
    ) -> Q | None:
        whose = sorted(rights.peers) if reach is Reach.TEAM else [rights.viewer_id]
        walking = walking and not (walking == LANES and self.by_lane and len(whose) <= A_TEAM)
        condition = Q()
        for name in (self.owner, *self.also):
            column = model._meta.get_field(name).attname  # type: ignore[union-attr]
            condition |= OneOf(column, whose, walking) if walking else _among(column, whose)
        ids = sorted(rights.shared(model._meta.label_lower, shared or verb))
        return condition | _among("pk", ids) if ids else condition

    def covers(self, row: models.Model, rights: Rights, verb: str, reach: Reach, shared: str) -> bool:
        owners = {getattr(row, row._meta.get_field(name).attname) for name in (self.owner, *self.also)}  # type: ignore[union-attr]
        whose = rights.peers if reach is Reach.TEAM else {rights.viewer_id}
        if not owners.isdisjoint(whose):
            return True
        return row.pk is not None and row.pk in rights.shared(row._meta.label_lower, shared or verb)


@dataclass(frozen=True)
class Through(Rule):
    """Rows that go with other records: `parents` names the foreign keys, each of which must lead to one that is seen.

    Without a `subject` the row is a part of its record: it is seen with it, and written by who may edit it.
    """

    parents: str | tuple[str, ...]
    subject: str = ""
    verbs: Mapping[str, str] = field(default_factory=dict)

    def _links(self, model: type[models.Model]) -> list[Any]:
        names = (self.parents,) if isinstance(self.parents, str) else self.parents
        return [model._meta.get_field(name) for name in names]

    def _verb(self, verb: str) -> str:
        """The verb that is asked of the parent."""
        if self.subject:
            return "view"
        return verb if verb in ("view", "export") else "edit"

    @staticmethod
    def _share(verb: str) -> str:
        """For what the parent must have been shared: to write what goes with it is to write it."""
        return "view" if verb in ("view", "export") else "edit"

    def _own(self, rights: Rights, verb: str) -> Reach:
        if not self.subject:
            return Reach.ALL
        subject, _dot, own = self.verbs.get(verb, verb).rpartition(".")
        return rights.reach(subject or self.subject, own)

    def reach(self, model: type[models.Model], rights: Rights, verb: str) -> Reach:
        parents = [link.related_model for link in self._links(model)]
        return min([self._own(rights, verb), *(rule_of(one).reach(one, rights, self._verb(verb)) for one in parents)])

    def among(
        self, model: type[models.Model], rights: Rights, verb: str, reach: Reach, walking: bool | str, shared: str
    ) -> Q | None:
        found: Q | None = None
        for link in self._links(model):
            inner = self._parents(link, rights, verb, reach, shared)
            if inner is None:
                continue
            rows = link.related_model._base_manager.filter(inner)
            one = Q(Exists(rows.filter(pk=OuterRef(link.attname)))) if walking else Q(**{f"{link.name}__in": rows})
            found = one if found is None else found & one
        return found

    def under(self, model: type[models.Model], name: str, rights: Rights, verb: str) -> Q | None:
        """The condition on the records under which rows may be `verb`ed, `name` being the key that leads to them; None
        where there is none."""
        reach = self.reach(model, rights, verb)
        if reach in (Reach.ALL, Reach.NONE):
            return None if reach is Reach.ALL else NOTHING
        return self._parents(model._meta.get_field(name), rights, verb, reach, "")

    def _parents(self, link: Any, rights: Rights, verb: str, reach: Reach, shared: str) -> Q | None:
        parent: type[models.Model] = link.related_model
        return rule_of(parent).narrow(parent, rights, self._verb(verb), reach, shared=shared or self._share(verb))

    def covers(self, row: models.Model, rights: Rights, verb: str, reach: Reach, shared: str) -> bool:
        for link in self._links(type(row)):
            parent = getattr(row, link.name)
            if parent is None:
                return False
            wanted = shared or self._share(verb)
            if not rule_of(type(parent)).allows(parent, rights, self._verb(verb), reach, wanted):
                return False
        return True

    def subjects(self, model: type[models.Model]) -> set[str]:
        parents = [link.related_model for link in self._links(model)]
        return super().subjects(model).union(*(rule_of(parent).subjects(parent) for parent in parents))


@dataclass(frozen=True)
class Personal(Rule):
    """Rows that are somebody's own: he alone sees and writes them. `others_see`: a switch that lets others see one."""

    binds_administrators = True
    user: str
    others_see: str = ""

    def reach(self, model: type[models.Model], rights: Rights, verb: str) -> Reach:
        if rights.viewer_id is None:  # the house itself
            return Reach.ALL if rights.everything else Reach.NONE
        return Reach.OWN if rights.works_here else Reach.NONE

    def among(
        self, model: type[models.Model], rights: Rights, verb: str, reach: Reach, walking: bool | str, shared: str
    ) -> Q | None:
        mine = Q(**{self.user: rights.viewer_id})
        return mine | Q(**{self.others_see: True}) if self.others_see and verb == "view" else mine

    def covers(self, row: models.Model, rights: Rights, verb: str, reach: Reach, shared: str) -> bool:
        if self.others_see and verb == "view" and getattr(row, self.others_see):
            return True
        whose = getattr(row, row._meta.get_field(self.user).attname)  # type: ignore[union-attr]
        return bool(whose == rights.viewer_id)


@dataclass(frozen=True)
class Following(Rule):
    """Rows that hang on a record of any type, by `object_type` and `object_id`: seen with it, written by who may edit
    it. Their queryset narrows them (guanxi.foundation.belonging)."""

    def reach(self, model: type[models.Model], rights: Rights, verb: str) -> Reach:
        return Reach.ALL if rights.works_here else Reach.NONE

    def allows(self, row: models.Model, rights: Rights, verb: str, cap: Reach = Reach.ALL, shared: str = "") -> bool:
        if rights.everything or not rights.works_here:
            return rights.everything
        try:
            model = apps.get_model(row.object_type)  # type: ignore[attr-defined]
        except (LookupError, ValueError):
            return False
        record = model._base_manager.filter(pk=row.object_id).first()  # type: ignore[attr-defined]
        wanted = "view" if verb == "view" else "edit"
        return record is not None and rule_of(model).allows(record, rights, wanted)


class _Undeclared(Rule):
    """What says nothing of itself is for administrators, and for the house."""

    def reach(self, model: type[models.Model], rights: Rights, verb: str) -> Reach:
        return Reach.ALL if rights.everything else Reach.NONE


UNDECLARED = _Undeclared()


def rule_of(model: type[models.Model]) -> Rule:
    """How the model is governed."""
    rule = getattr(model, "governed", UNDECLARED)
    return rule if isinstance(rule, Rule) else UNDECLARED


def _among(column: str, values: list[Any]) -> Q:
    return Q(**{column: values[0]}) if len(values) == 1 else Q(**{f"{column}__in": values})


class _Unindexed(Func):
    """A column as it is, but out of reach for SQLite's choice of an index."""

    template = "+%(expressions)s"
    arity = 1


class _InList(Func):
    conditional = True
    output_field = models.BooleanField()

    def __init__(self, column: Any, values: list[Any]) -> None:
        super().__init__(column)
        self.values = values

    def as_sql(self, compiler: Any, connection: Any, **_context: Any) -> tuple[str, tuple[Any, ...]]:  # type: ignore[override]
        column, values = compiler.compile(self.source_expressions[0])
        return f"({column} IN ({', '.join(['%s'] * len(self.values))}))", (*values, *self.values)


def OneOf(column: str, values: list[Any], walking: bool) -> Q:  # noqa: N802  it stands where a Q does
    """`column IN (values)`, without the column's index where the database is to walk along another one."""
    plain = connection.vendor != "sqlite" or not walking
    return _among(column, values) if plain else Q(_InList(_Unindexed(F(column)), values))
