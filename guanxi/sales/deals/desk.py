"""The lists and record pages of deals and of what is settled about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from guanxi.foundation import desk, hooks, shell
from guanxi.foundation.bulk_changes.writing import in_sets
from guanxi.foundation.desk import Board, Button, Calendar, Column, Filter, Lanes, Menu, Pill, display, list_url
from guanxi.foundation.visibility import Viewer
from guanxi.sales.deals import actions, amounts, lanes, naming, queries
from guanxi.sales.deals.models import BuyerKind, Deal, ForecastCategory, State

TONES = {State.OPEN: "info", State.WON: "good", State.LOST: "bad"}


def currencies() -> list[tuple[str, str]]:
    """Those that can be worked out."""
    return [(code, code) for code in amounts.known_currencies()]


def value_words(row: Deal) -> str:
    """What it is worth, in its own currency."""
    return "" if row.value is None else f"{display.number(row.value, 2)} {row.currency}"


def age(row: Deal) -> Any:
    """Days in the stage, beside those that are expected; in colour where they are more."""
    if row.state != State.OPEN:
        return ""
    days, expected = row.days_in_stage, row.stage.expected_days
    if expected is None:
        return ngettext("%(count)s day", "%(count)s days", days) % {"count": days}
    words = _now("%(days)s of %(expected)s days") % {"days": days, "expected": expected}
    return Pill(words, "warn") if row.is_ageing else words


def is_ageing(values: list[Any]) -> Q:
    """The filter “ageing”: yes, or no."""
    return ~queries.ageing() if values and not any(values) else queries.ageing()


def category(row: Deal) -> str:
    """The forecast category that counts; none of a deal that is closed."""
    return str(row.category.label) if row.state == State.OPEN else ""


def in_categories(values: list[Any]) -> Q:
    """The filter “forecast”: open deals of these categories."""
    condition = Q(state=State.OPEN)
    return condition & queries.in_categories(values) if values else condition


def is_government(row: Deal) -> bool:
    """Whether facts of tenders are shown."""
    return row.buyer_kind == BuyerKind.GOVERNMENT or bool(row.tender_number or row.tender_due_on)


def is_lost(row: Deal) -> bool:
    """Whether the reason of loss is shown."""
    return row.state == State.LOST


# With the stage's name: what is loaded of a related row, is loaded of all columns together.
AGE_NEEDS = ["stage_since", "state", "stage.expected_days", "stage.name"]
AGE = Column("age", label=_("In this stage"), render=age, needs=AGE_NEEDS)
AGEING = Filter("ageing", label=_("Ageing"), kind="boolean", condition=is_ageing)


CATEGORY = Column(
    "forecast",
    label=_("Forecast category"),
    render=category,
    needs=["forecast_category", "state", "stage.name", "stage.probability", "stage.forecast_category"],
    shown=False,
)
OF_CATEGORY = Filter(
    "forecast", label=_("Forecast category"), choices=ForecastCategory.choices, condition=in_categories
)


@desk.register
class Deals(desk.Desk):
    """What may be sold."""

    model = Deal
    slug = "deals"
    icon = "target-arrow"
    menu = Menu(section=shell.SELLING, icon="target-arrow", order=10, key="d", query={"f.state": "open"})
    empty_words = _("Make a deal from the page of a customer, or here with “New deal”.")
    columns = (
        Column("name", link=True),
        naming.linked("party", label=_("Customer"), sort=False),
        Column("stage", sort=False),
        Column("value", render=value_words, needs=["value", "currency"], sort=False, shown=False),
        "amount",
        "expected_close",
        Column("owner", sort=False),
        AGE,
        Column("probability", sort=False, shown=False),
        Column("weighted", sort=False, shown=False),
        CATEGORY,
        Column("state", sort=False, shown=False),
        naming.linked("contact", label=_("Contact person"), sort=False, shown=False),
        Column("number", sort=False, shown=False),
        Column("source", sort=False, shown=False),
        Column("purchase_kind", sort=False, shown=False),
        Column("buyer_kind", sort=False, shown=False),
        Column("lost_reason", sort=False, shown=False),
        Column("pipeline", sort=False, shown=False),
        Column("closed_on", shown=False),
        Column("created_at", kind="date", shown=False),
    )
    default_sort = "expected_close"
    filters = (
        "state",
        Filter("stage", choices=queries.stage_choices),
        "pipeline",
        "owner",
        "expected_close",
        "amount",
        "value",
        "currency",
        "probability",
        OF_CATEGORY,
        AGEING,
        Filter("party", label=_("Customer")),
        "party.city",
        "party.country",
        "contact",
        "source",
        "purchase_kind",
        "buyer_kind",
        "tender_due_on",
        "lost_reason",
        "closed_on",
        "created_at",
        "repeats_months",
        "made_up",
    )
    search_type = "deals.deal"
    calendar = Calendar(by="expected_close", card=["party.name", "amount", "stage", "owner"])
    facts = (
        "name",
        naming.chosen("party", label=_("Customer")),
        naming.chosen("contact"),
        "owner",
        # Shown without asking for all that one may choose from.
        Column("stage", choices=queries.stage_choices, render=lambda row: str(row.stage), needs=["stage.name"]),
        Column("state", editable=True),
        Column("value", render=value_words, editable=True),
        Column("currency", choices=currencies, render=lambda row: row.currency, required=True),
        Column("amount", editable=False, when=lambda row: row.currency != settings.GUANXI_CURRENCY),
        "probability",
        Column("forecast_category", when=lambda row: row.state == State.OPEN, help=_("Empty: that of the stage.")),
        "expected_close",
        Column("closed_on", editable=False, when=lambda row: row.state != State.OPEN),
        Column("lost_reason", when=is_lost),
        naming.chosen("lost_to", when=is_lost),
        Column("lost_note", when=is_lost),
        "source",
        "purchase_kind",
        "buyer_kind",
        Column("tender_number", when=is_government),
        Column("tender_due_on", when=is_government),
        Column("tender_decision_on", when=is_government),
        Column("tender_url", when=is_government, leads=lambda row: row.tender_url),
        "repeats_months",
        "number",
        Column("created_at", editable=False),
    )
    edit = actions.edit_deal
    remove = actions.remove_deal
    in_sets = in_sets(Deal, ["source", "purchase_kind", "buyer_kind", "expected_close", "forecast_category"])
    custom = "custom"
    next_action = True
    importable = "number"
    new = (
        Column("name", required=True),
        naming.chosen("party", label=_("Customer"), required=True),
        naming.chosen("contact", required=False),
        "value",
        Column("currency", choices=currencies, initial=lambda: settings.GUANXI_CURRENCY, required=False),
        "expected_close",
        Column("stage", choices=queries.stage_choices, initial=queries.first_stage_number, required=False),
        "owner",
        "purchase_kind",
        "buyer_kind",
        "source",
        "repeats_months",
        "number",
    )
    create = actions.create_deal

    def all_lanes(self) -> Sequence[Lanes]:
        """The stages of each pipeline, and the months of closing."""
        return lanes.every()

    @property
    def shown_board(self) -> Board:
        """By the stages of the first pipeline, with sums in the business's currency."""
        card = ["party.name", "amount", "expected_close", "next_action", *hooks.get("card:deals")]
        return Board(by=lanes.first(), sums=["amount", "weighted"], card=card, sort="expected_close")

    def rows(self, viewer: Viewer) -> QuerySet[Any]:
        """Deals with what their pages show."""
        return queries.deals(viewer)

    def named(self, viewer: Viewer) -> QuerySet[Any]:
        """Deals with their names."""
        return Deal.objects.visible_to(viewer).only("name")

    def subtitle(self, row: Deal) -> str:
        return row.party.name

    def pills(self, row: Deal) -> list[Pill]:
        pills = [Pill(row.get_state_display(), TONES[State(row.state)])]
        if row.value is not None:
            pills.append(Pill(value_words(row)))
        if row.value is not None and row.amount is None:
            pills.append(Pill(_now("no exchange rate of %(currency)s") % {"currency": row.currency}, "warn"))
        if row.is_ageing:
            pills.append(Pill(age(row).label, "warn"))
        if row.follows_id:
            pills.append(Pill(_now("comes again"), "accent"))
        if row.made_up:
            pills.append(Pill(_now("made up for demonstration"), "warn"))
        return pills

    def buttons(self, row: Deal, viewer: Viewer) -> list[Button]:
        """To the customer."""
        return [Button(row.party.name, naming.url(row.party_id), "building")]


def forecast_button(viewer: Viewer) -> Button:
    """From the list to the board by month of closing."""
    return Button(_("Month of closing"), list_url("deals", {"as": "board", "by": lanes.FORECAST}), "chart-bar")
