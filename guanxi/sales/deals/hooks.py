"""What deals hang into the house: their lists, kinds of event, panels, the search, the API.

What a higher floor, or a package beside, has to show on a deal it hangs on `panel:deals`; see docs/develop/sales.md.
"""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from guanxi.catalog.models import ExchangeRate
from guanxi.customers.hanging import Hanging
from guanxi.foundation import hooks, search
from guanxi.foundation.actions import occasion
from guanxi.foundation.custom_fields import roll_ups
from guanxi.foundation.desk import Panel, record_url
from guanxi.foundation.governing import Subject
from guanxi.sales.deals import (
    actions,
    api,
    desk,
    happenings,
    market_desk,  # noqa: F401  registers the desk
    panels,
    queries,
    rights,
    settings_desk,  # noqa: F401  registers the desks
)
from guanxi.sales.deals.models import CommitteeSeat, Contender, Deal, MarketNote, State

hooks.register("subject", Subject("deals", _("Deals"), owned=True), order=15)
hooks.register("subject", Subject("market", _("Market notes")), order=35)
for position, kind in enumerate(happenings.KINDS):
    hooks.register("event_kind", kind, order=45 + position)
hooks.register("event_object", ("deals.deal", queries.fetch_deals))
for kept in rights.KEPT:
    hooks.register("kept_about", kept)
for hanging in (
    Hanging(Deal),
    Hanging(Deal, field="contact", origin="contact_origin", label=_("deals in which he is the contact")),
    Hanging(Deal, field="lost_to", origin="lost_to_origin", label=_("deals that were lost to him")),
    Hanging(CommitteeSeat, field="person"),
    Hanging(Contender),
    Hanging(MarketNote),
):
    hooks.register("hangs_on_party", hanging)


@hooks.register("saved")
def _work_out_anew(row: object) -> None:
    """Open deals follow the rate of their currency."""
    if isinstance(row, ExchangeRate):
        actions.recompute(row.currency, by=occasion().viewer)


hooks.register(
    "roll_up_source",
    roll_ups.Source(
        "customers.party",
        "deals",
        _("Deals"),
        Deal,
        "party",
        {
            "amount": _("Amount"),
            "weighted": _("Expected amount"),
            "expected_close": _("Expected close"),
            "closed_on": _("Closed on"),
            "created_at": _("Made"),
        },
        moment="created_at",
        conditions=[
            ("open", _("Open"), Q(state=State.OPEN)),
            ("won", _("Won"), Q(state=State.WON)),
            ("lost", _("Lost"), Q(state=State.LOST)),
        ],
    ),
)
hooks.register("button:deals", desk.forecast_button)
hooks.register("record_button:customers", panels.new_button)
for panel in (
    Panel("head", "", "deals/meter.html", context=panels.meter, order=10, bare=True, key="meter"),
    Panel("middle", _("Buying committee"), "deals/committee.html", context=panels.committee_of, order=10,
          key="committee"),
    Panel("middle", _("What to do"), "deals/guide.html", context=panels.guide, order=20, key="guide"),
    Panel("middle", _("Where it has been"), "deals/history.html", context=panels.history, order=40, lazy=True,
          key="stages"),
    Panel("right", _("Competitors"), "deals/contenders.html", context=panels.contenders, order=30, lazy=True,
          key="contenders"),
    Panel("left", _("Credit"), "deals/credits.html", context=panels.credit, order=30, lazy=True, key="credits"),
):  # fmt: skip
    hooks.register("panel:deals", panel)
hooks.register(
    "panel:customers",
    Panel(
        "right", _("Deals"), "deals/of_party.html", context=panels.of_party, order=12, lazy=True, key="deals",
        when=panels.may_see_deals, rows=panels.deals_of, always=True,
    ),
)  # fmt: skip
hooks.register(
    "panel:customers",
    Panel(
        "right", _("As a competitor"), "deals/as_competitor.html", context=panels.as_competitor, order=13, lazy=True,
        key="competitor", when=panels.is_competitor,
    ),
)  # fmt: skip
hooks.register(
    "search",
    search.Source(
        object_type="deals.deal",
        letter="l",
        model=Deal,
        title=lambda deal: deal.name,
        subtitle=lambda deal: deal.party.name,
        text=lambda deal: " ".join([deal.number or "", deal.tender_number]),
        url=lambda number: record_url("deals", number),
        icon="target-arrow",
        select_related=("party",),
    ),
    order=20,
)
hooks.register("api", ("/deals", api.router), order=25)
