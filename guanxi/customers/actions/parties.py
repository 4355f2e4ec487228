"""Making and correcting parties, and what they are to us."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.customers import corrections, custom, normalise, profile, sought
from guanxi.customers.actions.contacts import cleaned
from guanxi.customers.actions.locking import locked, mark_changed
from guanxi.customers.actions.owning import require_owner
from guanxi.customers.happenings import tell
from guanxi.customers.models import ContactPoint, Party, PartyRole
from guanxi.customers.survivorship import FIELDS
from guanxi.foundation import clock, search
from guanxi.foundation.actions import Refused, action, change_held, clash, create_parts, create_whole, delete
from guanxi.foundation.audit import plain
from guanxi.foundation.models import User
from guanxi.foundation.visibility import Viewer

PROFILE = "profile."


@action
def create_party(
    *,
    by: Viewer,
    name: str = "",
    kind: str = Party.Kind.PERSON,
    profile: dict[str, Any] | None = None,
    roles: Iterable[str] = (PartyRole.Role.PROSPECT,),
    phone: str = "",
    mail: str = "",
    external: str = "",
    made_up: bool = False,
    **values: Any,
) -> Party:
    """Make a party. Without `name` it is put together from family and given name.

    `phone`, `mail` and `external` become its first contact points; the facts named `profile__age` or
    `profile={"age": ...}` its profile. Raises Refused with the field that is wrong.
    """
    facts = custom.defaults() | dict(profile or {}) | _profile_keywords(values)
    owner = values.pop("owner", None) or (by if isinstance(by, User) else None)  # who makes a customer, owns him
    if owner is not by:
        require_owner(owner)
    _refuse_unknown(values)
    _refuse_unborn(values)
    cleaned = {name: _cleaned_profile(name, value) for name, value in facts.items()}
    values = {field: value for field, value in values.items() if value is not None}
    values["name"] = name.strip() or normalise.full_name(values.get("family_name", ""), values.get("given_name", ""))
    said_points = [(kind, value) for kind, value in (("phone", phone), ("mail", mail), ("external", external)) if value]
    points: list[ContactPoint] = []

    def parts(party: Party) -> list[tuple[str, Model]]:
        points.extend(_first_point(party, contact_kind, value) for contact_kind, value in said_points)
        held = [PartyRole(party=party, role=role) for role in sorted(set(roles))]
        return [*(("roles", role) for role in held), *((point.kind, point) for point in points)]

    party = create_whole(
        Party,
        parts,
        kind=kind,
        profile={key: value for key, value in cleaned.items() if value is not None},
        owner=owner,
        made_up=made_up,
        created_at=clock.now(),
        **values,
    )
    said = {field: value for field, value in {"kind": kind, **values}.items() if value not in ("", None)}
    corrections.keep(party, said | {PROFILE + key: value for key, value in party.profile.items()})
    tell("party.created", party, by=by, name=party.name)
    for point in points:
        tell("contact.added", party, by=by, kind=point.kind, value=point.value)
    search.touch(party, text=sought.text_of(party, (point.key for point in points)), new=True)
    return party


def _first_point(party: Party, kind: str, value: str) -> ContactPoint:
    """A contact point of a new party. Raises Refused with its kind as the field, as the caller knows it."""
    try:
        value, key = cleaned(kind, value, party)
    except Refused as refusal:
        raise Refused(refusal.message, kind) from refusal
    return ContactPoint(party=party, kind=kind, value=value, key=key)


@action
def edit_party(
    row: int | Party, changes: dict[str, Any], expected: dict[str, Any] | None = None, *, by: Viewer
) -> Party:
    """Correct facts of a party (its number, or the record as the running action holds it: `locked`); profile fields are
    named `profile.age`, several at once `profile`: {...}.

    What a person says wins over every source, now and in later imports. `expected` holds the values that he saw. Raises
    Conflict where somebody else changed the same field meanwhile, Refused where a value is wrong.
    """
    party = row if isinstance(row, Party) else locked(row, by)
    facts = {key.removeprefix(PROFILE): value for key, value in changes.items() if key.startswith(PROFILE)}
    values = {key: value for key, value in changes.items() if not key.startswith(PROFILE)}
    facts |= values.pop("profile", None) or {}
    owner = {"owner": values.pop("owner")} if "owner" in values else {}
    if owner:
        require_owner(owner["owner"])
    _refuse_unknown(values)
    _refuse_unborn(values)
    before = {name: plain(getattr(party, name)) for name in values} | {
        PROFILE + name: party.profile.get(name) for name in facts
    }
    if facts:
        values["profile"] = _merged_profile(party, facts, expected or {})
    known = {key: value for key, value in (expected or {}).items() if key in (*FIELDS, "owner")}
    was = party.owner if owner else None
    stored = change_held(party, known, beside={"changed_at": timezone.now()}, **values, **owner)
    after = {name: plain(getattr(stored, name)) for name in values if name != "profile"} | {
        PROFILE + name: stored.profile.get(name) for name in facts
    }
    changed = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    if changed:
        corrections.keep(stored, {name: value for name, (_was, value) in changed.items()})
    if owner and was != stored.owner:  # no word of a source: it is ours to say
        changed["owner"] = [str(was or ""), str(stored.owner or "")]
    if changed:
        tell("party.changed", stored, by=by, changes=changed)
        search.touch(stored, text=sought.text_now(stored))
    return stored


@action
def set_roles(party: Party, roles: Iterable[str], *, by: Viewer) -> set[str]:
    """Make `roles` what the party is to us; returns them."""
    party = locked(party.pk, by)
    before = set(party.roles.values_list("role", flat=True))
    now = _set_roles(party, roles)
    if before != now:
        tell("party.changed", party, by=by, changes={"roles": [sorted(before), sorted(now)]})
        mark_changed(party)
    return now


@action
def add_role(party: Party, role: str, *, by: Viewer) -> None:
    """Let the party be `role` to us too, because of what happened. A customer is no longer a prospect."""
    # Of a merged party only its own: what came with another must be there when the merge is undone.
    before = set(PartyRole.objects.filter(party=party, origin__isnull=True).values_list("role", flat=True))
    if role not in before:
        outgrown = {PartyRole.Role.PROSPECT} if role == PartyRole.Role.CUSTOMER else set()
        _set_roles(party, (before - outgrown) | {role}, origin__isnull=True)
        mark_changed(party)


def _set_roles(party: Party, roles: Iterable[str], **among: Any) -> set[str]:
    wanted = set(roles)
    held = list(PartyRole.objects.filter(party=party, **among))
    create_parts([("roles", PartyRole(party=party, role=role)) for role in sorted(wanted - {one.role for one in held})])
    for row in held:
        if row.role not in wanted:
            delete(row)
    return wanted


def _profile_keywords(values: dict[str, Any]) -> dict[str, Any]:
    names = [name for name in values if name.startswith("profile__")]
    return {name.removeprefix("profile__"): values.pop(name) for name in names}


def _refuse_unknown(values: dict[str, Any]) -> None:
    for name in values:
        if name not in FIELDS:
            message = _("There is no field “%(name)s” to change; known are %(known)s.")
            raise Refused(message % {"name": name, "known": ", ".join(FIELDS)}, name)


def _refuse_unborn(values: dict[str, Any]) -> None:
    day = values.get("date_of_birth")
    if isinstance(day, date) and day > clock.today():
        raise Refused(_("This day lies in the future."), "date_of_birth")


def _cleaned_profile(name: str, value: Any) -> Any:
    field = profile.find(name)
    if field is None:
        known = ", ".join(known.name for known in profile.fields())
        message = _("There is no profile field “%(name)s”; known are %(known)s.")
        raise Refused(message % {"name": name, "known": known}, PROFILE + name)
    try:
        return field.clean(value)
    except ValidationError as error:
        raise Refused(error.messages[0], PROFILE + name) from error


def _as_stored(name: str, value: Any) -> Any:
    """What somebody saw of a custom field, as it is stored."""
    field = profile.find(name)
    try:
        return field.clean(value) if field is not None and field.custom is not None and value is not None else value
    except ValidationError:
        return value


def _merged_profile(party: Party, facts: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    merged = dict(party.profile)
    for name, value in facts.items():
        yours, theirs = _cleaned_profile(name, value), party.profile.get(name)
        original = _as_stored(name, expected.get(PROFILE + name, theirs))
        if (original or None) != theirs and yours != theirs:
            raise clash(Party, PROFILE + name, original, yours, theirs)
        merged[name] = yours
    return {name: value for name, value in merged.items() if value is not None}
