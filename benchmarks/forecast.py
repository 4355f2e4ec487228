"""Server time of the forecast of many people, and what the snapshot of a night and the scores of past forecasts take.

Runs in a process of its own (`python -m benchmarks.forecast DEALS [PEOPLE] [processor]`), whose environment names home
and database; makes deals and people where there are fewer, measures, and prints JSON; `guanxi bench --boards`
does it too.
"""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import date, timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "guanxi.project.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402

from benchmarks import deals as deal_pages  # noqa: E402
from benchmarks.measure import Figure, tend_the_tables  # noqa: E402
from guanxi.foundation import clock  # noqa: E402
from guanxi.foundation.models import User  # noqa: E402
from guanxi.foundation.roles.models import Holding, Membership, Role, Team  # noqa: E402
from guanxi.foundation.visibility import SYSTEM  # noqa: E402
from guanxi.sales.deals.models import Deal  # noqa: E402
from guanxi.sales.forecast import actions, keeping, periods  # noqa: E402
from guanxi.sales.forecast.models import DealState, Quota  # noqa: E402

PEOPLE, TEAMS, ABOVE = 1_000, 50, 5
PAGE, NIGHT = 300, 30  # ms, the 95th percentile; seconds
PERIOD = "2018-Q1"


def main() -> None:
    """Make deals and people, measure, and print the figures as one JSON list."""
    settings.ALLOWED_HOSTS = ["*"]
    settings.SECURE_SSL_REDIRECT = False
    numbers = [int(one) for one in sys.argv[1:] if one.isdecimal()]
    deal_pages.make(numbers[0] if numbers else 10_000)
    people = numbers[1] if len(numbers) > 1 else PEOPLE
    _staff(people)
    figures = [*_pages(people), *_nights()]
    json.dump([figure.as_json() for figure in figures], sys.stdout)


def _pages(people: int) -> list[Figure]:
    administrator, lead, rep = Client(), Client(), Client()
    administrator.force_login(User.objects.get(username="seller0"))
    lead.force_login(User.objects.get(username="lead"))
    rep.force_login(User.objects.get(username="seller1"))
    team = Team.objects.get(name="Team 0").pk
    addresses = [
        (f"forecast of {people:,} people, p95", administrator, f"/forecast/?period={PERIOD}", PAGE),
        ("  all their lines, for programs", administrator, f"/api/v1/forecast?period={PERIOD}", PAGE),
        ("  of who stands above all teams", lead, f"/forecast/?period={PERIOD}", PAGE),
        ("  one team", administrator, f"/forecast/team/{team}/?period={PERIOD}", PAGE),
        ("  of a representative", rep, f"/forecast/?period={PERIOD}", PAGE),
        ("  range by chance, fetched after the page", administrator, f"/forecast/range/?period={PERIOD}", None),
    ]
    return [Figure(name, deal_pages.got(client, url), "ms", target=most) for name, client, url, most in addresses]


def _nights() -> list[Figure]:
    """The first snapshot, one where nothing changed, one after a twentieth did, and the scores of a month and a quarter
    with all their horizons."""
    _clear()
    deals = Deal.objects.count()
    figures = [Figure(f"first snapshot of {deals:,} deals", _snapshot(date(2017, 9, 20)), "s", target=NIGHT)]
    nights = sorted(date(2018, 1, 1) - timedelta(days=horizon) for horizon in actions.HORIZONS)
    taken = []
    for number, day in enumerate(nights):
        _change(number)
        taken.append(_snapshot(day))
    figures.append(Figure("  a night after a twentieth of them changed", max(taken), "s", target=NIGHT))
    figures.append(Figure("  a night after nothing changed", _snapshot(date(2017, 12, 30)), "s", target=NIGHT))
    begun = time.perf_counter()
    scored = [actions.score(periods.read(key), by=SYSTEM) for key in ("2017-12", "2017-Q4")]
    words = f"  scoring a month and a quarter, {sum(scored)} horizons"
    figures.append(Figure(words, time.perf_counter() - begun, "s", target=NIGHT))
    return figures


def _clear() -> None:
    with connection.cursor() as cursor:
        for table in (keeping.STATE, "forecast_night", "forecast_personscore", "forecast_stagescore"):
            cursor.execute(f"DELETE FROM {table}")


def _snapshot(day: date) -> float:
    settings.GUANXI_TODAY = day
    begun = time.perf_counter()
    night = actions.take_snapshot(by=SYSTEM)
    taken = time.perf_counter() - begun
    assert (night.day, DealState.objects.filter(until=None).count()) == (clock.today(), Deal.objects.count())
    return taken


def _change(number: int) -> None:
    """Another twentieth of the open deals grows."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE deals_deal SET amount = amount + 10000, weighted = weighted + 5000 WHERE id % 20 = {number % 20}"
        )


def _staff(people: int) -> None:
    """So many people in fifty teams below five below one, each with deals and a quota; one stands above all."""
    head, _made = Team.objects.get_or_create(name="All sales")
    regions = [Team.objects.get_or_create(name=f"Region {one}", parent=head)[0] for one in range(ABOVE)]
    teams = [Team.objects.get_or_create(name=f"Team {one}", parent=regions[one % ABOVE])[0] for one in range(TEAMS)]
    role = Role.objects.get(key="sales")
    known = set(User.objects.values_list("username", flat=True))
    names = ["lead", *(f"seller{number}" for number in range(people))]
    User.objects.bulk_create([User(username=name, is_staff=True) for name in names if name not in known])
    users = {user.username: user.pk for user in User.objects.filter(username__in=names)}
    Holding.objects.bulk_create(
        [Holding(user_id=pk, role=role) for name, pk in users.items() if name not in known], ignore_conflicts=True
    )
    places = [Membership(team=head, user_id=users["lead"])] + [
        Membership(team=teams[number % TEAMS], user_id=users[f"seller{number}"]) for number in range(people)
    ]
    Membership.objects.bulk_create(places, ignore_conflicts=True)
    quotas = [
        Quota(user_id=users[f"seller{number}"], period=PERIOD, value=1_000_000, currency="USD", amount=1_000_000)
        for number in range(people)
    ]
    Quota.objects.bulk_create(quotas, ignore_conflicts=True)
    if Deal.objects.order_by().values("owner").distinct().count() < min(people, Deal.objects.count()):
        _spread([users[f"seller{number}"] for number in range(people)])


def _spread(people: list[int]) -> None:
    """The deals belong to all of them, in turns of fifty, so that each has some of every state and stage."""
    with deal_pages.filling() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE owners (place integer PRIMARY KEY, pk integer)")
        cursor.executemany("INSERT INTO owners VALUES (%s, %s)", list(enumerate(people)))
        cursor.execute(
            "UPDATE deals_deal SET owner_id = "
            f"(SELECT owners.pk FROM owners WHERE owners.place = (deals_deal.id / 50) % {len(people)})"
        )
    tend_the_tables()


if __name__ == "__main__":
    main()
