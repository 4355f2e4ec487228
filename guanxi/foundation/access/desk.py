"""Who gets in: colleagues with their second factors, sessions, tokens and locks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from allauth.mfa.models import Authenticator
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.foundation import desk
from guanxi.foundation.access import factors
from guanxi.foundation.access.models import Lock
from guanxi.foundation.desk import Column, Filter, Pill
from guanxi.foundation.models import User
from guanxi.foundation.visibility import Viewer, require


def kinds_of_factors(rows: Sequence[User]) -> dict[Any, Any]:
    """Which second factors the users of a page have."""
    found = factors.of([row.pk for row in rows])
    none = Pill(_now("none"), "warn")
    return {number: [Pill(kind, "good") for kind in kinds] or none for number, kinds in found.items()}


def locks_of(rows: Sequence[User]) -> dict[Any, Any]:
    """Which users of a page are locked."""
    keys = {f"user:{row.pk}": row.pk for row in rows}
    found = Lock.objects.filter(kind=Lock.Kind.ACCOUNT, key__in=keys, until__gt=timezone.now())
    return {keys[lock.key]: Pill(_now("locked"), "bad") for lock in found}


def has_factor(values: list[Any]) -> Q:
    """Who has a second factor of these kinds, or any."""
    wanted = [value for value in values if value != "none"] or list(factors.MAIN)
    some = Q(pk__in=Authenticator.objects.filter(type__in=wanted).values("user"))
    return ~some if values == ["none"] else some | (~_any() if "none" in values else Q(pk__in=[]))


def _any() -> Q:
    return Q(pk__in=Authenticator.objects.filter(type__in=factors.MAIN).values("user"))


@desk.register
class Access(desk.Desk):
    """The list and the page of a colleague's access."""

    model = User
    slug = "access"
    label = _("Access of colleagues")
    noun = _("colleague")
    general = False
    history = True
    icon = "shield-lock"
    columns = (
        Column("username", link=True),
        Column("name", label=_("Name"), render=str, needs=["first_name", "last_name", "username"]),
        "email",
        Column("factors", label=_("Second factor"), fetch=kinds_of_factors),
        Column("last_login", label=_("Last log-in"), sort=False),
        Column("locked", label=_("Locked"), fetch=locks_of),
        Column("is_active", sort=False, shown=False),
    )
    default_sort = "username"
    filters = (
        "username",
        "email",
        "last_login",
        "is_active",
        Filter("factors", label=_("Second factor"), choices=[*factors.LABELS.items(), ("none", _("none"))],
               condition=has_factor),
    )  # fmt: skip
    search_fields = ("username", "first_name", "last_name", "email")
    facts = ("username", "first_name", "last_name", "email", "is_active", "date_joined", "last_login")

    def rows(self, viewer: Viewer) -> QuerySet[Any]:
        """All colleagues, for whom may change accounts."""
        require(viewer, "edit", User)
        return User.objects.filter(is_staff=True)

    def subtitle(self, row: User) -> str:
        return row.email
