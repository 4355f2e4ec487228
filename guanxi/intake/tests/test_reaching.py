"""An import in somebody's name touches what he may touch: other rows are rejected, closed fields are none of his."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from guanxi.customers import actions as customers
from guanxi.customers.models import Consent, Party, Relationship
from guanxi.foundation.actions import Refused
from guanxi.foundation.models import User
from guanxi.foundation.roles import actions as roles
from guanxi.foundation.visibility import SYSTEM, NotAllowed, seeing
from guanxi.intake import actions, reaching, reverting, running
from guanxi.intake.models import ImportRun
from guanxi.intake.plan import prepare
from guanxi.intake.tests.conftest import rejected
from guanxi.ledger.models import Event
from guanxi.orders.models import Order, OrderLine

Import = Callable[..., ImportRun]
ALL, OWN = "all", "own"
HEAD = "external_id,name,city,mail\n"
SALES = "customer,date,order,line,product,amount\n"


def importer(colleague: Any, reach: str = OWN, fields: dict[str, Any] | None = None, **more: Any) -> User:
    """Somebody who imports everything, and reaches as far as this."""
    user: User = colleague("importer")
    grants = {
        "imports": {"view": ALL, "create": ALL, "edit": ALL},
        "customers": {"view": reach, "create": ALL, "edit": reach},
        "orders": {"view": reach, "create": reach, "edit": reach},
        "products": {"view": ALL, "create": ALL, "edit": ALL},
        "events": {"view": reach, "create": reach},
        "consent": {"view": reach, "create": reach},
        "settings": {"view": ALL},
    } | more
    role = roles.create_role("Importer", by=SYSTEM)
    roles.edit_role(role.pk, {"grants": grants, "fields": fields or {}}, by=SYSTEM)
    roles.give_roles(user, [role], by=SYSTEM)
    return user


def known(number: str, name: str, owner: User | None = None, **values: Any) -> Party:
    """A customer by the number of the files."""
    return customers.put_party("files", number, {"name": name, "owner": owner, **values}, by=SYSTEM)[0]


def reasons(run: ImportRun) -> list[str]:
    """Row and column of each rejected row, all for the same reason."""
    rows = [list(row.values())[:4] for row in rejected(run)]
    assert all("belongs to somebody else" in row[3] for row in rows), rows
    return sorted(f"{row[0]} {row[1]}" for row in rows)


@pytest.mark.parametrize("dry_run", [False, True])
def test_rows_of_others_are_rejected_and_kept(take_in: Import, colleague: Any, dry_run: bool) -> None:
    user, other = importer(colleague), colleague("other", "sales")
    known("1", "Mine", user, city="Taipei")
    foreign = known("2", "Foreign", other, city="Tainan", mail="foreign@example.com")
    file = HEAD + "1,Mine,,mine@example.com\n2,Taken,Keelung,\n,Taken,Keelung,foreign@example.com\n3,New,Keelung,\n"

    run = take_in("parties", file, by=user, dry_run=dry_run)

    assert reasons(run) == ["3 external_id", "4 external_id"]
    assert (run.read, run.accepted) == (4, 2)
    foreign.refresh_from_db()
    assert (foreign.name, foreign.city) == ("Foreign", "Tainan")
    if not dry_run:
        assert Party.objects.get(name="New").owner == user, "who sees but some keeps what he brings"
        assert Party.objects.get(name="Mine").contact_points.filter(key="mine@example.com").exists()
        customers.edit_party(foreign.pk, {"owner": user}, by=SYSTEM)
        again = take_in("parties", run.rejects_path, by=user)
        assert (again.accepted, again.rejected) == (2, 0), "the rejected rows can be brought in later"


def test_who_may_change_all_is_asked_nothing(take_in: Import, staff: User, monkeypatch: Any) -> None:
    known("1", "Known")
    monkeypatch.setattr(reaching, "Among", None)  # the condition on many rows: making one would fail

    assert take_in("parties", HEAD + "1,Known,Keelung,\n", by=staff).updated == 1
    assert Party.objects.get(name="Known").owner is None


def test_the_questions_do_not_grow_with_the_rows(take_in: Import, colleague: Any) -> None:
    user, other = importer(colleague), colleague("other", "sales")
    for number in range(40):
        known(str(number), f"Number {number}", user if number % 2 else other)
    counts = []
    for name, end in (("few.csv", 4), ("many.csv", 40)):
        with CaptureQueriesContext(connection) as asked:
            run = take_in("parties", HEAD + "".join(f"{n},N {n},,\n" for n in range(end)), name=name, by=user)
        assert run.rejected == end // 2
        counts.append(sum("customers_party" in one["sql"] for one in asked))
    assert counts[0] == counts[1]


def test_sales_events_consents_and_relations_of_others(take_in: Import, colleague: Any) -> None:
    user, other = importer(colleague), colleague("other", "sales")
    mine = known("1", "Mine", user)
    firm = customers.put_party("files", "3", {"name": "Firm", "kind": "organisation", "owner": other}, by=SYSTEM)[0]
    known("2", "Foreign", other)

    sales = take_in(
        "sales", SALES + "1,2026-01-02,A,1,tea,10\n2,2026-01-02,B,1,tea,10\n4,2026-01-02,C,1,tea,5\n", by=user
    )
    events = take_in("events", "customer,date,kind\n1,2026-01-02,visit\n2,2026-01-02,visit\n", by=user)
    agreed = "customer,purpose,channel,given\n1,marketing,mail,yes\n2,marketing,mail,yes\n"
    consents = take_in("consents", agreed, by=user)
    relations = take_in("relationships", "party,kind,other\n1,works_at,3\n", by=user)
    people = take_in("parties", "external_id,name,works_at\n7,Clerk,Firm\n8,Boss,Elsewhere\n", by=user)

    assert reasons(sales) == reasons(events) == reasons(consents) == ["3 customer"]
    assert reasons(relations) == ["2 other"]
    assert reasons(people) == ["2 works_at"]
    assert set(Order.objects.values_list("party__name", flat=True)) == {"Mine", "Customer 4"}
    assert set(Party.objects.filter(name__in=["Customer 4", "Elsewhere"]).values_list("owner", flat=True)) == {user.pk}
    assert Consent.objects.get().party == mine
    assert Event.objects.get(kind="visit").party == mine
    assert not Relationship.objects.filter(other=firm).exists()


def test_an_order_that_is_not_his_to_change_stays(take_in: Import, colleague: Any) -> None:
    user = importer(colleague, orders={"view": OWN, "create": OWN})  # may add orders, change none
    known("1", "Mine", user)
    first = SALES + "1,2026-01-02,A,1,tea,10\n"
    take_in("sales", first, by=user)

    assert take_in("sales", first, by=user, name="same.csv").unchanged == 1
    run = take_in("sales", first.replace(",10", ",99") + "1,2026-01-02,A,2,tea,7\n1,2026-01-03,B,1,tea,7\n", by=user)

    assert reasons(run) == ["2 order", "3 order"]
    assert sorted(OrderLine.objects.values_list("order__number", "amount")) == [("A", 10), ("B", 7)]


def test_closed_fields_are_none_of_his(take_in: Import, colleague: Any, tmp_path: Path) -> None:
    closed = {"customers.party": {"city": "read_only", "owner": "read_only"}, "orders.orderline": {"cost": "hidden"}}
    user = importer(colleague, ALL, closed, consent={})
    path = tmp_path / "file.csv"
    path.write_text("name,city,owner,consent.marketing.mail\nAnna,Taipei,other,yes\n")

    for field in ("city", "owner", "consent.marketing.mail"):
        plan = prepare("parties", path)
        plan.mapping = {"name": ["name"], field: [field]}
        with pytest.raises(Refused):
            actions.begin_import(plan, by=user)
    with seeing(user):
        assert set(prepare("parties", path).mapping) == {"name"}, "nor is it offered"
    path.write_text("customer,date,amount,cost\n1,2026-01-02,10,5\n")
    with pytest.raises(Refused):
        actions.begin_import(prepare("sales", path), by=user)


def test_what_he_may_not_make_he_does_not_import(take_in: Import, colleague: Any, tmp_path: Path) -> None:
    user = importer(colleague, ALL, products={"view": ALL}, customers={"view": ALL, "edit": ALL})
    path = tmp_path / "file.csv"
    path.write_text("code,name\ntea,Tea\n")
    with pytest.raises(NotAllowed):
        actions.begin_import(prepare("products", path), by=user)
    path.write_text(HEAD + "1,New,Taipei,\n")
    with pytest.raises(NotAllowed):
        actions.begin_import(prepare("parties", path), by=user)
    known("1", "Known")
    assert take_in("parties", path, by=user, rule="update").updated == 1


def test_a_right_that_is_gone_when_it_runs(home: Path, colleague: Any, tmp_path: Path, transactional_db: None) -> None:
    user = importer(colleague, ALL)
    path = tmp_path / "file.csv"
    path.write_text(HEAD + "1,New,Taipei,\n")
    run = actions.begin_import(prepare("parties", path), by=user)
    roles.give_roles(user, [], by=SYSTEM)

    with pytest.raises(Refused):
        running.run(run.pk)
    assert not Party.objects.exists()


def test_only_who_reaches_it_takes_back_what_others_brought(take_in: Import, colleague: Any, staff: User) -> None:
    user = importer(colleague)
    run = take_in("parties", HEAD + "1,New,Taipei,\n", by=staff)
    his = take_in("parties", HEAD + "2,His,Taipei,\n", name="his.csv", by=user)

    with pytest.raises(Refused):
        actions.mark_for_revert(run, by=user)
    actions.mark_for_revert(his, by=user)
    reverting.revert(his.pk, by=user)
    assert list(Party.objects.values_list("name", flat=True)) == ["New"]


def test_rows_of_the_api(colleague: Any, home: Path, transactional_db: None) -> None:
    user, other = importer(colleague), colleague("other", "sales")
    foreign = known("2", "Foreign", other)
    client = Client()
    client.force_login(user)
    rows = [{"external_id": "2", "name": "Taken"}, {"external_id": "3", "name": "New"}]

    answer = client.post("/api/v1/bulk/parties", {"rows": rows}, content_type="application/json").json()

    assert [row["result"] for row in answer["rows"]] == ["rejected", "created"]
    foreign.refresh_from_db()
    assert foreign.name == "Foreign"


# Owners ---------------------------------------------------------------------------------------------------------------


def test_owners_by_mail_user_name_or_name(take_in: Import, colleague: Any, staff: User) -> None:
    rep, mate = colleague("rep", "sales", first_name="雅婷", last_name="李"), colleague("mate", "sales")
    colleague("nothing")
    before = known("1", "Known", mate)
    rows = ["1,Known,REP@example.com", "2,Two,mate", f"3,Three,{rep}", "4,Four,nobody", "5,Five,nothing", "6,Six,"]
    file = "\n".join(["external_id,name,owner", *rows])

    look = take_in("parties", file, by=staff, dry_run=True)
    run = take_in("parties", file, by=staff)

    assert (look.difference["changed"], look.difference["new"], look.difference["rejected"]) == (1, 3, 2)
    told = [tuple(row.values())[:3] for row in rejected(run)]
    assert told == [("5", "owner", "nobody"), ("6", "owner", "nothing")]
    owners = dict(Party.objects.values_list("name", "owner"))
    assert owners == {"Known": rep.pk, "Two": mate.pk, "Three": rep.pk, "Six": None}
    event = Event.objects.filter(party=before, kind="party.changed").latest("id")
    assert event.payload["changes"]["owner"] == ["mate", str(rep)]

    actions.mark_for_revert(run, by=staff)
    reverting.revert(run.pk, by=staff)
    before.refresh_from_db()
    assert before.owner == mate


def test_he_gives_them_to_whom_he_reaches(take_in: Import, colleague: Any) -> None:
    user, mate, other = importer(colleague, "team"), colleague("mate", "sales"), colleague("other", "sales")
    north = roles.create_team("North", by=SYSTEM)
    roles.set_members(north, [user, mate], by=SYSTEM)

    file = f"name,owner\nOne,{user.username}\nTwo,mate\nThree,{other.username}\n"
    run = take_in("parties", file, by=user)

    assert [list(row.values())[2] for row in rejected(run)] == ["other"]
    assert dict(Party.objects.values_list("name", "owner")) == {"One": user.pk, "Two": mate.pk}
