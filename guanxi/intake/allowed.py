"""What an import may make and write: it is done in somebody's name, and what a role closes to him is no field of his.

How far it reaches among the records that are there: guanxi.intake.reaching.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from guanxi.catalog.models import Price, Product
from guanxi.customers.models import Consent, Party, Relationship
from guanxi.foundation.actions import Refused
from guanxi.foundation.governing import Part, rule_of
from guanxi.foundation.visibility import Viewer, limited, may, read_only_fields, require, rights_of
from guanxi.intake import desk_kinds
from guanxi.ledger.models import Event
from guanxi.orders.models import Order, OrderLine

Model = type[models.Model]
# What a file of each kind makes: first its own rows, then whom and what it makes known on the way.
MAKES: dict[str, tuple[Model, ...]] = {
    "sales": (Order, Party, Product),
    "parties": (Party,),
    "products": (Product,),
    "prices": (Price,),
    "events": (Event, Party),
    "relationships": (Relationship,),
    "consents": (Consent,),
}
# The fields that are called otherwise in the records than in files.
STORED: dict[str, dict[str, tuple[Model, str]]] = {
    "sales": {
        "customer": (Order, "party"),
        "date": (Order, "placed_at"),
        "order": (Order, "number"),
        "product_name": (OrderLine, "description"),
    },
    "events": {"customer": (Event, "party")},
    "consents": {"customer": (Consent, "party")},
}
ALSO: dict[str, tuple[Model, ...]] = {"sales": (OrderLine,)}


def made_by(kind: str) -> tuple[Model, ...]:
    """What a file of a kind makes, its own rows first."""
    desk = desk_kinds.desk_of(kind)
    return (desk.model,) if desk is not None else MAKES[kind]


def require_kind(by: Viewer, kind: str, rule: str) -> None:
    """Raise NotAllowed where `by` may not do at all what a file of this kind does by this rule."""
    own, *others = made_by(kind)
    for verb in _verbs(own, rule):
        require(by, verb, own)
    for model in others if rule != "update" else []:
        require(by, "create", model)


def _verbs(model: Model, rule: str) -> tuple[str, ...]:
    if not _may_be_edited(model) or rule == "create":
        return ("create",)
    if rule == "update":
        return ("edit",)
    # Of records that have owners each is asked for when it is changed.
    return ("create", "edit") if isinstance(rule_of(model), Part) else ("create",)


def _may_be_edited(model: Model) -> bool:
    """What happened and what was agreed to is only ever added."""
    return model not in (Event, Consent)


def closed_fields(by: Viewer, kind: str) -> frozenset[str]:
    """The fields of a kind of file that a role closes to `by`."""
    if by is None or rights_of(by).everything:
        return frozenset()
    closed = {model: read_only_fields(by, model) for model in (made_by(kind)[0], *ALSO.get(kind, ()))}
    found = {name for names in closed.values() for name in names}
    found -= {name for name in found if name in STORED.get(kind, {})}
    found |= {name for name, (model, stored) in STORED.get(kind, {}).items() if stored in closed.get(model, ())}
    return frozenset(found)


def may_consent(by: Viewer) -> bool:
    """Whether the columns of a file of customers may speak of consents."""
    return by is None or may(by, "create", Consent)


def refuse_whose_reach_is_less(by: Viewer, kind: str, author: Any) -> None:
    """Raise Refused where `by` would take back what somebody else brought in, and may not change all of it himself."""
    if by.pk is not None and author == by.pk:
        return
    for model in made_by(kind):
        verb = "edit" if _may_be_edited(model) else "create"
        if not may(by, verb, model) or limited(by, model, verb):
            words = _("Somebody else brought this in, and you may not change all of it; ask him or an administrator.")
            raise Refused(words)
