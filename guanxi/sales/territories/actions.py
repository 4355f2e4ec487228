"""What can be done with territories: settle their rules, name customers, try a re-cut and do it."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from guanxi.customers.models import Party
from guanxi.foundation import audit, clock
from guanxi.foundation.actions import Refused, action, change, create, delete, occasion
from guanxi.foundation.bulk_changes import actions as bulk_changes
from guanxi.foundation.bulk_changes import tasks as bulk_tasks
from guanxi.foundation.bulk_changes.models import BulkChange
from guanxi.foundation.desk import conditions, declaration
from guanxi.foundation.desk.choosing import Chosen
from guanxi.foundation.visibility import Viewer, may, require
from guanxi.sales.territories import applying, figures, rules
from guanxi.sales.territories.models import Move, NamedAccount, Recut, RecutRow, Territory

QUESTION = "recut"  # in addresses of the list of customers: those whom a re-cut moves
KEEP = 20  # plans that nobody did; older ones go
AT_ONCE = 5_000


@action
def create_territory(*, by: Viewer, **values: Any) -> Territory:
    """Make a territory. Raises Refused where its rule cannot be understood."""
    values["query"] = conditions.cleaned("customers", values.get("query") or "", "query")
    return create(Territory, **{name: value for name, value in values.items() if value is not None})


@action
def edit_territory(
    row_id: int, changes: dict[str, Any], expected: dict[str, Any] | None = None, *, by: Viewer
) -> Territory:
    """Change a territory; customers move only with the next re-cut. Raises Conflict, Refused."""
    row = Territory.objects.visible_to(by).get(pk=row_id)
    if "query" in changes:
        changes = {**changes, "query": conditions.cleaned("customers", changes["query"] or "", "query")}
    _refuse_circle(row, changes.get("parent"))
    return change(row, expected, **changes)


@action
def remove_territory(row_id: int, *, by: Viewer) -> None:
    """Delete a territory. Raises Refused where customers are in it, or territories are part of it."""
    row = Territory.objects.visible_to(by).get(pk=row_id)
    try:
        delete(row)
    except models.ProtectedError as error:
        raise Refused(
            _("Customers are in it, or territories are part of it. Take it out of use and re-cut.")
        ) from error


@action
def name_account(territory_id: int, party: Party, *, by: Viewer) -> NamedAccount:
    """Let a customer belong to a territory whatever the rules say, from the next re-cut on."""
    territory = Territory.objects.visible_to(by).get(pk=territory_id)
    require(by, "view", party)
    known = NamedAccount.objects.filter(party=party, origin__isnull=True).first()
    if known is not None:
        return change(known, territory=territory)
    return create(NamedAccount, territory=territory, party=party)


@action
def unname_account(number: int, *, by: Viewer) -> None:
    """Let the rules decide over a customer again."""
    delete(NamedAccount.objects.visible_to(by).get(pk=number))


@action
def simulate(*, by: Viewer, hand_over: bool = True, with_deals: bool = True) -> Recut:
    """Cut the territories by the rules as they are now, on paper: what would move, from whom to whom.

    Raises Refused where a rule cannot be asked any more.
    """
    recut = create(Recut, hand_over=hand_over, with_deals=hand_over and with_deals, by_id=by.pk, at=clock.now())
    total = rules.plan(recut)
    recut = change(recut, total=total, figures=figures.of(recut))
    stale = Recut.objects.filter(applied_at__isnull=True).order_by("-pk").values_list("pk", flat=True)[KEEP:]
    RecutRow.objects.filter(recut__in=list(stale)).delete()
    return recut


@action
def apply(number: int, *, by: Viewer) -> Recut:
    """Do a re-cut that was simulated: a bulk change, which can be undone for two weeks. Raises Refused."""
    recut = Recut.objects.visible_to(by).select_for_update(of=("self",)).get(pk=number)
    require(by, "run", "territories")
    if recut.applied_at is not None:
        raise Refused(_("This re-cut was done already."))
    if not RecutRow.objects.filter(recut=recut).exists():
        raise Refused(_("Nothing moves. Simulate it again."))
    desk = declaration.find("customers")
    assert desk is not None
    chosen = Chosen(desk, by, f"f.{QUESTION}={recut.pk}", everything=True)
    begun = bulk_changes.begin(chosen, applying.KEY, {"recut": recut.pk}, by=by)
    return change(recut, applied_at=clock.now(), change=begun.pk)


def carry_out(number: int, *, by: Viewer) -> Recut:
    """Do it at once where it is small, else in the background."""
    recut = apply(number, by=by)
    bulk_tasks.start(BulkChange.objects.get(pk=recut.change or 0), by=by)
    return recut


@action
def place_new(*, by: Viewer) -> int:
    """Put customers who are in no territory yet into the one whose rule they fulfil; whoever has it gets those whom
    nobody owns. How many."""
    recut = create(Recut, hand_over=True, with_deals=False, by_id=by.pk, at=clock.now(), applied_at=clock.now())
    count, last = rules.plan(recut, new_only=True), 0
    if not count:
        recut.delete()
        return 0
    rows = RecutRow.objects.filter(recut=recut, after__isnull=False).order_by("party")
    while some := list(rows.filter(party__gt=last)[:AT_ONCE]):
        applying.move(recut, some, 0, by)
        audit.record_summary(occasion(), Party._meta.label_lower, None, str(recut), {"records": [None, len(some)]})
        last = some[-1].party_id
    change(recut, total=count)
    return count


def history(party: Party, viewer: Viewer) -> list[Move]:
    """How a customer came where he is, the newest first."""
    if not may(viewer, "view", party):
        return []
    rows = Move.objects.filter(party=party).select_related("before", "after", "by", "recut")
    return list(rows.order_by("-at", "-id")[:20])


def _refuse_circle(row: Territory, parent: Territory | None) -> None:
    while parent is not None:
        if parent.pk == row.pk:
            raise Refused(_("A territory is not part of itself."), "parent")
        parent = parent.parent
