"""What was done with customers, written to the ledger as what it cost: calls, meetings and visits that were held, and
other events that have a rate.

    cost = rate of one + hours x rate of an hour + kilometres x rate of a kilometre + expenses

One statement works out what each thing should have cost and compares it with `Cost`, which says what the ledger was
told; every difference becomes an event of the kind `cost.booked` (below zero where it was too much), with the day, the
customer and the colleague of the thing itself. So it may be asked as often as one likes, for one activity in the
transaction that changes it, for what is new in the ledger, or for everything. Lifetime value and figures read these
events and nothing else.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from guanxi.channels.activities import actions as activities
from guanxi.channels.activities.models import Activity, Participant
from guanxi.foundation.money import SCALE
from guanxi.foundation.visibility import Viewer
from guanxi.insight.models import COSTS, Cost, CostRate
from guanxi.ledger import reading
from guanxi.ledger.models import Channel

ACTIVITY, EVENT = Activity._meta.label_lower, "ledger.event"
DAYS_WORK = 3  # of a whole day a third is work
NONE, EVERYTHING = "1 = 0", "1 = 1"


@dataclass(frozen=True)
class Scope:
    """What to look at, as conditions in SQL: on activities `a`, on events `e`, and on the rows of `insight_cost` that
    may be of something that is gone."""

    activities: str
    events: str
    known: str


ALL = Scope(EVERYTHING, EVERYTHING, EVERYTHING)


def of_activity(number: int, *, gone: bool = False) -> Scope:
    """One activity; `gone` where it is about to be deleted."""
    known = f"object_type = '{ACTIVITY}' AND object_id = {int(number)}"
    return Scope(NONE if gone else f"a.id = {int(number)}", NONE, known)


def between(since: int, until: int) -> Scope:
    """What the ledger tells of between two marks."""
    told = f"SELECT object_id FROM ledger_event WHERE {reading.between(since, until)} AND object_type = '{ACTIVITY}'"
    known = f"object_type = '{ACTIVITY}' AND object_id IN ({told})"
    return Scope(f"a.id IN ({told})", reading.between(since, until, "e"), known)


def follow(activity: Activity, what: str, _participants: Collection[Participant], *, by: Viewer) -> None:
    """In the transaction in which an activity was held, changed or deleted: its cost follows (“activity_changed”)."""
    gone = what == activities.REMOVED
    if not gone and (activity.state != Activity.State.HELD or what == activities.LEFT):
        return
    known = Cost.objects.filter(object_type=ACTIVITY, object_id=activity.pk)
    if activity.expenses or CostRate.objects.exists() or known.exists():
        settle(of_activity(activity.pk, gone=gone))


def settle(scope: Scope) -> int:
    """Bring what the ledger knows of costs up to date, in the transaction around it; how many events that took."""
    rates = _rates()
    if scope is ALL and not rates and not (Cost.objects.exists() or Activity.objects.exclude(expenses=None).exists()):
        return 0
    wanted = _wanted(scope, rates)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE insight_cost SET amount = 0, untold = TRUE WHERE amount <> 0 AND {scope.known} AND NOT EXISTS "
            f"(SELECT 1 FROM ({wanted}) w WHERE {_SAME})"
        )
        count = _tell(cursor)
        cursor.execute(
            f"INSERT INTO insight_cost ({_COLUMNS}, told, untold) SELECT {_COLUMNS}, 0, TRUE FROM ({wanted}) w "
            f"WHERE amount <> 0 ON CONFLICT (object_type, object_id) DO UPDATE SET {_SET}, untold = TRUE "
            "WHERE insight_cost.amount <> excluded.amount"
        )
        return count + _tell(cursor)


_OF = ("party_id", "origin", "place_type", "place_id", "owner_id", "kind", "channel", "purpose", "occurred_at")
_COLUMNS = ", ".join(("object_type", "object_id", *_OF, "amount"))
_SET = ", ".join(f"{name} = excluded.{name}" for name in (*_OF, "amount"))
# Booked for another customer, colleague, day or kind it is taken back there, and booked anew.
_SAME = " AND ".join(
    [
        *(f"w.{name} = insight_cost.{name}" for name in ("object_type", "object_id", "party_id", "kind", "channel")),
        *(f"w.{name} = insight_cost.{name}" for name in ("place_type", "purpose", "occurred_at")),
        *(f"COALESCE(w.{name}, 0) = COALESCE(insight_cost.{name}, 0)" for name in ("place_id", "owner_id")),
        "w.amount <> 0",
    ]
)


def _tell(cursor: Any) -> int:
    """Tell the ledger how far the costs differ from what it knows, and note that it knows."""
    on_postgres = connection.vendor == "postgresql"
    build = "jsonb_build_object" if on_postgres else "json_object"
    amount = f"(amount - told) / {SCALE}.0"
    amount = f"CAST(ROUND({amount}, 4) AS TEXT)" if on_postgres else f"printf('%%.4f', {amount})"
    payload = (
        f"{build}('amount', {amount}, 'currency', CAST(%s AS TEXT), 'of', kind, 'purpose', purpose, "
        "'object_type', object_type, 'object_id', object_id, 'place_type', place_type, 'place_id', place_id)"
    )
    cursor.execute(
        "INSERT INTO ledger_event (party_id, origin, kind, channel, direction, occurred_at, recorded_at, actor_id, "
        f"object_type, object_id, payload) SELECT party_id, origin, '{COSTS}', channel, 'inside', occurred_at, %s, "
        f"owner_id, '{Cost._meta.label_lower}', id, {payload} FROM insight_cost "
        "WHERE untold AND amount <> told ORDER BY id",
        [timezone.now(), settings.GUANXI_CURRENCY],
    )
    count = int(cursor.rowcount)
    cursor.execute("UPDATE insight_cost SET told = amount, untold = FALSE WHERE untold")
    return count


# What each thing should have cost -------------------------------------------------------------------------------------


def _rates() -> str:
    """Rows in SQL: kind, channel, what one, an hour and a kilometre cost (in units of money), purpose. The rate of a
    channel goes before that of any channel."""
    known = {
        (row.kind, row.channel): (row.purpose, [int(cost * SCALE) for cost in (row.amount, row.hour, row.kilometre)])
        for row in CostRate.objects.all()
    }
    rows = []
    for kind in sorted({kind for kind, _channel in known} - {COSTS}):
        for channel in Channel.values:
            rate = known.get((kind, channel)) or known.get((kind, ""))
            if rate is not None:
                values = ", ".join(f"CAST({units} AS BIGINT)" for units in rate[1])
                rows.append(f"({_quoted(kind)}, '{channel}', {values}, '{rate[0]}')")
    return ", ".join(rows)


def _wanted(scope: Scope, rates: str) -> str:
    """SQL for what each thing of the scope costs."""
    table = f"VALUES {rates}" if rates else "SELECT '', '', 0, 0, 0, '' WHERE 1 = 0"
    channel = f"CASE a.kind WHEN '{Activity.Kind.CALL}' THEN '{Channel.PHONE}' ELSE '{Channel.IN_PERSON}' END"
    minutes = f"CASE WHEN a.whole_day THEN a.minutes / {DAYS_WORK} ELSE a.minutes END"
    cost = (
        f"COALESCE(r.one, 0) + COALESCE(r.hour, 0) * ({minutes}) / 60 "
        "+ COALESCE(r.kilometre * a.kilometres, 0) + COALESCE(a.expenses, 0)"
    )
    held = (
        f"SELECT '{ACTIVITY}' AS object_type, a.id AS object_id, a.party_id, a.origin, "
        "CASE WHEN a.object_id IS NULL THEN '' ELSE a.object_type END AS place_type, a.object_id AS place_id, "
        f"a.owner_id, a.kind, {channel} AS channel, COALESCE(r.purpose, '{CostRate.Purpose.SELL}') AS purpose, "
        f"a.starts_at AS occurred_at, {cost} AS amount FROM activities_activity a "
        f"LEFT JOIN rate r ON r.kind = a.kind AND r.channel = {channel} "
        f"WHERE a.state = '{Activity.State.HELD}' AND NOT a.private AND a.party_id IS NOT NULL AND {scope.activities}"
    )
    events = (
        f"SELECT '{EVENT}', e.id, e.party_id, e.origin, "
        "CASE WHEN m.object_id IS NULL THEN '' ELSE m.object_type END, m.object_id, e.actor_id, e.kind, e.channel, "
        "r.purpose, e.occurred_at, r.one FROM ledger_event e "
        "JOIN rate r ON r.kind = e.kind AND r.channel = e.channel "
        "LEFT JOIN mail_message m ON e.object_type = 'mail.message' AND m.id = e.object_id "
        f"WHERE e.party_id IS NOT NULL AND e.object_type <> '{ACTIVITY}' AND {scope.events}"
    )
    return (
        f"WITH rate (kind, channel, one, hour, kilometre, purpose) AS ({table}) "
        f"SELECT * FROM ({held} UNION ALL {events}) AS things"
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
