"""A re-cut at work: customers moved set by set as a bulk change, which can be undone with all that went along."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.customers.actions.in_sets import IN_SETS
from guanxi.customers.models import Party
from guanxi.foundation import audit, clock
from guanxi.foundation.actions import occasion
from guanxi.foundation.bulk_changes import engine
from guanxi.foundation.bulk_changes.kinds import BulkKind
from guanxi.foundation.bulk_changes.models import BulkChange, BulkRow
from guanxi.foundation.desk import Desk, SetOfChanges
from guanxi.foundation.desk.among import Among
from guanxi.foundation.visibility import Viewer
from guanxi.sales.deals.models import Deal, State
from guanxi.sales.territories.models import Assigned, How, Move, Recut, RecutRow, Territory

KEY = "territory"
ASSIGNED = Assigned._meta.label_lower
AT_ONCE = 1_000


def work(change: BulkChange, desk: Desk, numbers: list[int], by: Viewer) -> engine.Outcome:
    """Move the next customers; whom somebody moved since it was simulated stays where he is."""
    outcome = engine.Outcome()
    mine = engine.held_numbers(desk, numbers, by, "edit", outcome, BulkRow.State.REFUSED)
    recut = Recut.objects.get(pk=change.values["recut"])
    rows = list(RecutRow.objects.filter(Among("party", mine), recut=recut, origin__isnull=True))
    untouched = _still(rows, after=False)
    for row in rows:
        if row in untouched:
            outcome.put(row.party_id, BulkRow.State.CHANGED, _owners(row))
        else:
            outcome.put(row.party_id, BulkRow.State.REFUSED, why=_now("Somebody moved him since it was simulated."))
    move(recut, untouched, change.pk, by)
    return outcome


def undo(change: BulkChange, desk: Desk, numbers: list[int], by: Viewer) -> engine.Outcome:
    """Give the next customers back where and whose they were, but for those whom somebody moved since."""
    outcome = engine.Outcome()
    among = list(engine.changes_kept(change, numbers))
    mine = engine.held_numbers(desk, among, by, "edit", outcome, BulkRow.State.KEPT)
    recut = Recut.objects.get(pk=change.values["recut"])
    rows = list(RecutRow.objects.filter(Among("party", mine), recut=recut, origin__isnull=True))
    untouched = _still(rows, after=True)
    for row in rows:
        if row in untouched:
            outcome.put(row.party_id, BulkRow.State.UNDONE, _owners(row))
        else:
            outcome.put(row.party_id, BulkRow.State.KEPT, _owners(row), _now("Somebody moved him since."))
    move(recut, untouched, change.pk, by, back=True)
    return outcome


def words(change: BulkChange) -> str:
    """What was done."""
    return _now("Re-cut of territories %(number)s") % {"number": change.values.get("recut", "")}


RECUT = BulkKind(KEY, _("Territories cut anew"), work, undo, words=words)


def move(recut: Recut, rows: Sequence[RecutRow], number: int, by: Viewer, *, back: bool = False) -> None:
    """Bring customers, and deals where these go along, to where a re-cut wants them, or `back`."""
    _hand_over(rows, number, by, back)
    _place(recut, rows, by, back)
    if recut.with_deals:
        _hand_deals_over(rows, by, back)
    RecutRow.objects.filter(Among("pk", [row.pk for row in rows])).update(done=not back)


def _owners(row: RecutRow) -> dict[str, list[int | None]]:
    changed = row.owner_before_id != row.owner_after_id
    return {"owner": [row.owner_before_id, row.owner_after_id]} if changed else {}


def _still(rows: Sequence[RecutRow], *, after: bool) -> list[RecutRow]:
    """Those whose customer is where, and whose, the re-cut found (or left) him."""
    parties = [row.party_id for row in rows]
    owners = dict(Party.objects.filter(Among("pk", parties)).values_list("pk", "owner"))
    places = dict(
        Assigned.objects.filter(Among("party", parties), origin__isnull=True).values_list("party", "territory")
    )

    def expected(row: RecutRow) -> tuple[int | None, int | None]:
        return (row.after_id, row.owner_after_id) if after else (row.before_id, row.owner_before_id)

    return [row for row in rows if (places.get(row.party_id), owners.get(row.party_id)) == expected(row)]


def _hand_over(rows: Sequence[RecutRow], number: int, by: Viewer, back: bool) -> None:
    changes = {row.party_id: {"owner": _turned(_owners(row)["owner"], back)} for row in rows if _owners(row)}
    if changes:
        IN_SETS.write(SetOfChanges(number, changes, clock.now(), by, undo=back))


def _turned(pair: list[int | None], back: bool) -> list[int | None]:
    return pair[::-1] if back else pair


def _place(recut: Recut, rows: Sequence[RecutRow], by: Viewer, back: bool) -> None:
    moved = [row for row in rows if row.before_id != row.after_id]
    if not moved:
        return
    at, rules = clock.now(), dict(Territory.objects.values_list("pk", "query"))
    Assigned.objects.filter(Among("party", [row.party_id for row in moved]), origin__isnull=True).delete()
    made, told = [], []
    for row in moved:
        before, after = _turned([row.before_id, row.after_id], back)
        how = How.RULE if back else row.how
        if after in rules:
            made.append(Assigned(party_id=row.party_id, territory_id=after, how=how, since=at))
        told.append(
            Move(
                party_id=row.party_id, before_id=before, after_id=after, how=how, rule=rules.get(after or 0, ""),
                recut=recut, by_id=by.pk, at=at, undone=back,
            )
        )  # fmt: skip
    Assigned.objects.bulk_create(made, batch_size=AT_ONCE)
    Move.objects.bulk_create(told, batch_size=AT_ONCE)
    audit.record_summary(occasion(), ASSIGNED, None, str(recut), {"customers": [None, len(moved)]})


def _hand_deals_over(rows: Sequence[RecutRow], by: Viewer, back: bool) -> None:
    """Open deals that were the former owner's go along; back go those that came so and are still the new one's."""
    going: dict[tuple[int | None, int | None], list[int]] = defaultdict(list)
    handed = [row for row in rows if _owners(row)]
    if back:
        for row in handed:
            going[row.owner_after_id, row.owner_before_id] += row.deals
    else:
        by_party = {row.party_id: row for row in handed}
        found: dict[int, list[int]] = defaultdict(list)
        rows_of_deals = Deal.objects.filter(Among("party", list(by_party)), state=State.OPEN)
        for deal, party, owner in rows_of_deals.values_list("pk", "party", "owner"):
            row = by_party[party]
            if owner == row.owner_before_id:
                found[party].append(deal)
                going[row.owner_before_id, row.owner_after_id].append(deal)
        for row in handed:
            row.deals = found[row.party_id]
        RecutRow.objects.bulk_update([row for row in handed if row.deals], ["deals"], batch_size=AT_ONCE)
    for (giver, taker), deals in going.items():
        if deals:
            count = Deal.objects.filter(Among("pk", deals), owner=giver).update(owner=taker)
            told = {"owner": [giver, taker], "records": [None, count]}
            audit.record_summary(occasion(), Deal._meta.label_lower, None, _now("Deals that went along"), told)
