"""What invoices hang into the house: desks, panels, kinds of event, columns of customers, the schedule, the API."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from guanxi.customers.hanging import Hanging
from guanxi.foundation import hooks, search
from guanxi.foundation.desk import Column, Panel, record_url
from guanxi.foundation.tasks import Daily
from guanxi.orders.invoices import (
    actions,
    api,
    at_hand,
    desk,  # noqa: F401  registers the desks
    habits,
    panels,
    queries,
    rights,
    tasks,
    telling,
)
from guanxi.orders.invoices.models import Invoice

for position, kind in enumerate(telling.KINDS):
    hooks.register("event_kind", kind, order=70 + position)
hooks.register("event_object", ("invoices.invoice", queries.fetch_invoices))
hooks.register("hangs_on_party", Hanging(Invoice))
hooks.register("party_reassigned", habits.follow)
hooks.register("order_may_cancel", actions.refuse_cancelling)
for kept in rights.KEPT:
    hooks.register("kept_about", kept)
hooks.register("schedule", Daily(tasks.propose_reminders, at="06:30"))
hooks.register("panel:invoices", Panel("main", _("Lines"), "invoices/lines.html", context=panels.lines, order=10))
hooks.register(
    "panel:invoices",
    Panel("right", pgettext_lazy("to be done", "Next"), "invoices/steps.html", context=panels.steps, order=5),
)
hooks.register(
    "panel:reminders", Panel("main", _("Letter"), "invoices/reminder.html", context=panels.reminder, order=10)
)
hooks.register(
    "panel:orders",
    Panel(
        "right", _("Invoices"), "invoices/of_order.html", context=panels.of_order, order=8, when=panels.can_be_invoiced
    ),
)
hooks.register(
    "panel:customers",
    Panel(
        "right",
        _("How he pays"),
        "invoices/of_customer.html",
        context=panels.of_customer,
        order=42,
        lazy=True,
        rows=panels.invoices_of,
        key="paying",
    ),
)
hooks.register("pills:customers", panels.pills)
hooks.register("beside:customers", "paying")
hooks.register(
    "columns:customers",
    [
        Column("paying.days_late", label=_("Days late on average"), shown=False),
        Column("paying.trend", label=_("Trend of days late"), sort=False, shown=False),
        Column("paying.left", label=_("Open amount"), shown=False),
        Column("paying.overdue", label=_("Overdue amount"), sort=False, shown=False),
    ],
)
hooks.register(
    "search",
    search.Source(
        object_type="invoices.invoice",
        letter="i",
        model=Invoice,
        title=str,
        subtitle=lambda invoice: invoice.party.name,
        text=lambda invoice: invoice.reference,
        url=lambda number: record_url("invoices", number),
        icon="file-invoice",
        select_related=("party",),
    ),
    order=36,
)
hooks.register("files_at_hand", at_hand.of)
hooks.register("api", ("/invoices", api.router), order=33)
