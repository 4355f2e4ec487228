"""Taking leads in, giving them to somebody, answering and dropping them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from guanxi.customers.models import Party
from guanxi.foundation import clock, notifications, one_at_a_time, search, visibility
from guanxi.foundation.actions import Refused, action, change, create, delete
from guanxi.foundation.models import User
from guanxi.foundation.notices.kinds import ASSIGNED
from guanxi.foundation.visibility import Viewer, is_staff, may
from guanxi.sales.leads import assigning, recognising
from guanxi.sales.leads.holding import locked, tell
from guanxi.sales.leads.models import Assignment, Lead, RuleMember

FIELDS = (
    "name", "organisation", "title", "mail", "phone", "city", "country", "language", "message", "territory", "topic",
    "source", "number", "owner", "same_as",
)  # fmt: skip
KEYS = {"mail", "phone", "country", "name", "organisation", "city"}
STATES = (Lead.State.NEW, Lead.State.WORKING)


@action
def create_lead(
    *, by: Viewer, owner: User | None = None, consent: tuple[str, datetime] | None = None,
    proof: dict[str, Any] | None = None, **values: Any,
) -> Lead:  # fmt: skip
    """Take a lead in: whom we know already is recognised; unless `owner` says whose it is, rules give it to somebody.

    `consent` is the text that was agreed to and when; `proof` what shows it. Raises Refused with the field.
    """
    _refuse_unknown(values)
    values = {name: value for name, value in values.items() if value not in (None, "")}
    source = values.get("source")
    for name in ("territory", "topic"):
        if source is not None and not values.get(name):
            values[name] = getattr(source, name)
    _check_owner(owner)
    text, moment = consent or ("", None)
    lead = create(
        Lead, owner=owner, consent_text=text, consent_at=moment, proof=proof or {}, created_at=clock.now(),
        assigned_at=clock.now() if owner else None, **values, **recognising.keys(values),
    )  # fmt: skip
    if lead.same_as is None:
        lead = _recognise(lead)
    tell("lead.created", lead, by)
    if owner is None:
        lead = _assign(lead, by)
    search.touch(lead)
    return lead


@action
def edit_lead(lead_id: int, changes: dict[str, Any], expected: dict[str, Any] | None = None, *, by: Viewer) -> Lead:
    """Change facts of a lead; a `state` can be new or being worked on. Raises Conflict, Refused."""
    lead = locked(lead_id, by)
    changes = dict(changes)
    state = changes.pop("state", None)
    _refuse_unknown(changes)
    _check_owner(changes.get("owner"))
    if state is not None and state not in STATES:
        raise Refused(_("Convert it or drop it by the buttons of its page."), "state")
    if state is not None and not lead.is_open:
        raise Refused(_("Nothing is to come of this lead any more."), "state")
    texts = {
        name: ""
        for name, value in changes.items()
        if value is None and name not in ("owner", "source", "same_as", "number")
    }
    values = {**changes, **texts}
    if KEYS & set(values):
        after = {name: values.get(name, getattr(lead, name)) for name in KEYS}
        values |= recognising.keys(after)
    if "owner" in values and values["owner"] != lead.owner:
        values["assigned_at"] = clock.now() if values["owner"] else None
    was = lead.owner
    if state is not None:
        values["state"] = state
    stored = change(lead, expected, **values)
    if state == Lead.State.WORKING:
        stored = _note(stored)
    if stored.owner_id and stored.owner != was:
        _hand_over(stored, by)
        with visibility.implied():
            create(Assignment, lead=stored, user=stored.owner, at=clock.now(), steps=[])
    tell("lead.changed", stored, by, fields=sorted(changes))
    search.touch(stored)
    return stored


@action
def remove_lead(lead_id: int, *, by: Viewer) -> None:
    """Delete a lead."""
    lead = locked(lead_id, by)
    search.remove(Lead, [lead.pk])
    delete(lead)


@action
def assign(lead_id: int, *, by: Viewer) -> Lead:
    """Let the rules give a lead to somebody, whoever has it now. Raises Refused where nothing is to come of it."""
    lead = locked(lead_id, by)
    visibility.require(by, "edit", lead)
    if not lead.is_open:
        raise Refused(_("Nothing is to come of this lead any more."), "state")
    return _assign(lead, by)


@action
def note_activity(lead_id: int, *, by: Viewer) -> Lead:
    """Somebody answered: from then on the lead is being worked on, and how long that took is known."""
    lead = locked(lead_id, by)
    visibility.require(by, "edit", lead)
    if lead.state == Lead.State.NEW:
        lead = change(lead, state=Lead.State.WORKING)
    return _note(lead)


@action
def drop(lead_id: int, because: str, *, by: Viewer) -> Lead:
    """Nothing comes of a lead. Raises Refused without a reason."""
    lead = locked(lead_id, by)
    because = " ".join(because.split())[:300]
    if not because:
        raise Refused(_("Say why nothing comes of it."), "dropped_because")
    if not lead.is_open:
        raise Refused(_("Nothing is to come of this lead any more."), "state")
    lead = change(lead, state=Lead.State.DROPPED, dropped_because=because)
    tell("lead.dropped", lead, by, because=because)
    return lead


def _recognise(lead: Lead) -> Lead:
    party, why = recognising.known_as(lead)
    if party is None:
        return lead
    with visibility.implied():
        return change(lead, same_as=party, why_same=why)


def _assign(lead: Lead, by: Viewer) -> Lead:
    one_at_a_time.hold("leads:assigning")  # so that two at once are not both given to who is next in turn
    choice = assigning.choose(lead)
    user = choice.user
    with visibility.implied():
        if choice.member is not None:
            RuleMember.objects.filter(pk=choice.member.pk).update(given_at=clock.now())
        if user is not None:
            lead = change(lead, owner=user, assigned_at=clock.now())
        if choice.steps:
            create(Assignment, lead=lead, rule=choice.rule, user=user, at=clock.now(), steps=choice.steps)
    if user is not None:
        _hand_over(lead, by)
    return lead


def _note(lead: Lead) -> Lead:
    if lead.first_activity_at is not None:
        return lead
    seconds = max(int((clock.now() - lead.created_at).total_seconds()), 0)
    with visibility.implied():
        return change(lead, first_activity_at=clock.now(), seconds_to_activity=seconds)


def _hand_over(lead: Lead, by: Viewer) -> None:
    user = lead.owner
    if user is not None and user.pk != by.pk:
        with translation.override(user.language or None):
            title = _("A lead for you: %(name)s") % {"name": lead}
            notifications.notify(user, title, lead.message[:200], f"/leads/{lead.pk}/", kind=ASSIGNED)


def _check_owner(owner: User | None) -> None:
    if owner is not None and not (is_staff(owner) and may(owner, "view", Lead)):
        raise Refused(_("%(name)s may see no leads.") % {"name": owner}, "owner")


def _refuse_unknown(values: dict[str, Any]) -> None:
    unknown = [name for name in values if name not in FIELDS]
    if unknown:
        message = _("A lead has no field “%(name)s”; known are %(known)s.")
        raise Refused(message % {"name": unknown[0], "known": ", ".join(FIELDS)}, unknown[0])


def party_of(lead: Lead, viewer: Viewer) -> Party | None:
    """The customer that a lead seems to be, where the viewer may see him."""
    if lead.same_as_id is None:
        return None
    return Party.objects.visible_to(viewer).filter(pk=lead.same_as_id).first()
