"""The roles that stand there from the beginning; an administrator may change all of them but his own."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

ADMINISTRATOR = "administrator"
MANAGER, SALES, MARKETING, SERVICE, ANALYST, READ_ONLY = (
    "manager",
    "sales",
    "marketing",
    "service",
    "analyst",
    "read-only",
)

NAMES = {
    ADMINISTRATOR: gettext_noop("Administrator"),
    MANAGER: gettext_noop("Manager"),
    SALES: gettext_noop("Sales"),
    MARKETING: gettext_noop("Marketing"),
    SERVICE: gettext_noop("Service"),
    ANALYST: gettext_noop("Analyst"),
    READ_ONLY: gettext_noop("Read only"),
}
DESCRIPTIONS = {
    ADMINISTRATOR: gettext_noop("Everything, also who may do what."),
    MANAGER: gettext_noop("All of the business, nothing of the machine."),
    SALES: gettext_noop("The customers of the own team, and what is to be done with them."),
    MARKETING: gettext_noop("All customers, their consents and imports."),
    SERVICE: gettext_noop("All customers and their orders, for whoever calls or writes."),
    ANALYST: gettext_noop("All figures and lists, also as files; changes nothing."),
    READ_ONLY: gettext_noop("Sees customers, orders and products; changes nothing."),
}

Verbs = dict[str, str]


def _all(*verbs: str) -> Verbs:
    return dict.fromkeys(verbs, "all")


SEE = _all("view")
WRITE = _all("view", "create", "edit")
FULL = _all("view", "create", "edit", "delete", "export")
OWN_TASKS = {"view": "team", "create": "all", "edit": "team", "delete": "own", "export": "team"}
OWN_BACKGROUND = {"view": "own", "edit": "own", "run": "all"}

# Whoever works with all customers sees what may be duplicates; deciding is merging, and goes with “merge” on customers.
GRANTS: dict[str, dict[str, Verbs]] = {
    ADMINISTRATOR: {},
    MANAGER: {
        "customers": FULL | _all("merge"),
        "orders": FULL,
        "deals": FULL,
        "leads": FULL,
        "accounts": FULL,
        "forecasts": _all("view", "edit"),
        "quotas": FULL,
        "market": FULL,
        "territories": _all("view", "create", "edit", "delete", "run"),
        "products": FULL,
        "events": _all("view", "create", "export"),
        "tasks": FULL,
        "activities": FULL,
        "mail": _all("view", "export"),
        "imports": FULL,
        "merging": _all("view", "edit", "export", "merge"),
        "consent": FULL,
        "insight": _all("view", "edit", "export", "run"),
        "reports": _all("view", "export"),
        "settings": SEE,
        "people": SEE,
        "audit": _all("view", "export"),
        "background": _all("view", "edit", "run"),
    },
    SALES: {
        "customers": {"view": "team", "create": "all", "edit": "team", "export": "own"},
        "orders": {"view": "team", "create": "team", "edit": "own", "export": "own"},
        "deals": {"view": "team", "create": "all", "edit": "team", "delete": "own", "export": "own"},
        "leads": {"view": "team", "create": "all", "edit": "team", "export": "own"},
        "accounts": {"view": "team", "create": "team", "edit": "team", "delete": "own", "export": "own"},
        "forecasts": {"view": "team", "edit": "team"},
        "quotas": {"view": "team"},
        "market": WRITE,
        "territories": SEE,
        "products": SEE,
        "events": {"view": "team", "create": "team"},
        "tasks": OWN_TASKS,
        "activities": OWN_TASKS,
        "mail": SEE,
        "consent": {"view": "team", "create": "team"},
        "insight": {"view": "team"},
        "reports": SEE,
        "background": OWN_BACKGROUND,
    },
    MARKETING: {
        "customers": WRITE | _all("export"),
        "orders": _all("view", "export"),
        "deals": _all("view", "export"),
        "leads": WRITE | _all("export"),
        "accounts": SEE,
        "market": WRITE | _all("export"),
        "territories": SEE,
        "products": SEE,
        "events": WRITE | _all("export"),
        "tasks": OWN_TASKS,
        "activities": OWN_TASKS,
        "imports": WRITE,
        "merging": SEE,
        "consent": WRITE | _all("export"),
        "insight": SEE,
        "reports": _all("view", "export"),
        "background": OWN_BACKGROUND,
    },
    SERVICE: {
        "customers": WRITE,
        "orders": WRITE,
        "deals": SEE,
        "leads": _all("view", "create"),
        "accounts": SEE,
        "territories": SEE,
        "products": SEE,
        "events": _all("view", "create"),
        "tasks": OWN_TASKS,
        "activities": OWN_TASKS,
        "mail": SEE,
        "merging": SEE,
        "consent": WRITE,
        "insight": SEE,
        "background": OWN_BACKGROUND,
    },
    ANALYST: {
        "customers": _all("view", "export"),
        "orders": _all("view", "export"),
        "deals": _all("view", "export"),
        "leads": _all("view", "export"),
        "accounts": _all("view", "export"),
        "forecasts": SEE,
        "quotas": _all("view", "export"),
        "market": _all("view", "export"),
        "territories": SEE,
        "products": _all("view", "export"),
        "events": _all("view", "export"),
        "tasks": OWN_TASKS,
        "activities": _all("view", "export"),
        "merging": SEE,
        "insight": _all("view", "export", "run"),
        "reports": _all("view", "export"),
        "background": OWN_BACKGROUND,
    },
    READ_ONLY: {
        "customers": SEE,
        "orders": SEE,
        "deals": SEE,
        "accounts": SEE,
        "market": SEE,
        "territories": SEE,
        "products": SEE,
        "events": SEE,
        "tasks": {"view": "own"},
        "activities": SEE,
    },
}


def name_of(key: str, name: str) -> str:
    """A role's name; that of a ready-made one that nobody renamed in the reader's language."""
    return _(name) if NAMES.get(key) == name else name


def description_of(key: str, description: str) -> str:
    """What a role is for, in the reader's language where nobody rewrote it."""
    return _(description) if description and DESCRIPTIONS.get(key) == description else description


def install(model: Any) -> dict[str, Any]:
    """Make those of the ready-made roles that are not there (by a migration, with its model); returns them by key."""
    roles = {role.key: role for role in model.objects.filter(key__in=NAMES)}
    for key, name in NAMES.items():
        if key not in roles:
            roles[key] = model.objects.create(
                key=key,
                name=name if not model.objects.filter(name=name).exists() else f"{name} ({key})",
                description=DESCRIPTIONS[key],
                is_administrator=key == ADMINISTRATOR,
                grants=GRANTS[key],
            )
    return roles


def grant(model: Any, subject: str) -> None:
    """Give the ready-made roles their rights over a subject that came later (by a migration, with its model)."""
    for role in model.objects.filter(key__in=GRANTS):
        verbs = GRANTS[role.key].get(subject)
        if verbs and subject not in role.grants:
            role.grants = {**role.grants, subject: verbs}
            role.save(update_fields=["grants"])
