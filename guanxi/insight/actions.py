"""What people can do with insight: change what values rest on, say what events cost, let it learn now."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import Model, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.customers import contacting
from guanxi.customers.models import Party
from guanxi.foundation import audit
from guanxi.foundation.actions import Refused, action, change, create, delete, occasion
from guanxi.foundation.visibility import Viewer
from guanxi.insight import booking, leaving
from guanxi.insight.models import Assumptions, CostRate, EquityPoint, Learning, ModelVersion, Standing, WithoutStanding

LEARNT: tuple[type[Model], ...] = (Standing, WithoutStanding, EquityPoint, ModelVersion, Learning)
THE_ONE = 1  # the number of the only row of assumptions


@action
def change_assumptions(changes: dict[str, Any], expected: dict[str, Any] | None = None, *, by: Viewer) -> Assumptions:
    """Change what values rest on; the next learning counts with it.

    Raises Refused where a value cannot be, Conflict where somebody else changed the same one meanwhile.
    """
    row = Assumptions.objects.filter(pk=THE_ONE).first() or create(Assumptions, pk=THE_ONE)
    share_a, share_b = (changes.get(name, getattr(row, name)) for name in ("share_a", "share_b"))
    if share_a is not None and share_b is not None and share_a > share_b:
        raise Refused(_("Grades A and B together bring at least as much as grade A alone."), "share_b")
    return change(row, expected, **changes)


@action
def create_cost_rate(*, by: Viewer, **values: Any) -> CostRate:
    """Say what one event of a kind costs. Raises Refused where its kind and channel have a rate already."""
    made = create(CostRate, **_with_nothing(values))
    booking.book_soon()
    return made


@action
def edit_cost_rate(
    row_id: int, changes: dict[str, Any], expected: dict[str, Any] | None = None, *, by: Viewer
) -> CostRate:
    """Change a cost rate; what was booked by it is booked anew soon."""
    changed = change(CostRate.objects.visible_to(by).get(pk=row_id), expected, **_with_nothing(changes))
    booking.book_soon()
    return changed


def _with_nothing(values: dict[str, Any]) -> dict[str, Any]:
    """Hours and kilometres that were left empty cost nothing."""
    return {name: 0 if value is None and name in ("hour", "kilometre") else value for name, value in values.items()}


@action
def delete_cost_rate(row_id: int, *, by: Viewer) -> None:
    """Take a cost rate away: what was booked by it is taken back soon."""
    delete(CostRate.objects.visible_to(by).get(pk=row_id))
    booking.book_soon()


def follow_merges(parties: Iterable[Party]) -> None:
    """Take away the standings of those who became part of another; what a merge makes of the others is learned soon."""
    numbers = [party.pk for party in parties]
    merged = Party.objects.filter(pk__in=numbers, merged_into__isnull=False)
    Standing.objects.filter(party__in=merged.values("pk")).delete()
    _stop_profiling(numbers)  # one of them may bring a restriction along
    _list_without_standing(numbers)


def follow_restrictions(
    kind: str, *, party: Party | None, by: Viewer, about: Model | None, payload: dict[str, Any]
) -> None:
    """Take away the standing of whoever has the use of his data restricted; lifted, the next learning gives it back."""
    if kind == "restriction.set" and party is not None:
        _stop_profiling([party.pk])
        _list_without_standing([party.pk])


def _stop_profiling(parties: list[int]) -> None:
    gone, _rows = Standing.objects.filter(
        Q(party__in=parties) & Q(party__in=contacting.unprofiled().values("party"))
    ).delete()
    if gone:
        leaving.leave_soon()


def _list_without_standing(parties: list[int]) -> None:
    """Let those of the parties who have no standing be found without looking through all parties."""
    found = Party.objects.filter(pk__in=parties, standing__isnull=True).values_list("pk", flat=True)
    WithoutStanding.objects.bulk_create([WithoutStanding(party_id=pk) for pk in found], ignore_conflicts=True)


# What a learning writes -----------------------------------------------------------------------------------------------


@action
def begin_learning(day: date, basis: str, *, by: Viewer) -> Learning:
    """Begin a learning, or take up again the one of the same data and assumptions that was broken off."""
    broken = Learning.objects.filter(state__in=[Learning.State.RUNNING, Learning.State.FAILED], basis=basis)
    again = broken.order_by("-id").first()
    for other in Learning.objects.filter(state=Learning.State.RUNNING):
        if other == again:
            continue
        change(other, state=Learning.State.FAILED, finished_at=timezone.now(), error=str(_("Broken off.")))
    if again is not None:
        return change(again, state=Learning.State.RUNNING, error="")
    return create(Learning, day=day, basis=basis)


@action
def note_learning(learning: Learning, *, by: Viewer, **values: Any) -> Learning:
    """Keep how far a learning is, or what it came to."""
    if values.get("state") == Learning.State.FAILED:
        values["finished_at"] = timezone.now()
    return change(learning, **values)


@action
def keep_models(learning: Learning, versions: list[dict[str, Any]], *, by: Viewer) -> None:
    """Keep fitted models with their learning."""
    for values in versions:
        create(ModelVersion, learning=learning, **values)


@action
def forget_all(*, by: Viewer) -> None:
    """Forget what was learnt where nobody is left whom it was learnt of (the sample data were taken away)."""
    if Party.objects.exists():
        return
    counts = {model._meta.label_lower: [model._base_manager.count(), None] for model in LEARNT}
    audit.record_summary(occasion(), "insight.learning", None, _("What was learnt"), counts)
    for model in LEARNT:
        model._base_manager.all().delete()
