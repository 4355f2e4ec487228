"""Taking the made-up deals away with all that was made around them; what is one's own stays, and what it hangs on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from django.apps import apps
from django.db import models
from django.db.models import Q, QuerySet

from guanxi.channels.activities.models import Activity
from guanxi.customers.models import Party
from guanxi.foundation import audit, search
from guanxi.foundation.actions import action, occasion
from guanxi.foundation.belonging import Belonging
from guanxi.foundation.models import User
from guanxi.foundation.roles.models import Team
from guanxi.foundation.todos.models import Todo
from guanxi.foundation.visibility import Viewer, require
from guanxi.intake.models import ImportRun
from guanxi.ledger.models import Event
from guanxi.orders.handling.models import Delivery
from guanxi.orders.invoices import habits
from guanxi.orders.invoices.models import Invoice, Payment
from guanxi.orders.quotes.models import Quote
from guanxi.sales.deals.models import Deal
from guanxi.sales.leads.models import Lead
from guanxi.sales.sample import known
from guanxi.sales.sample.actions.colleagues import PREFIX, TEAM

AT_ONCE = 500
OWNED: tuple[type[models.Model], ...] = (Deal, Quote, Lead, Activity, Party)
M = TypeVar("M", bound=models.Model)


def take_away(by: Viewer) -> dict[str, int]:
    """All of it, some at a time; one that was killed goes on. How many of each went, and how many stay (“kept”)."""
    steps: list[tuple[str, Callable[[], QuerySet[models.Model]]]] = [
        ("tasks", known.tasks),
        ("activities", lambda: _free(known.activities())),
        ("leads", lambda: _free(known.leads())),
        ("invoices", lambda: _free(known.invoices()).exclude(pk__in=_with_own_money().values("pk"))),
        ("quotes", lambda: _free(known.quotes())),
        ("deals", lambda: _free(known.deals()).exclude(pk__in=_with_own_quotes().values("pk"))),
    ]
    gone = {name: sum(forget(some, by=by) for some in _portions(rows)) for name, rows in steps}
    gone["deliveries"] = forget_deliveries(by=by)
    gone["kept"] = sum(rows.count() for rows in (known.deals(), known.quotes(), known.invoices()))
    return gone


@action
def forget(rows: Sequence[models.Model], *, by: Viewer) -> int:
    """Delete some rows of one type with their parts, what the ledger told of them, and what is found of them."""
    require(by, "delete", ImportRun)
    model, numbers = type(rows[0]), [row.pk for row in rows]
    audit.record_summary(occasion(), model._meta.label_lower, None, "", {"rows": [len(numbers), None]})
    found = [getattr(row, "party_id", None) or getattr(row, "same_as_id", None) for row in rows]
    parties = {number for number in found if number is not None}
    if model is Invoice:
        Payment.objects.filter(invoice__in=numbers).delete()
    model._base_manager.filter(pk__in=numbers).delete()
    told = Event.objects.filter(party__in=parties, object_type=model._meta.label_lower, object_id__in=numbers)
    told.delete()
    search.remove(model, numbers)
    for party in parties if model is Invoice else ():
        habits.recompute(party)
    return len(numbers)


@action
def forget_deliveries(*, by: Viewer) -> int:
    """Deliveries of the orders that will go; an order that has an invoice still stays with them."""
    require(by, "delete", ImportRun)
    invoiced = Invoice.objects.filter(order__isnull=False).values("order")
    rows = Delivery.objects.filter(order__in=known.orders().exclude(pk__in=invoiced).values("pk"))
    count = rows.count()
    rows.delete()
    return count


@action
def part_with(*, by: Viewer) -> None:
    """The made-up representatives and their team, but for those who have something that stays."""
    require(by, "delete", ImportRun)
    for user in User.objects.filter(username__startswith=PREFIX):
        if any(model._base_manager.filter(owner=user).exists() for model in OWNED):
            continue
        audit.record_summary(occasion(), User._meta.label_lower, user.pk, user.username, {})
        user.delete()
    for team in Team.objects.filter(name=TEAM, memberships=None, children=None):
        team.delete()


def _portions(rows: Callable[[], QuerySet[M]]) -> Iterator[Sequence[M]]:
    """Rows of a set that gets smaller, a portion at a time."""
    while some := list(rows().order_by("pk")[:AT_ONCE]):
        yield some


def _free(rows: QuerySet[M]) -> QuerySet[M]:
    """Those on which nothing hangs that is somebody's own: no note, file, task or label, no call or meeting."""
    label = rows.model._meta.label_lower
    hanging = Q(pk__in=[])
    kinds: list[type[models.Model]] = [*_belongings(), Activity]
    for model in kinds:
        own = model._base_manager.filter(object_type=label)
        if model is Activity:
            own = own.exclude(pk__in=known.activities().values("pk"))
        hanging |= Q(pk__in=own.values("object_id"))
    return rows.exclude(hanging)


def _belongings() -> Iterable[type[models.Model]]:
    """Every kind of thing that hangs on records by type and number, and tasks."""
    return [*(model for model in apps.get_models() if issubclass(model, Belonging)), Todo]


def _with_own_money() -> QuerySet[Invoice]:
    """Invoices that somebody noted a payment on, or wrote a credit note for."""
    paid = Payment.objects.exclude(reference__startswith=known.PREFIX).filter(invoice__in=known.invoices())
    credited = Invoice.objects.exclude(pk__in=known.invoices().values("pk")).filter(corrects__isnull=False)
    return Invoice.objects.filter(Q(pk__in=paid.values("invoice")) | Q(pk__in=credited.values("corrects")))


def _with_own_quotes() -> QuerySet[Deal]:
    """Deals for which there is a quote still, or that a lead became which is there still."""
    quotes, leads = Quote.objects.filter(place_type=known.DEAL), Lead.objects.filter(deal__isnull=False)
    return Deal.objects.filter(Q(pk__in=quotes.values("place_id")) | Q(pk__in=leads.values("deal")))
