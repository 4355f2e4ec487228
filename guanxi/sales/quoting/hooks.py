"""What quotes of deals hang into the house."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from guanxi.foundation import hooks
from guanxi.foundation.desk import Panel
from guanxi.sales.quoting import actions, panels

hooks.register("quote_told", actions.hear)
hooks.register(
    "panel:deals",
    Panel(
        "right", _("Quotes"), "quoting/of_deal.html", context=panels.quotes_of, order=20, key="quotes",
        when=panels.may_see_quotes,
    ),
)  # fmt: skip
hooks.register(
    "panel:quotes",
    Panel(
        "right", _("Deal"), "quoting/deal_of.html", context=panels.deal_of, order=2, key="deal",
        when=panels.is_for_deal,
    ),
)  # fmt: skip
