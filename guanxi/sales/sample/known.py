"""What of the made-up year is in the database: known by its source, and by numbers that nothing else bears."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from guanxi.channels.activities.models import Activity
from guanxi.foundation.todos.models import Todo
from guanxi.intake.models import ImportRun
from guanxi.orders.invoices.models import Invoice
from guanxi.orders.models import Order
from guanxi.orders.quotes.models import Quote
from guanxi.sales.deals.models import Deal
from guanxi.sales.leads.models import Lead
from guanxi.sales.sample.firms import SOURCE

PREFIX = "MU-"  # of the numbers of deals, leads, quotes, orders and invoices
DEAL = Deal._meta.label_lower


def deals() -> QuerySet[Deal]:
    """The deals; those that came of them by repeating are marked too."""
    return Deal.objects.filter(made_up=True)


def quotes() -> QuerySet[Quote]:
    """The quotes."""
    return Quote.objects.filter(number__startswith=PREFIX)


def invoices() -> QuerySet[Invoice]:
    """The invoices."""
    return Invoice.objects.filter(number__startswith=PREFIX)


def leads() -> QuerySet[Lead]:
    """The leads."""
    return Lead.objects.filter(number__startswith=PREFIX)


def activities() -> QuerySet[Activity]:
    """The calls, meetings and visits."""
    return Activity.objects.filter(import_run__in=runs().values("pk"))


def tasks() -> QuerySet[Todo]:
    """The next actions: on made-up deals, by nobody."""
    return Todo.objects.filter(object_type=DEAL, object_id__in=deals().values("pk"), author=None)


def orders() -> QuerySet[Order]:
    """The orders, which came in by an import."""
    return Order.objects.filter(source__code=SOURCE)


def runs() -> QuerySet[ImportRun]:
    """The imports of the year."""
    return ImportRun.objects.filter(plan__source=SOURCE, dry_run=False)


def lines() -> list[tuple[str, int]]:
    """What is there, by name and number, beside what the imports say themselves."""
    counts = [
        (_("Deals"), deals().count()), (_("Leads"), leads().count()), (_("Quotes"), quotes().count()),
        (_("Invoices"), invoices().count()), (_("Calls and meetings"), activities().count()),
    ]  # fmt: skip
    return [(str(name), count) for name, count in counts if count]
