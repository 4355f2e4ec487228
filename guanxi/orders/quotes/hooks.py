"""What quotes hang into the house: desks, panels, kinds of event, search, the API."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from guanxi.customers.hanging import Hanging
from guanxi.foundation import hooks, search
from guanxi.foundation.desk import Panel, record_url
from guanxi.orders.quotes import (
    api,
    at_hand,
    desk,  # noqa: F401  registers the desks
    panels,
    queries,
    rights,
    telling,
)
from guanxi.orders.quotes.models import Quote

for position, kind in enumerate(telling.KINDS):
    hooks.register("event_kind", kind, order=60 + position)
hooks.register("event_object", ("quotes.quote", queries.fetch_quotes))
hooks.register("notification_kind", telling.APPROVALS)
hooks.register("notification_kind", telling.ANSWERS)
hooks.register("hangs_on_party", Hanging(Quote))
for kept in rights.KEPT:
    hooks.register("kept_about", kept)
hooks.register(
    "panel:quotes", Panel("main", _("Lines"), "quotes/lines.html", context=panels.lines, order=10, bare=True)
)
hooks.register(
    "panel:quotes",
    Panel("right", pgettext_lazy("to be done", "Next"), "quotes/steps.html", context=panels.steps, order=5),
)
hooks.register(
    "panel:customers",
    Panel(
        "right",
        _("Quotes"),
        "quotes/of_customer.html",
        context=panels.of_customer,
        order=40,
        lazy=True,
        rows=panels.quotes_of,
        key="quotes",
    ),
)
hooks.register("record_button:customers", panels.new_button)
hooks.register(
    "search",
    search.Source(
        object_type="quotes.quote",
        letter="q",
        model=Quote,
        title=str,
        subtitle=lambda quote: quote.party.name,
        text=lambda quote: quote.subject,
        url=lambda number: record_url("quotes", number),
        icon="file-text",
        select_related=("party",),
    ),
    order=35,
)
hooks.register("files_at_hand", at_hand.of)
hooks.register("api", ("/quotes", api.router), order=32)
