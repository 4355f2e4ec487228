"""Noting who stands against us in a deal, and what is seen of competitors."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from guanxi.customers.actions import add_role
from guanxi.customers.models import Party, PartyRole
from guanxi.foundation import clock, visibility
from guanxi.foundation.actions import Refused, action, change, create, delete
from guanxi.foundation.visibility import Viewer, require
from guanxi.sales.deals import amounts
from guanxi.sales.deals.holding import locked
from guanxi.sales.deals.models import Contender, MarketNote


@action
def add_contender(deal_id: int, party: Party, *, by: Viewer, strength: int | None = None, note: str = "") -> Contender:
    """Somebody stands against us in a deal, and is a competitor of ours from then on; said again, it is changed."""
    deal = locked(deal_id, by)
    require(by, "edit", deal)
    if not Party.objects.visible_to(by).filter(pk=party.pk).exists():
        raise Refused(_("There is no customer with the number %(value)s.") % {"value": party.pk}, "party")
    if party.pk == deal.party_id:
        raise Refused(_("%(name)s is the customer of this deal.") % {"name": party.name}, "party")
    with visibility.implied():
        add_role(party, PartyRole.Role.COMPETITOR, by=by)
    known = Contender.objects.filter(deal=deal, party=party).first()
    if known is not None:
        return change(known, strength=strength, note=note.strip())
    return create(Contender, deal=deal, party=party, strength=strength, note=note.strip())


@action
def remove_contender(row_id: int, *, by: Viewer) -> int:
    """Somebody does not stand against us in a deal any more; the number of the deal."""
    row = Contender.objects.visible_to(by).get(pk=row_id)
    locked(row.deal_id, by)
    delete(row)
    return row.deal_id


@action
def note_of_market(
    *, by: Viewer, party: Party | None, what: str, source: str, seen_on: date | None = None, **values: Any
) -> MarketNote:
    """Note what was seen of a competitor, where and when. Raises Refused with the field that is wrong."""
    if party is None or not Party.objects.visible_to(by).filter(pk=party.pk).exists():
        raise Refused(_("Say of which competitor."), "party")
    values = {name: value for name, value in values.items() if value is not None}
    _check(values, seen_on)
    row = create(
        MarketNote, party=party, what=what.strip(), source=source.strip(), seen_on=seen_on or clock.today(),
        author_id=by.pk, created_at=clock.now(), **values,
    )  # fmt: skip
    with visibility.implied():
        add_role(party, PartyRole.Role.COMPETITOR, by=by)
    return row


@action
def edit_note(
    row_id: int, changes: dict[str, Any], expected: dict[str, Any] | None = None, *, by: Viewer
) -> MarketNote:
    """Correct what was noted. Raises Conflict, Refused."""
    row = MarketNote.objects.visible_to(by).get(pk=row_id)
    changes = dict(changes)
    if "price" in changes or "currency" in changes:
        both = {name: changes.get(name, getattr(row, name)) for name in ("price", "currency")}
        _check(both, None)
        if "currency" in changes or both["price"] is not None:
            changes["currency"] = both["currency"] or ""
    _check({}, changes.get("seen_on"))
    return change(row, expected, **changes)


@action
def remove_note(row_id: int, *, by: Viewer) -> None:
    """Take a note away."""
    delete(MarketNote.objects.visible_to(by).get(pk=row_id))


def _check(values: dict[str, Any], seen_on: date | None) -> None:
    if values.get("price") is not None:
        values["currency"] = amounts.currency_of(values.get("currency"))
    if seen_on is not None and seen_on > clock.today():
        raise Refused(_("This day lies in the future."), "seen_on")
