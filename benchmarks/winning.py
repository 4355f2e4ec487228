"""The nightly scoring of deals, over many of them.

Runs in a process of its own (`python -m benchmarks.winning DEALS`), whose environment names home and database; makes so
many deals with steps, edits and contacts where there are none, and prints JSON: a first run that fits the models, and
a night that only scores. `guanxi bench --boards` does it too.
"""

from __future__ import annotations

import json
import os
import sys
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "guanxi.project.settings")
django.setup()

from django.db import connection  # noqa: E402

from benchmarks import deals  # noqa: E402
from benchmarks.measure import Figure, tend_the_tables  # noqa: E402
from guanxi.sales.deals.models import Deal, StageChange  # noqa: E402
from guanxi.sales.winning import learning  # noqa: E402
from guanxi.sales.winning.models import WinScore  # noqa: E402

NIGHT = 30.0  # seconds that scoring, with the forecast's snapshot, may take
DAYS = 1_000  # over which the deals begin
EDIT = '{"amount": ["100.0000", "120.0000"], "expected_close": ["2017-06-01", "2017-07-01"]}'


def main() -> None:
    """Make the history, measure, and print the figures as one JSON list."""
    deals.make(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
    _make_history()
    count, figures = Deal.objects.count(), []
    for name, again, target in (("models fitted, all scored", True, None), ("a night", False, NIGHT)):
        begun = time.perf_counter()
        outcome = learning.learn(again=again)
        if not outcome.fresh:  # the same facts on the same day: a night later its basis would be another
            outcome.run.basis = ""
            outcome.run.save(update_fields=["basis"])
            begun = time.perf_counter()
            outcome = learning.learn()
        seconds = time.perf_counter() - begun
        figures.append(Figure(f"win score of {count:,} deals: {name}", seconds, "s", target=target))
        steps = outcome.run.figures["seconds"]
        figures += [Figure(f"  of that: {step}", value, "s") for step, value in steps.items()]
    figures.append(Figure("  open deals scored", WinScore.objects.count(), "deals"))
    json.dump([figure.as_json() for figure in figures], sys.stdout)


def _make_history() -> None:
    """Steps of each deal over some months before its end, an edit of every second one, two calls of each open one."""
    if StageChange.objects.exists():
        return
    sqlite = connection.vendor == "sqlite"

    def moment(days: str) -> str:
        back = f"({days})"
        if sqlite:
            return f"strftime('%Y-%m-%d %H:%M:%S', 'now', '-' || {back} || ' days')"
        return f"now() - make_interval(days => ({back})::int)"

    # Every deal begins within DAYS before now; a closed one has ended since, an open one has not.
    begun = f"(d.id * 7919) % {DAYS} + 90"
    opened = "(d.id * 7919) % 120"
    age = f"CASE WHEN d.state = 'open' THEN {opened} ELSE {begun} END"
    first = "(SELECT MIN(s.id) FROM deals_stage AS s WHERE s.pipeline_id = d.pipeline_id)"
    columns = "deal_id, from_stage_id, to_stage_id, from_state, to_state, at, days, amount, probability, expected_close"
    end = f"({begun}) - 20 - (d.id * 31) % 70"
    with deals.filling() as cursor:
        cursor.execute(
            "UPDATE deals_deal SET source = CASE id % 4 WHEN 0 THEN 'web' WHEN 1 THEN 'mail' WHEN 2 THEN 'call' "
            "ELSE CASE WHEN state = 'won' THEN 'referral' ELSE 'web' END END"
        )
        cursor.execute(
            f"INSERT INTO deals_stagechange ({columns}) SELECT d.id, NULL, {first}, '', 'open', {moment(age)}, 0, "
            "d.amount, 10, d.expected_close FROM deals_deal AS d"
        )
        cursor.execute(
            f"INSERT INTO deals_stagechange ({columns}) SELECT d.id, {first}, d.stage_id, 'open', 'open', "
            f"{moment(f'({age}) * 3 / 4')}, 5, d.amount, 30, d.expected_close FROM deals_deal AS d "
            f"WHERE d.state = 'open' AND d.stage_id <> {first}"
        )
        cursor.execute(
            f"INSERT INTO deals_stagechange ({columns}) SELECT d.id, {first}, d.stage_id, 'open', 'open', "
            f"{moment(f'({begun}) - 10')}, 10, d.amount, 30, d.expected_close FROM deals_deal AS d "
            "WHERE d.state <> 'open'"
        )
        cursor.execute(
            f"INSERT INTO deals_stagechange ({columns}) SELECT d.id, d.stage_id, d.stage_id, 'open', d.state, "
            f"{moment(end)}, 20, d.amount, 30, d.expected_close FROM deals_deal AS d WHERE d.state <> 'open'"
        )
        as_json = "" if sqlite else "::jsonb"
        empty = "" if sqlite else ", transaction"
        none = "" if sqlite else ", NULL"
        cursor.execute(
            "INSERT INTO foundation_auditentry (at, actor_name, action, request_id, object_type, object_id, "
            f"object_label, changes, address{empty}) SELECT {moment(f'({age}) / 2')}, 'bench', 'edit_deal', 'bench', "
            "'deals.deal', d.id, d.name, "
            f"'{EDIT}'{as_json}, ''{none} "
            "FROM deals_deal AS d WHERE d.id % 2 = 0"
        )
        for number in (1, 2):
            day = f"({opened}) * {number} / 3"
            cursor.execute(
                "INSERT INTO activities_activity (kind, subject, object_type, object_id, starts_at, minutes, "
                "direction, place, state, outcome, text, custom, computed, uid, sequence, organizer, series, private, "
                "whole_day, created_at, changed_at) "
                f"SELECT 'call', 'Call', 'deals.deal', d.id, {moment(day)}, 5, 'out', '', 'held', 'reached', '', "
                f"'{{}}'{as_json}, '{{}}'{as_json}, 'bench-{number}-' || d.id, 0, '', '', FALSE, FALSE, {moment(day)}, "
                f"{moment(day)} "
                "FROM deals_deal AS d WHERE d.state = 'open'"
            )
    tend_the_tables()


if __name__ == "__main__":
    main()
