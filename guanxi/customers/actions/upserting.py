"""Saying of a party, by the number that another system has for it, what holds now: made where new, else changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from guanxi.customers import normalise
from guanxi.customers.actions.contacts import attach
from guanxi.customers.actions.locking import locked, mark_changed
from guanxi.customers.actions.parties import create_party, edit_party, set_roles
from guanxi.customers.merged import root_of
from guanxi.customers.models import ContactPoint, Party
from guanxi.foundation import one_at_a_time
from guanxi.foundation.actions import Refused, action, as_one
from guanxi.foundation.visibility import NotAllowed, Viewer, limited, require

EXTERNAL = ContactPoint.Kind.EXTERNAL


@action
def put_party(
    source: str,
    external_id: str,
    values: dict[str, Any],
    contact_points: Iterable[dict[str, Any]] = (),
    *,
    by: Viewer,
) -> tuple[Party, bool]:
    """The party that `source` knows by `external_id`, as `values` say it, and whether it is new.

    What is not said stays. Contact points that it lacks are added; none is taken away. Said again, nothing changes.
    """
    value = f"{source}:{external_id}"
    key = normalise.key_of(EXTERNAL, value)
    one_at_a_time.hold(f"party:{key}")
    known = ContactPoint.objects.filter(kind=EXTERNAL, key=key).order_by("id").values_list("party", flat=True).first()
    values = {name: said for name, said in values.items() if said is not None}
    with as_one():
        party = create_party(by=by, external=value, **values) if known is None else _changed(known, values, by)
    _add_lacking(party, contact_points, by)
    return party, known is None


def _changed(number: int, values: dict[str, Any], by: Viewer) -> Party:
    if limited(by, Party) and not Party.objects.visible_to(by).filter(pk=root_of(number)).exists():
        raise NotAllowed(by, "edit", Party)
    party = locked(number, by)
    roles = values.pop("roles", None)
    profile = {f"profile.{name}": said for name, said in values.pop("profile", {}).items()}
    changes = {name: said for name, said in values.items() if getattr(party, name, None) != said}
    changes |= {name: said for name, said in profile.items() if party.profile.get(name.partition(".")[2]) != said}
    if changes:
        party = edit_party(party, changes, by=by)
    if roles is not None:
        require(by, "edit", party)
        if set(roles) != set(party.roles.values_list("role", flat=True)):
            set_roles(party, roles, by=by)
    return party


def _add_lacking(party: Party, contact_points: Iterable[dict[str, Any]], by: Viewer) -> None:
    points = list(contact_points)
    if not points:
        return
    party = locked(party.pk, by)
    had = has = set(party.contact_points.values_list("kind", "key"))
    for position, point in enumerate(points):
        try:
            if not point.get("parts") and (point["kind"], normalise.key_of(point["kind"], point["value"])) in has:
                continue
            added = attach(party, by=by, **point)
        except Refused as refusal:
            if point.get("parts") and refusal.field == "value":
                continue  # an address in parts that the party has already
            raise Refused(refusal.message, f"contact_points.{position}.{refusal.field}") from refusal
        has = has | {(added.kind, added.key)}
    if has != had:
        mark_changed(party)
