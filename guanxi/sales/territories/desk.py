"""The lists of territories, of customers named for one, and of re-cuts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.customers.models import ContactPoint, Party
from guanxi.foundation import desk, shell
from guanxi.foundation.actions import Refused
from guanxi.foundation.desk import Button, Column, Menu, Pill, conditions, list_url
from guanxi.foundation.visibility import Viewer, may
from guanxi.sales.deals import naming
from guanxi.sales.territories import actions
from guanxi.sales.territories.models import Assigned, NamedAccount, Recut, RecutRow, Territory

QUERY_HELP = _(
    "Filter the list of customers by country, city, postcode or fields of your own, and paste its address here. "
    "Empty: only customers who are named."
)


def rule_words(row: Territory) -> str:
    """Its rule, in words."""
    return conditions.in_words("customers", row.query)


def sizes(rows: Sequence[Territory]) -> dict[int, Any]:
    """How many customers each has."""
    mine = Assigned.objects.filter(territory__in=[row.pk for row in rows], origin__isnull=True)
    return dict(mine.order_by().values_list("territory").annotate(count=Count("pk")))


@desk.register
class Territories(desk.Desk):
    """Parts of the market, and whose they are."""

    model = Territory
    slug = "territories"
    general = False
    icon = "map-2"
    menu = Menu(section=shell.SELLING, icon="map-2", order=60)
    empty_words = _("Say which customers belong together, and to whom; then simulate a re-cut and see what would move.")
    columns = (
        Column("name", link=True, sort=False),
        Column("parent", sort=False),
        Column("owner", sort=False),
        Column("team", sort=False),
        Column("query", label=_("Which customers"), render=rule_words, needs=["query"], sort=False),
        Column("customers", label=_("Customers"), fetch=sizes),
        Column("active", sort=False),
        Column("position", sort=False),
    )
    default_sort = "id"
    filters = ("owner", "team", "parent", "active")
    facts = (
        "name",
        "parent",
        "owner",
        "team",
        "position",
        "active",
        Column("query", render=rule_words, help=QUERY_HELP, editable=True),
    )
    new = (
        Column("name", required=True),
        "parent",
        "owner",
        "team",
        "position",
        Column("query", help=QUERY_HELP, required=False),
    )
    create, edit, remove = actions.create_territory, actions.edit_territory, actions.remove_territory

    def rows(self, viewer: Viewer) -> QuerySet[Any]:
        """With the names that their pages show."""
        return Territory.objects.visible_to(viewer).select_related("parent", "owner", "team")

    def buttons(self, row: Territory, viewer: Viewer) -> list[Button]:
        """To its customers, and to those who are named."""
        buttons = [Button(_("Customers"), list_url("customers", {"f.territory": row.pk}), "users")]
        if may(viewer, "edit", row):
            buttons.append(Button(_("Named accounts"), list_url("named-accounts", {"f.territory": row.pk}), "pin"))
        return buttons


@desk.register
class NamedAccounts(desk.Desk):
    """Customers who belong to a territory whatever the rules say."""

    model = NamedAccount
    slug = "named-accounts"
    general = False
    icon = "pin"
    columns = (
        naming.linked("party", label=_("Customer"), sort=False),
        Column("territory", link=True, sort=False),
    )
    default_sort = "id"
    filters = ("territory",)
    facts = (naming.linked("party", label=_("Customer")), Column("territory", editable=False))
    new = (Column("territory", required=True), naming.chosen("party", label=_("Customer"), required=True))
    remove = actions.unname_account

    @staticmethod
    def create(*, territory: Territory, party: Party, by: Viewer) -> NamedAccount:
        """Name a customer."""
        return actions.name_account(territory.pk, party, by=by)

    def rows(self, viewer: Viewer) -> QuerySet[Any]:
        """With their names; what merged customers brought along does not count."""
        return NamedAccount.objects.visible_to(viewer).filter(origin__isnull=True).select_related("territory", "party")

    def title(self, row: NamedAccount) -> str:
        return row.party.name


def state(row: Recut) -> Pill:
    """Whether it is a plan, or done."""
    return Pill(_("done"), "good") if row.applied_at else Pill(_("plan"), "info")


@desk.register
class Recuts(desk.Desk):
    """Territories cut anew: plans, and what was done."""

    model = Recut
    slug = "recuts"
    general = False
    icon = "cut"
    columns = (
        Column("number", label=_("Re-cut"), link=True, render=str, needs=["id"], sort=False),
        "at",
        Column("by", sort=False),
        Column("total", sort=False),
        Column("applied_at", sort=False, render=state),
    )
    default_sort = "-at"
    facts = (
        "hand_over",
        "with_deals",
        Column("total", editable=False),
        Column("by", editable=False),
        Column("at", editable=False),
        Column("applied_at", editable=False, when=lambda row: row.applied_at is not None),
    )
    new = (Column("hand_over", initial=True), Column("with_deals", initial=True))
    history = False

    @staticmethod
    def create(*, by: Viewer, hand_over: bool | None = None, with_deals: bool | None = None) -> Recut:
        """Simulate one."""
        return actions.simulate(by=by, hand_over=hand_over is not False, with_deals=with_deals is not False)

    def rows(self, viewer: Viewer) -> QuerySet[Any]:
        """With who made them."""
        return Recut.objects.visible_to(viewer).select_related("by")

    def pills(self, row: Recut) -> list[Pill]:
        return [state(row)]


def simulate_button(viewer: Viewer) -> Button | None:
    """From the list of territories to a new plan."""
    if not may(viewer, "run", Recut):
        return None
    return Button(_("Simulate a re-cut"), reverse("desk:new", args=["recuts"]), "cut")


def recuts_button(viewer: Viewer) -> Button | None:
    """From the list of territories to former re-cuts."""
    return Button(_("Re-cuts"), list_url("recuts"), "history") if may(viewer, "run", Recut) else None


# On customers ---------------------------------------------------------------------------------------------------------


def names(rows: Sequence[Party]) -> dict[int, Any]:
    """The territory of each customer."""
    mine = Assigned.objects.filter(party__in=[row.pk for row in rows], origin__isnull=True)
    return dict(mine.values_list("party", "territory__name"))


def choices() -> list[tuple[Any, Any]]:
    """All territories."""
    return list(Territory.objects.order_by("position", "name").values_list("pk", "name"))


def within(values: list[Any]) -> Q:
    """The customers of any of these territories, or of any at all."""
    mine = Assigned.objects.filter(origin__isnull=True)
    if values:
        mine = mine.filter(territory__in=[int(value) for value in values if str(value).isdecimal()])
    return Q(pk__in=mine.values("party"))


def of_recut(text: str) -> Q:
    """The customers whom a re-cut moves. Raises Refused."""
    return Q(pk__in=RecutRow.objects.filter(recut=_recut(text)).values("party"))


def recut_words(text: str) -> str:
    """Which re-cut."""
    return _now("Moved by re-cut %(number)s") % {"number": _recut(text)}


def _recut(text: str) -> int:
    if not text.isdecimal() or len(text) > 15:
        raise Refused(_now("There is no re-cut “%(number)s”.") % {"number": text})
    return int(text)


def postcodes(values: list[Any]) -> Q:
    """Customers one of whose addresses has a postcode that begins so."""
    return _address("postal_code", values)


def regions(values: list[Any]) -> Q:
    """Customers one of whose addresses lies in this state, province or county."""
    return _address("country_area", values)


def _address(part: str, values: list[Any]) -> Q:
    points = ContactPoint.objects.filter(kind=ContactPoint.Kind.ADDRESS, parts__isnull=False)
    if not values:
        return Q(pk__in=points.exclude(**{f"parts__{part}": ""}).values("party"))
    found = Q()
    for value in values:
        found |= Q(**{f"parts__{part}__istartswith": str(value).strip()})
    return Q(pk__in=points.filter(found).values("party"))
