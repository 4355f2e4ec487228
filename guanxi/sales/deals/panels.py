"""What stands on the pages of deals and of customers."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from guanxi.customers.models import Party, PartyRole, Relationship
from guanxi.customers.queries import roles_of
from guanxi.customers.relations.charts import STANCES
from guanxi.foundation.desk import Button, list_url
from guanxi.foundation.visibility import Viewer, may, sees
from guanxi.sales.deals import committee, competitors, guides, queries
from guanxi.sales.deals.models import Contender, Deal, MarketNote, Stage, State


def meter(deal: Deal, viewer: Viewer) -> dict[str, Any]:
    """The stages of the pipeline, how far it has come, and what can be done."""
    stages = list(Stage.objects.filter(pipeline=deal.pipeline_id).order_by("position", "id"))
    here = next((place for place, stage in enumerate(stages) if stage.pk == deal.stage_id), 0)
    return {
        "deal": deal,
        "stages": [
            (stage, "here" if at == here else "passed" if at < here else "ahead") for at, stage in enumerate(stages)
        ],
        "is_open": deal.state == State.OPEN,
        "may_edit": may(viewer, "edit", deal),
    }


def guide(deal: Deal, viewer: Viewer) -> dict[str, Any]:
    """The checklist of the stage and the playbook."""
    parts = guides.playbook(deal)
    first = next((part for part in parts if not part.is_done), None)
    return {
        "deal": deal,
        "checklist": guides.checklist(deal),
        "playbook": [(part, part is first) for part in parts],
        "may_edit": may(viewer, "edit", deal),
    }


def committee_of(deal: Deal, viewer: Viewer) -> dict[str, Any]:
    """Who decides, and what is missing."""
    found = committee.members(deal, viewer)
    seated = [one.person.pk for one in found]
    return {
        "deal": deal,
        "members": found,
        "gaps": committee.gaps(found),
        "candidates": partial(committee.candidates, deal, viewer, seated),  # read by the form alone
        "has_candidates": partial(committee.has_candidates, deal, viewer, seated),
        "roles": Relationship.BuyingRole.choices,
        "stances": [(value, words) for value, (words, _icon, _tone) in STANCES.items()],
        "may_edit": may(viewer, "edit", deal),
    }


def history(deal: Deal, viewer: Viewer) -> dict[str, Any]:
    """Where it has been."""
    return {"deal": deal, "changes": queries.history(deal)}


def credit(deal: Deal, viewer: Viewer) -> dict[str, Any]:
    """Whose merit it is."""
    rows = list(deal.credits.select_related("user").order_by("-percent", "user"))
    return {"deal": deal, "credits": rows, "may_edit": may(viewer, "edit", deal)}


def contenders(deal: Deal, viewer: Viewer) -> dict[str, Any]:
    """Who stands against us."""
    rows = Contender.objects.visible_to(viewer).filter(sees(viewer, Party, "party"), deal=deal).select_related("party")
    return {"deal": deal, "contenders": list(rows.order_by("-strength", "id")), "may_edit": may(viewer, "edit", deal)}


def deals_of(party: Party, viewer: Viewer) -> QuerySet[Deal]:
    """All with a customer, seen by somebody or not: most customers have none, which is soon found out."""
    return Deal.objects.filter(party=party)


def of_party(party: Party, viewer: Viewer, some: bool) -> dict[str, Any]:
    """The deals with a customer: the open ones, and the last that ended."""
    rows = queries.deals(viewer, party=party) if some else Deal.objects.none()
    return {
        "party": party,
        "open_deals": list(rows.filter(state=State.OPEN).order_by("expected_close", "id")[: queries.SHOWN]),
        "ended_deals": list(rows.exclude(state=State.OPEN).order_by("-closed_on", "-id")[:3]),
        "all_url": list_url("deals", {"f.party": party.pk}),
        "new_url": f"{reverse('desk:new', args=['deals'])}?party={party.pk}" if may(viewer, "create", Deal) else "",
    }


def as_competitor(party: Party, viewer: Viewer) -> dict[str, Any]:
    """How deals against a competitor went, and what was seen of him."""
    notes = MarketNote.objects.visible_to(viewer).filter(party=party).order_by("-seen_on", "-id")
    return {
        "party": party,
        "score": competitors.record(party, viewer),
        "open_deals": list(
            competitors.against(party, viewer).filter(state=State.OPEN).order_by("expected_close", "id")[:5]
        ),
        "notes": list(notes[:5]),
        "series": list(competitors.prices(party, viewer).items())[:4],
        "notes_url": list_url("market-notes", {"f.party": party.pk}),
        "may_note": may(viewer, "create", MarketNote),
        "new_url": f"{reverse('desk:new', args=['market-notes'])}?party={party.pk}",
    }


def is_competitor(party: Party, viewer: Viewer) -> bool:
    """Whether he is one."""
    return PartyRole.Role.COMPETITOR in {role.role for role in roles_of(party)}


def may_see_deals(row: Any, viewer: Viewer) -> bool:
    """Whether the viewer may see any deals."""
    return may(viewer, "view", Deal)


def new_button(party: Party, viewer: Viewer) -> Button | None:
    """From the page of a customer to a new deal with him."""
    if not may(viewer, "create", Deal):
        return None
    return Button(_("New deal"), f"{reverse('desk:new', args=['deals'])}?party={party.pk}", "target-arrow")
