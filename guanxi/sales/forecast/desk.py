"""The list of quotas, and the team as a filter of deals."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.foundation import desk
from guanxi.foundation.desk import Button, Column, Filter, display
from guanxi.foundation.roles.models import Team
from guanxi.foundation.visibility import Viewer
from guanxi.sales.deals.desk import currencies
from guanxi.sales.forecast import actions, outlook, periods, teams
from guanxi.sales.forecast.models import Quota

PERIOD_HELP = _("A month as “2026-11” or a quarter as “2026-Q4”.")


def value_words(row: Quota) -> str:
    """A quota with its currency."""
    return f"{display.number(row.value, 2)} {row.currency}"


@desk.register
class Quotas(desk.Desk):
    """What people and teams are to sell in a month or a quarter."""

    model = Quota
    slug = "quotas"
    icon = "target"
    empty_words = _(
        "Say what a colleague or a team is to sell in a month or a quarter: the forecast then shows the gap."
    )
    columns = (
        Column("period", link=True),
        Column("user", sort=False),
        Column("team", sort=False),
        Column("value", render=value_words, needs=["value", "currency"], sort=False),
        Column("amount", sort=False, shown=False),
        Column("number", sort=False, shown=False),
    )
    default_sort = "-period"
    filters = ("period", "user", "team", "amount")
    facts = (
        "user",
        "team",
        Column("period", help=PERIOD_HELP),
        Column("value", render=value_words, editable=True),
        Column("currency", choices=currencies, required=True),
        Column("amount", editable=False, when=lambda row: row.currency != settings.GUANXI_CURRENCY),
        "number",
    )
    new = (
        Column("user", required=False),
        Column("team", required=False),
        Column("period", required=True, help=PERIOD_HELP, initial=lambda: periods.now().key),
        Column("value", required=True),
        Column("currency", choices=currencies, initial=lambda: settings.GUANXI_CURRENCY, required=False),
        "number",
    )
    create, edit, remove = actions.create_quota, actions.edit_quota, actions.remove_quota
    importable = "number"

    def rows(self, viewer: Viewer) -> QuerySet[Any]:
        """Quotas with whom they are of."""
        return Quota.objects.visible_to(viewer).select_related("user", "team")

    def buttons(self, row: Quota, viewer: Viewer) -> list[Button]:
        """To the forecast of whom it is of."""
        kind, number = outlook.unit_of(row)
        address = reverse(f"forecast:{kind}", args=[number])
        return [Button(_now("Forecast"), f"{address}?period={row.period}", "chart-histogram")]


def team_choices() -> list[tuple[int, str]]:
    """All teams."""
    return list(Team.objects.order_by("name").values_list("pk", "name"))


def of_teams(values: list[Any]) -> Q:
    """The filter “team of the forecast”: deals of those who count in these teams or below them."""
    known = teams.tree()
    if not values:
        return Q(owner__in=list(known.home))
    return Q(owner__in=sorted({person for team in values for person in known.people(int(team))}))


OF_TEAM = Filter(
    "forecast_team", label=_("Team in the forecast"), kind="choice", choices=team_choices, condition=of_teams
)


def forecast_button(viewer: Viewer) -> Button | None:
    """From the list of deals to the forecast."""
    if not outlook.may_see(viewer):
        return None
    return Button(_now("Forecast"), reverse("forecast:all"), "chart-histogram")
