"""Who was erased does not come back with a file: his rows are rejected, in the dry run too; others are taken in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from guanxi.customers.models import ContactPoint, Party, Relationship
from guanxi.customers.rights import erasing
from guanxi.customers.rights.commands import erase
from guanxi.customers.rights.hashing import suppressed
from guanxi.foundation.visibility import SYSTEM
from guanxi.intake import actions, difference, running, suppressing
from guanxi.intake.models import ImportRun
from guanxi.intake.plan import prepare
from guanxi.intake.tests.conftest import rejected
from guanxi.ledger.models import Event
from guanxi.orders.models import Order

Import = Callable[..., ImportRun]
HEAD = "客戶編號,姓名,電子郵件,電話,會員卡\n"
FILE = HEAD + "1,王美玲,mei@example.com,0912345678,K-1\n2,陳志明,ming@example.com,0912345678,\n"


@pytest.fixture
def without_mei(take_in: Import) -> None:
    take_in("parties", FILE)
    erasing.erase(Party.objects.get(name="王美玲"), by=SYSTEM)


def reasons(run: ImportRun) -> list[str]:
    """Number of each rejected row, its column, and whether the reason is that of erased customers."""
    rows = [list(row.values())[:4] for row in rejected(run)]
    assert all("asked to be erased" in row[3] for row in rows)
    return [f"{row[0]} {row[1]}" for row in rows]


@pytest.mark.parametrize("dry_run", [False, True])
def test_rows_of_an_erased_customer_are_rejected_by_each_key(take_in: Import, without_mei: None, dry_run: bool) -> None:
    by_key = HEAD + (
        "1,王美玲,,,\n"  # his number
        ",美玲,Mei@Example.com,,\n"  # his mail
        ",玲,,,K-1\n"  # his card
        ",陳媽媽,,0912345678,\n"  # a telephone that a living customer has too
        "9,林小姐,lin@example.com,0987654321,\n"
        "9,林小姐,mei@example.com,,\n"  # takes the row before along: they are one customer
    )
    parties = Party.objects.count()
    run = take_in("parties", by_key, name="again.csv", dry_run=dry_run)
    assert reasons(run) == ["2 客戶編號", "3 電子郵件", "4 會員卡", "6 客戶編號", "7 電子郵件"]
    assert (run.read, run.accepted, run.rejected) == (6, 1, 5)
    assert Party.objects.count() == parties
    assert not ContactPoint.objects.filter(key__in=["mei@example.com", "files:1", "lin@example.com"]).exists()


@pytest.mark.parametrize("dry_run", [False, True])
def test_so_are_his_sales_events_consents_and_relationships(take_in: Import, without_mei: None, dry_run: bool) -> None:
    sales = "單號,日期,客戶編號,商品編號,數量,金額\nA1,2025-01-02,1,P,1,100\nA2,2025-01-02,2,P,1,100\n"
    assert reasons(take_in("sales", sales, name="sales.csv", dry_run=dry_run)) == ["2 客戶編號"]
    events = "customer,kind,occurred_at\n1,visit,2025-01-02\n2,visit,2025-01-02\n"
    assert reasons(take_in("events", events, name="events.csv", dry_run=dry_run)) == ["2 customer"]
    agreed = ",marketing,mail,yes\n"
    consents = f"customer,purpose,channel,given\n1{agreed}Mei@example.com{agreed}2{agreed}"
    assert reasons(take_in("consents", consents, name="consents.csv", dry_run=dry_run)) == ["2 customer", "3 customer"]
    ties = "customer,kind,other\n1,household,2\n2,household,mei@example.com\n"
    assert reasons(take_in("relationships", ties, name="ties.csv", dry_run=dry_run)) == ["2 customer", "3 other"]
    living = Party.objects.get(name="陳志明")
    if not dry_run:
        assert Order.objects.get().party == living and Event.objects.filter(kind="visit").get().party == living
    assert not Relationship.objects.exists() and Party.objects.filter(name__contains="1").count() == 0


def test_who_came_back_is_taken_in_once_that_is_allowed(take_in: Import, without_mei: None) -> None:
    mail = HEAD + ",王美玲,mei@example.com,,\n"
    assert take_in("parties", mail, name="a.csv").rejected == 1
    allowed = CliRunner().invoke(erase, ["--allow-again", "mail:Mei@example.com"])
    assert allowed.exit_code == 0 and "again" in allowed.output
    for wrong in ("mail:nobody@example.com", "mail", "shoe:41"):
        assert CliRunner().invoke(erase, ["--allow-again", wrong]).exit_code != 0
    assert take_in("parties", mail + ",新客,new@example.com,,\n", name="b.csv").created == 2
    assert suppressed("external", ["files:1"]).to_pylist() == [True]


def test_who_is_erased_between_the_check_and_the_import_stays_away(take_in: Import, tmp_path: Path) -> None:
    take_in("parties", FILE)
    path = tmp_path / "later.csv"
    path.write_text(HEAD + "1,王美玲,mei@example.com,,\n9,林小姐,lin@example.com,,\n", encoding="utf-8")
    run = difference.find(actions.begin_import(prepare("parties", path), by=SYSTEM))
    assert (run.accepted, run.rejected) == (2, 0)
    erasing.erase(Party.objects.get(name="王美玲"), by=SYSTEM)
    run = running.run(run.pk)
    assert (run.created, run.rejected, reasons(run)) == (1, 1, ["2 客戶編號"])
    assert not ContactPoint.objects.filter(key="mei@example.com").exists()


def test_where_nobody_was_erased_it_costs_one_query(
    take_in: Import, django_assert_num_queries: Callable[..., object]
) -> None:
    run = take_in("parties", FILE)
    plan = prepare("parties", Path(run.path))
    with duckdb.connect() as work, django_assert_num_queries(1):
        assert suppressing.erased_parties(work, plan).num_rows == 0
