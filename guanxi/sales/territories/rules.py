"""Which customers belong to which territory by the rules: worked out for all at once, by the database.

Named accounts come first. Then what lies deeper goes before what it is part of, and of two on one level the one that
stands before in order; who is in a territory fulfils its rule and those of all that it is part of.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from operator import and_

from django.db import connection
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from guanxi.customers.models import Party
from guanxi.foundation.actions import Refused
from guanxi.foundation.desk import conditions
from guanxi.sales.territories.models import Assigned, How, NamedAccount, Recut, RecutRow, Territory


def in_order() -> list[Territory]:
    """The territories in use, in the order in which their rules are asked."""
    known = {row.pk: row for row in Territory.objects.select_related("owner", "parent")}
    deep = {number: len(_path(known, row)) for number, row in known.items()}
    usable = [row for row in known.values() if all(one.active for one in _path(known, row))]
    return sorted(usable, key=lambda row: (-deep[row.pk], row.position, row.pk))


def path(territory: Territory) -> list[Territory]:
    """A territory and all that it is part of."""
    return _path({row.pk: row for row in Territory.objects.all()}, territory)


def _path(known: dict[int, Territory], row: Territory) -> list[Territory]:
    path = [row]
    while path[-1].parent_id in known and len(path) < 50:
        path.append(known[path[-1].parent_id or 0])
    return path


def condition(territory: Territory) -> Q | None:
    """The condition on customers; None where it has none of its own, so that only named ones are in it.

    Raises Refused where a part of it cannot be asked any more, such as a field that is gone.
    """
    if not territory.query:
        return None
    found = [one for row in path(territory) if row.query for one in conditions.read("customers", row.query)]
    broken = next((one for one in found if one.error), None)
    if broken is not None:
        raise Refused(f"{territory}: {broken.label}: {broken.error}", "query")
    return reduce(and_, (one.q for one in found), Q())


def passes() -> Iterator[tuple[Territory, str, Q]]:
    """What is asked one after the other: of each the territory, why, and the condition."""
    ordered = in_order()
    for territory in ordered:
        named = NamedAccount.objects.filter(territory=territory, origin__isnull=True)
        yield territory, How.NAMED, Q(pk__in=named.values("party"))
    for territory in ordered:
        own = condition(territory)
        if own is not None:
            yield territory, How.RULE, own


def plan(recut: Recut, new_only: bool = False) -> int:
    """Write down what `recut` moves, and how many that is; with `new_only`, only customers who are in none yet."""
    everybody = Party.objects.filter(merged_into__isnull=True)
    if new_only:
        everybody = everybody.exclude(pk__in=Assigned.objects.filter(origin__isnull=True).values("party"))
    for territory, how, one in passes():
        _take(recut, everybody.filter(one), how, territory.pk)
    if not new_only:
        _take(recut, everybody.filter(pk__in=Assigned.objects.values("party")), How.NONE, None)
    rows = RecutRow.objects.filter(recut=recut)
    mine = Assigned.objects.filter(party=OuterRef("party"), origin__isnull=True)
    rows.update(
        before=Subquery(mine.values("territory")[:1]),
        owner_before=Subquery(Party.objects.filter(pk=OuterRef("party")).values("owner")[:1]),
    )
    rows.update(owner_after=F("owner_before"))
    if recut.hand_over or new_only:
        having = Territory.objects.filter(pk=OuterRef("after")).values("owner")[:1]
        theirs = rows.filter(owner_before__isnull=True) if new_only else rows
        theirs.update(owner_after=Coalesce(Subquery(having), F("owner_before")))
    rows.filter(_same("before", "after"), _same("owner_before", "owner_after")).delete()
    return rows.count()


def _same(one: str, other: str) -> Q:
    return Q(**{one: F(other)}) | Q(**{f"{one}__isnull": True, f"{other}__isnull": True})


def _take(recut: Recut, parties: QuerySet[Party], how: str, territory: int | None) -> None:
    """Put customers who are in no territory of the plan yet into one."""
    sql, params = parties.order_by().values_list("pk").distinct().query.sql_with_params()
    empty, no = ("'[]'::jsonb", "false") if connection.vendor == "postgresql" else ("'[]'", "0")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO territories_recutrow (recut_id, party_id, how, after_id, deals, done) "
            f"WITH found (id) AS ({sql}) SELECT %s, id, %s, %s, {empty}, {no} FROM found WHERE NOT EXISTS "
            "(SELECT 1 FROM territories_recutrow r WHERE r.recut_id = %s AND r.party_id = found.id)",
            [*params, recut.pk, how, territory, recut.pk],
        )
