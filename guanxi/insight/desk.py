"""The list and the record page of cost rates."""

from __future__ import annotations

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.foundation import desk
from guanxi.foundation.desk import Column
from guanxi.insight import actions
from guanxi.insight.models import CostRate
from guanxi.ledger.models import Channel


def channel(row: CostRate) -> str:
    """The channel that the rate is of."""
    return str(Channel(row.channel).label) if row.channel else _now("any")


@desk.register
class Costs(desk.Desk):
    """What one event of a kind costs the business."""

    model = CostRate
    slug = "costs"
    label = _("Cost rates")
    icon = "coins"
    empty_words = _(
        "Say what a mailing, a call or a visit costs, an hour and a kilometre of it: that is written down for each "
        "customer, and his value is less what was spent on him."
    )
    columns = [
        Column("kind", link=True, sort=False),
        Column("channel", sort=False, render=channel, needs=["channel"]),
        Column("purpose", sort=False),
        Column("amount", sort=False),
        Column("hour", sort=False),
        Column("kilometre", sort=False),
    ]
    filters = ["kind", "channel", "purpose"]
    facts = [
        "kind",
        Column("channel", render=channel, help=_("A rate of a channel goes before that of any channel.")),
        "purpose",
        "amount",
        Column("hour", help=_("Of calls, meetings and visits, by their minutes; a whole day is eight hours.")),
        Column("kilometre", help=_("Of the way to meetings and visits.")),
    ]
    edit = actions.edit_cost_rate
    remove = actions.delete_cost_rate
    new = [
        Column("kind", required=True),
        Column("channel", required=False, help=_("Leave it empty for any channel.")),
        Column("purpose", required=True),
        Column("amount", required=True),
        Column("hour", required=False),
        Column("kilometre", required=False),
    ]
    create = actions.create_cost_rate

    def subtitle(self, row: CostRate) -> str:
        return channel(row) if row.channel else ""
