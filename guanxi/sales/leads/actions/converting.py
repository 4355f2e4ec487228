"""A lead becomes a customer, a contact and a deal, in one go; and that is taken back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from guanxi.customers import actions as customers
from guanxi.customers.actions.entering import Entry, Reach, Work, add_to_party, enter_party
from guanxi.customers.models import Party, Relationship
from guanxi.foundation import clock, search, visibility
from guanxi.foundation.actions import Refused, action, change
from guanxi.foundation.visibility import Viewer
from guanxi.sales.deals import actions as deals
from guanxi.sales.deals.models import Deal
from guanxi.sales.leads import taking_back
from guanxi.sales.leads.actions.making import _note, party_of
from guanxi.sales.leads.holding import locked, tell
from guanxi.sales.leads.models import Lead


@action
def convert(
    lead_id: int, *, by: Viewer, deal_name: str = "", value: Decimal | None = None, expected_close: date | None = None,
    use_known: bool = True, with_deal: bool = True,
) -> Lead:  # fmt: skip
    """Make of a lead a customer (or add to the one that he is known as), his organisation, and a deal, all or nothing.

    Without `use_known` a customer of his own is made though he seems to be known. Raises Refused with the field.
    """
    lead = locked(lead_id, by)
    if not lead.is_open:
        raise Refused(_("Nothing is to come of this lead any more."), "state")
    before = Party.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    party, contact = _parties(lead, by, party_of(lead, by) if use_known else None)
    _keep_consent(lead, contact or party, by)
    made: dict[str, Any] = {"parties": sorted({one.pk for one in (party, contact) if one and one.pk > before})}
    deal = None
    if with_deal:
        about = deal_name.strip() or (lead.message.strip().splitlines() or [""])[0][:120] or str(party)
        deal = deals.create_deal(
            name=about, party=party, contact=contact, value=value, expected_close=expected_close,
            owner=lead.owner, source="web" if lead.source and lead.source.has_form else "", by=by,
        )  # fmt: skip
    lead = change(
        _note(lead), state=Lead.State.CONVERTED, converted_at=clock.now(), deal=deal, made=made,
        same_as=contact or party,
    )  # fmt: skip
    tell("lead.converted", lead, by, deal=deal.pk if deal else None)
    search.touch(lead)
    return lead


@action
def undo_conversion(lead_id: int, *, by: Viewer) -> Lead:
    """Take a conversion back: its deal goes, and so do the customers that it made, unless something else happened with
    them since. Raises Refused where the deal was closed, or nothing was converted.
    """
    lead = locked(lead_id, by)
    if lead.state != Lead.State.CONVERTED:
        raise Refused(_("This lead was not converted."), "state")
    deal = Deal.objects.filter(pk=lead.deal_id).first() if lead.deal_id is not None else None
    if deal is not None and deal.state != "open":
        words = _("Its deal is closed already: %(state)s. It can only be taken back while that is open.")
        raise Refused(words % {"state": deal.get_state_display()}, "deal")
    made = lead.made.get("parties", [])
    lead = change(
        lead, state=Lead.State.WORKING, converted_at=None, deal=None, made={},
        same_as=None if lead.same_as_id in made else lead.same_as,
    )  # fmt: skip
    if deal is not None:
        with visibility.implied():
            deals.remove_deal(deal.pk, by=by)
    kept = [number for number in made if not taking_back.take_back(number)]
    tell("lead.unconverted", lead, by, kept=kept)
    search.touch(lead)
    return lead


def _parties(lead: Lead, by: Viewer, known: Party | None) -> tuple[Party, Party | None]:
    """With whom the deal is, and the contact there."""
    reach = [Reach(kind, value) for kind, value in (("mail", lead.mail), ("phone", lead.phone)) if value]
    values: dict[str, Any] = {
        name: getattr(lead, name) for name in ("city", "country", "language") if getattr(lead, name)
    }
    if not lead.name:
        entry = Entry({**values, "name": lead.organisation or lead.mail or lead.phone, "kind": "organisation"}, reach)
        return (add_to_party(known, entry, by=by) if known else enter_party(entry, by=by)), None
    if known is not None and known.kind == Party.Kind.ORGANISATION:
        person = enter_party(Entry({**values, "name": lead.name}, reach, Work(known, title=lead.title)), by=by)
        return known, person
    entry = Entry({**values, "name": lead.name}, reach, Work(name=lead.organisation, title=lead.title))
    person = add_to_party(known, entry, by=by) if known else enter_party(entry, by=by)
    works = Relationship.objects.visible_to(by).filter(party=person, kind=Relationship.Kind.WORKS_AT).current()
    work = works.select_related("other").order_by("-pk").first() if lead.organisation else None
    return (work.other, person) if work else (person, None)


def _keep_consent(lead: Lead, party: Party, by: Viewer) -> None:
    """What he agreed to in the form is kept with him, with its text as proof."""
    purpose = lead.source.consent_purpose if lead.source else ""
    if not (lead.consent_text and purpose and lead.mail):
        return
    with visibility.implied():
        customers.record_consent(
            party, purpose, "mail", True, by=by, source=str(lead.source), at=lead.consent_at,
            proof={"text": lead.consent_text, **lead.proof},
        )  # fmt: skip
