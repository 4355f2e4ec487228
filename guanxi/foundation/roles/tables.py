"""The tables of the screens: rights of a role as a matrix, its rules of fields, who may see a record and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from guanxi.foundation import desk as desks
from guanxi.foundation.governing import Owned, Reach, Rights, Subject, rule_of
from guanxi.foundation.models import User
from guanxi.foundation.roles.granting import RightsToOne
from guanxi.foundation.roles.models import HIDDEN, READ_ONLY, Role, Share
from guanxi.foundation.visibility import Viewer, subjects

MOST_COLLEAGUES = 200
Text = str | Promise


def verb_labels() -> dict[str, str]:
    """The verbs as heads of columns."""
    return {
        "view": pgettext("right", "See"),
        "create": pgettext("right", "Make"),
        "edit": pgettext("right", "Change"),
        "delete": pgettext("right", "Delete"),
        "export": pgettext("right", "Export"),
        "merge": pgettext("right", "Merge"),
        "run": pgettext("right", "Run"),
    }


def reach_labels() -> dict[str, str]:
    """The reaches as choices."""
    return {
        "none": pgettext("right", "none"),
        "own": pgettext("right", "own"),
        "team": pgettext("right", "team"),
        "all": pgettext("right", "all"),
    }


@dataclass(frozen=True)
class Cell:
    """One right: the name of its control, what is chosen, and what may be; without choices there is no such right."""

    name: str
    verb: str
    chosen: str
    label: str
    choices: list[tuple[str, str]]


def matrix(role: Role) -> list[tuple[Subject, list[Cell]]]:
    """The subjects with a cell for each verb."""
    labels = reach_labels()
    lines = []
    for subject in subjects():
        cells = []
        for verb in verb_labels():
            chosen = "all" if role.is_administrator else role.grants.get(subject.key, {}).get(verb, "none")
            known = [(key, label) for key, label in labels.items() if subject.owned or key in ("none", "all")]
            choices = known if verb in subject.verbs else []
            cells.append(Cell(f"{subject.key}.{verb}", verb, chosen, labels.get(chosen, chosen), choices))
        lines.append((subject, cells))
    return lines


def read_matrix(given: Any) -> dict[str, dict[str, str]]:
    """The table of rights that a form says."""
    grants: dict[str, dict[str, str]] = {}
    for subject in subjects():
        for verb in subject.verbs:
            said = str(given.get(f"{subject.key}.{verb}", "none"))
            if said != "none":
                grants.setdefault(subject.key, {})[verb] = said
    return grants


@dataclass(frozen=True)
class FieldLine:
    """A field that rules may be made for: whose, its name, what people call it, and the rule."""

    model: str
    name: str
    group: str
    label: str
    rule: str

    @property
    def key(self) -> str:
        return f"{self.model}:{self.name}"


def fields(role: Role) -> list[FieldLine]:
    """Every field that lists and records show, with its rule; what names a record cannot be hidden."""
    found: dict[tuple[str, str], FieldLine] = {}
    for desk in desks.registered():
        if rule_of(desk.model).subjects(desk.model) & {"settings", "people", "audit", "background"}:
            continue
        every = [*desk.all_columns(), *desk.all_facts()]
        for field in every:
            if field.path is None or field.column.link or field.path.field.primary_key:
                continue
            label = field.path.field.model._meta.label_lower
            name = ".".join([field.path.field.name, *field.path.keys])
            rule = role.fields.get(label, {}).get(name, "")
            found.setdefault((label, name), FieldLine(label, name, str(desk.plural), str(field.label), rule))
    return list(found.values())


def rule_labels() -> list[tuple[str, str]]:
    """What may be said of a field."""
    return [("", _("shown")), (READ_ONLY, _("read only")), (HIDDEN, _("hidden"))]


@dataclass(frozen=True)
class Seer:
    """A colleague who may see a record, whether he may change it, and why."""

    user: User
    may_edit: bool
    why: str


def seers(record: models.Model) -> list[Seer]:
    """Who may see the record and why, in the order of names."""
    rule = rule_of(type(record))
    users = list(User.objects.filter(is_active=True, is_staff=True).order_by("username")[:MOST_COLLEAGUES])
    known = RightsToOne(record, users)
    found = []
    for user in users:
        rights = known.of(user)
        if rule.allows(record, rights, "view"):
            found.append(Seer(user, rule.allows(record, rights, "edit"), _why(record, rights)))
    return found


def _why(record: Any, rights: Rights) -> str:
    if rights.everything:
        return _("administrates")
    rule = rule_of(type(record))
    owner = getattr(record, f"{rule.owner}_id") if isinstance(rule, Owned) else None
    if owner is not None and owner == rights.viewer_id:
        return _("owner")
    reach = rule.reach(type(record), rights, "view")
    if reach is Reach.ALL:
        return _("sees all by role")
    if reach is Reach.TEAM and owner in rights.peers:
        return _("in the owner's team, or above it")
    return _("shared")


def shares_of(record: models.Model) -> Any:
    """With whom the record was shared."""
    here = {"object_type": record._meta.label_lower, "object_id": record.pk}
    return Share.objects.filter(**here).select_related("user", "team").order_by("pk")


def colleagues(viewer: Viewer) -> Any:
    """Who can be chosen."""
    rows = User.objects.filter(is_active=True, is_staff=True).order_by("username")
    return rows[:MOST_COLLEAGUES]
