"""Making, changing and removing deals."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from guanxi.customers.happenings import tell
from guanxi.customers.models import Party
from guanxi.foundation import clock, search
from guanxi.foundation.actions import Refused, action, change, create, delete
from guanxi.foundation.models import User
from guanxi.foundation.visibility import Viewer, is_staff, may
from guanxi.sales.deals import amounts, queries
from guanxi.sales.deals.actions import moving
from guanxi.sales.deals.holding import locked
from guanxi.sales.deals.models import Deal, Stage, State

FIELDS = (
    "name", "number", "party", "contact", "owner", "probability", "forecast_category", "value", "currency",
    "expected_close", "source", "purchase_kind", "buyer_kind", "tender_number", "tender_url", "tender_due_on",
    "tender_decision_on", "lost_reason", "lost_to", "lost_note", "repeats_months",
)  # fmt: skip
OF_LOSS = ("lost_reason", "lost_to", "lost_note")
AT_ONCE = 1_000


@action
def create_deal(
    *, by: Viewer, name: str, party: Party | None, stage: Stage | None = None, owner: User | None = None, **values: Any
) -> Deal:
    """Make a deal, in the first stage of the first pipeline unless `stage` says otherwise; who makes it owns it.

    `values`: see FIELDS. Raises Refused with the field that is wrong.
    """
    _refuse_unknown(values)
    values = {field: value for field, value in values.items() if value is not None}
    stage = stage or queries.first_stage()
    if stage is None:
        raise Refused(_("Make a pipeline with a stage first."), "stage")
    if party is None:
        raise Refused(_("Say with which customer."), "party")
    owner = owner or (by if isinstance(by, User) else None)
    _check({"party": party, "owner": owner, **values}, by)
    values["currency"] = amounts.currency_of(values.get("currency"))
    values.setdefault("probability", stage.probability)
    where = {"pipeline": stage.pipeline, "stage": stage, "stage_since": clock.now(), "created_at": clock.now()}
    given = {"name": _name(name), "party": party, "owner": owner, **where, **values}
    deal = create(Deal, **given, **amounts.worked_out(Deal(**given)))
    moving.refuse_unmet(deal, None, stage)
    moving.remember(deal, None, "", by)
    tell("deal.created", party, by=by, about=deal, **moving.told(deal))
    search.touch(deal)
    return deal


@action
def edit_deal(deal_id: int, changes: dict[str, Any], expected: dict[str, Any] | None = None, *, by: Viewer) -> Deal:
    """Change facts of a deal; `stage` moves it, `state` wins, loses (with `lost_reason`, `lost_to`) or reopens it.

    `expected` holds the values that the caller saw. Raises Conflict, Refused.
    """
    changes = dict(changes)
    stage, state = changes.pop("stage", None), changes.pop("state", None)
    expected = dict(expected or {})
    deal = locked(deal_id, by)
    loss = {name: changes.pop(name) for name in OF_LOSS if name in changes} if state == State.LOST else {}
    if changes:
        deal = _edit(deal, changes, expected, by)
    if stage is not None:
        deal = moving.move(deal.pk, stage, expected.get("stage", ...), by=by)
    if state is not None and state != deal.state:
        moving.expect_state(deal, expected.get("state", deal.state), state)
        deal = _to_state(deal, state, loss, by)
    return deal


@action
def remove_deal(deal_id: int, *, by: Viewer) -> None:
    """Delete a deal with all that hangs on it; the audit log keeps what it said."""
    deal = locked(deal_id, by)
    search.remove(Deal, [deal.pk])
    tell("deal.removed", deal.party, by=by, name=deal.name)
    delete(deal)


@action
def recompute(currency: str, *, by: Viewer) -> int:
    """Work out the amounts of all open deals in a currency anew, because its rate changed; how many deals."""
    rows = Deal.objects.filter(currency=currency, state=State.OPEN, value__isnull=False).order_by("pk")
    count, last = 0, 0
    while some := list(rows.filter(pk__gt=last).select_for_update()[:AT_ONCE]):
        for deal in some:
            deal.amount = amounts.in_own_currency(deal.value, currency, clock.today())
            deal.weighted = amounts.weighted(deal.amount, deal.probability)
        Deal.objects.bulk_update(some, ["amount", "weighted"])
        count, last = count + len(some), some[-1].pk
    return count


def _edit(deal: Deal, changes: dict[str, Any], expected: dict[str, Any], by: Viewer) -> Deal:
    changes = _cleaned(deal, changes, by)
    after = Deal(**{field.name: getattr(deal, field.name) for field in Deal._meta.concrete_fields})
    for name, value in changes.items():
        setattr(after, name, value)
    derived = amounts.worked_out(after) if {"value", "currency", "probability"} & set(changes) else {}
    was = deal.party
    known = {name: value for name, value in expected.items() if name in FIELDS}
    stored = change(deal, known, **changes, **derived)
    told = {"fields": sorted(changes), **moving.told(stored)}
    tell("deal.changed", stored.party, by=by, about=stored, **told)
    if was.pk != stored.party_id:
        tell("deal.changed", was, by=by, about=stored, **told)
    search.touch(stored)
    return stored


def _cleaned(deal: Deal, changes: dict[str, Any], by: Viewer) -> dict[str, Any]:
    _refuse_unknown(changes)
    found = dict(changes)
    for name in ("name", "party", "probability"):
        if name in found and found[name] in (None, ""):
            raise Refused(_("This cannot be left empty."), name)
    if "name" in found:
        found["name"] = _name(found["name"])
    if "currency" in found:
        found["currency"] = amounts.currency_of(found["currency"])
    for name in ("lost_note", "forecast_category"):
        if name in found:
            found[name] = found[name] or ""
    said = [name for name in OF_LOSS if found.get(name)]
    if deal.state != State.LOST and said:
        raise Refused(_("Only a lost deal has a reason of loss."), said[0])
    if deal.state == State.LOST and {"lost_reason", "lost_to"} & set(found):
        moving.check_loss(found.get("lost_reason", deal.lost_reason), found.get("lost_to", deal.lost_to))
    _check(found, by)
    return found


def _to_state(deal: Deal, state: str, loss: dict[str, Any], by: Viewer) -> Deal:
    if state == State.WON:
        return moving.win(deal.pk, by=by)
    if state == State.LOST:
        return moving.lose(
            deal.pk, loss.get("lost_reason"), loss.get("lost_to"), note=loss.get("lost_note") or "", by=by
        )
    return moving.reopen(deal.pk, by=by)


# Checks -------------------------------------------------------------------------------------------------------------


def _refuse_unknown(values: dict[str, Any]) -> None:
    unknown = [name for name in values if name not in FIELDS]
    if unknown:
        message = _("A deal has no field “%(name)s”; known are %(known)s.")
        raise Refused(message % {"name": unknown[0], "known": ", ".join(FIELDS)}, unknown[0])


def _name(text: str) -> str:
    text = " ".join(text.split())
    if not text:
        raise Refused(_("Give the deal a name."), "name")
    return text


def _check(values: dict[str, Any], by: Viewer) -> None:
    for name in ("party", "contact", "lost_to"):
        party = values.get(name)
        if party is not None and not Party.objects.visible_to(by).filter(pk=party.pk).exists():
            raise Refused(_("There is no customer with the number %(value)s.") % {"value": party.pk}, name)
    contact = values.get("contact")
    if contact is not None and contact.kind != Party.Kind.PERSON:
        raise Refused(_("The contact is a person; %(name)s is an organisation.") % {"name": contact.name}, "contact")
    owner = values.get("owner")
    if owner is not None and not (is_staff(owner) and may(owner, "view", Deal)):
        words = _("%(name)s may see no deals; choose a colleague whose role reaches to one's own at least.")
        raise Refused(words % {"name": owner}, "owner")
    value = values.get("value")
    if value is not None and value < 0:
        raise Refused(_("A deal is not worth less than nothing."), "value")
