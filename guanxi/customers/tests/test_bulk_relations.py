"""Relationships in sets: the same rules as one by one."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from guanxi.customers import actions
from guanxi.customers.bulk_relations import ROWS, write_relationships
from guanxi.customers.models import Party, Relationship
from guanxi.foundation import bulk
from guanxi.foundation.models import User
from guanxi.foundation.visibility import SYSTEM

pytestmark = pytest.mark.django_db(transaction=True)


def write(*rows: tuple[Party, str, Party, dict[str, Any]]) -> list[str]:
    """What became of each row: its state, or why it was refused."""
    plain = [
        {"row": place, "party_id": party.pk, "kind": kind, "other_id": other.pk}
        | {name: value.pk if isinstance(value, Party) else value for name, value in said.items()}
        for place, (party, kind, other, said) in enumerate(rows)
    ]
    table = pa.Table.from_pylist([dict.fromkeys(ROWS.names) | row for row in plain], schema=ROWS)
    with bulk.session() as db:
        db.begin()
        done = write_relationships(db, table, run_id=None).states.to_pylist()
        db.commit()
    return [row["reason"] or row["state"] for row in done]


def test_superiors_parents_and_circles_in_sets(staff: User) -> None:
    firm, parent, branch = (
        actions.create_party(by=staff, name=name, kind="organisation") for name in ("大同", "控股", "物流")
    )
    wang, chen, lin = (actions.create_party(by=staff, name=name) for name in ("王", "陳", "林"))
    people = [
        (wang, "works_at", firm, {"title": "總經理"}),
        (chen, "works_at", firm, {"reports_to_id": wang, "department": "採購部"}),
        (lin, "works_at", firm, {"reports_to_id": chen}),
    ]
    assert write(*people) == ["new"] * 3
    assert write(*people) == ["unchanged"] * 3
    assert write((wang, "works_at", firm, {"reports_to_id": lin})) == ["reports_to:circle"]
    assert write((wang, "works_at", branch, {"reports_to_id": lin})) == ["reports_to:superior"]
    swapped = [(wang, "works_at", firm, {"reports_to_id": chen}), (chen, "works_at", firm, {"reports_to_id": wang})]
    assert write(*swapped) == ["reports_to:circle"] * 2
    assert write((lin, "works_at", firm, {"reports_to_id": wang})) == ["changed"]
    assert Relationship.objects.get(party=lin).reports_to == wang
    assert write((branch, "works_at", firm, {})) == ["kind:no_person"]
    assert write((wang, "parent", firm, {})) == ["kind:companies"]
    assert write((branch, "parent", firm, {}), (branch, "parent", parent, {})) == ["new", "other:second_parent"]
    assert write((firm, "parent", branch, {})) == ["other:circle"]
    sold = [(branch, "parent", firm, {"until": date(2017, 1, 1)}), (branch, "parent", parent, {})]
    assert write((branch, "parent", parent, {})) == ["other:second_parent"]
    assert write(*sold) == ["changed", "new"]
    assert write((firm, "parent", branch, {})) == ["new"]  # the old one has ended


def test_the_demonstration_has_organisations_and_doing_it_twice_changes_nothing(home: Any) -> None:
    from guanxi.intake import actions as imports
    from guanxi.intake import running
    from guanxi.intake.demo import organisations
    from guanxi.intake.plan import prepare

    for expected in ("created", "unchanged"):
        for kind, path in organisations.prepare(home / "demo"):
            run = running.run(imports.begin_import(prepare(kind, path, source=organisations.SOURCE), by=SYSTEM).pk)
            assert (run.rejected, getattr(run, expected)) == (0, run.read), (kind, expected)
    assert Party.objects.filter(kind="organisation", made_up=True).count() == 7
    assert not Party.objects.filter(made_up=False).exists()
    assert Relationship.objects.filter(kind="works_at", reports_to__isnull=False).count() == 46
