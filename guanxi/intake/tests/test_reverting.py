"""Taking back an import: as if it had never been, but for what others built on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guanxi.catalog.models import Brand, Category, Price, PriceList, Product
from guanxi.customers import actions as customers
from guanxi.customers.models import Consent, ContactPoint, Party, PartyRole, Relationship, SourceRecord
from guanxi.foundation import search
from guanxi.foundation.actions import Refused
from guanxi.foundation.models import AuditEntry
from guanxi.foundation.tasks.models import BackgroundTask
from guanxi.foundation.tasks.worker import run_waiting
from guanxi.foundation.visibility import SYSTEM
from guanxi.intake import actions, reverting, samples
from guanxi.intake.models import ImportRun
from guanxi.intake.tests.test_difference import PEOPLE, empty, written
from guanxi.lake import refresh, store
from guanxi.lake.schema import PARTY, SALES_LINE
from guanxi.ledger.models import Event
from guanxi.orders import actions as orders
from guanxi.orders.models import Order, OrderLine, Place, PurchaseSummary

Import = Callable[..., ImportRun]


def take_back(run: ImportRun) -> ImportRun:
    return reverting.revert(actions.mark_for_revert(run, by=SYSTEM).pk)


def known() -> dict[str, Any]:
    """All that is known of customers and their purchases, whatever the numbers of the rows."""
    search.catch_up()  # what is found must not hang on when the index was last brought up to date
    people = {}
    for party in Party.objects.all():
        points = sorted(party.contact_points.values_list("kind", "key"))
        newest: dict[Any, bool] = {}
        for consent in Consent.objects.filter(party=party).order_by("at", "id"):
            newest[consent.purpose, consent.channel] = consent.given
        bought = [
            (order.key, order.amount, order.line_count, sorted(order.lines.values_list("key", "amount", "quantity")))
            for order in Order.objects.filter(party=party).order_by("key")
        ]
        summary = PurchaseSummary.objects.filter(party=party).values_list("order_count", "revenue", "last_day").first()
        facts = [party.kind, party.name, party.city, party.family_name, sorted(party.profile.items())]
        said = sorted(party.source_records.values_list("source__code", "external_id", "digest"))
        roles = sorted(party.roles.values_list("role", flat=True))
        found = [hit.object_id for hit in search.find(party.name, SYSTEM, types=["customers.party"], limit=50)]
        people[str([points, said, facts])] = [facts, points, said, roles, newest, bought, summary, party.pk in found]
    products = sorted(Product.objects.values_list("code", "name", "price"))
    names = [sorted(model.objects.values_list("name", flat=True)) for model in (Brand, Place, Category, PriceList)]
    return {
        "people": dict(sorted(people.items())),
        "products": products,
        "names": names,
        "prices": Price.objects.count(),
    }


def in_the_lake() -> list[Any]:
    refresh.refresh()
    return [sorted(str(row) for row in rows(table)) for table in (PARTY, SALES_LINE)]


def rows(table: Any) -> list[dict[str, Any]]:
    stored = store.open_table(table)
    assert stored is not None
    return [{k: v for k, v in row.items() if k != "line_id"} for row in stored.to_pyarrow_table().to_pylist()]


HEAD = "customer,date,order,line,product,product_name,amount,place\n"
PARTIES = "id,name,mail,city,consent.marketing.mail\n"


def test_everything_that_came_goes_again(take_in: Import) -> None:
    take_in("parties", PARTIES + "1,王美玲,mei@example.tw,台北,yes\n")
    take_in("sales", HEAD + "1,2020-01-01,A,1,P1,茶,5,門市\n")
    before, lake = known(), in_the_lake()
    runs = [
        take_in("parties", PARTIES + "1,王美美,mei@example.tw,高雄,no\n2,李小龍,lee@example.tw,台中,\n", name="b.csv"),
        take_in("sales", HEAD + "1,2020-01-01,A,1,P1,茶,7,門市\n1,2020-01-01,A,2,P2,,3,網\n2,2020-02-02,B,1,P1,,4,\n"),
        take_in("products", "code,name,brand,category,price\nP1,烏龍茶,清境,食品 / 茶,48\nP9,壺,,,\n"),
        *(take_in(kind, samples.sample_file(kind), name=f"{kind}.csv") for kind in
          ("parties", "products", "prices", "relationships", "events", "consents")),
    ]  # fmt: skip
    assert known() != before and in_the_lake() != lake
    assert Relationship.objects.count() == 3 and Price.objects.count() == 3
    audited = AuditEntry.objects.count()
    for run in reversed(runs):
        done = take_back(run)
        assert (done.state, done.kept) == ("reverted", 0), reverting.kept(done)
    assert known() == before
    assert in_the_lake() == lake
    assert not Relationship.objects.exists()
    assert set(Event.objects.exclude(kind="import.reverted").values_list("import_run", flat=True)) == {
        run.pk for run in ImportRun.objects.filter(state="done")
    }
    assert AuditEntry.objects.count() > audited and ImportRun.objects.filter(state="reverted").count() == len(runs)


def test_a_file_taken_back_can_be_imported_again(take_in: Import) -> None:
    text = PARTIES + "1,王美玲,mei@example.tw,台北,yes\n"
    run = take_back(take_in("parties", text))
    assert not Party.objects.exists() and not SourceRecord.objects.exists()
    with pytest.raises(Refused, match="taken back already"):
        actions.begin_revert(run, by=SYSTEM)
    again = take_in("parties", text)
    assert again.pk != run.pk and again.created == 1
    assert Party.objects.get().name == "王美玲"


def test_what_somebody_built_on_it_stays_and_is_told(take_in: Import) -> None:
    run = take_in(
        "parties", PARTIES + "1,王美玲,mei@example.tw,台北,\n2,李小龍,lee@example.tw,台中,\n3,陳,c@example.tw,,\n"
    )
    edited, buyer = Party.objects.get(name="王美玲"), Party.objects.get(name="李小龍")
    customers.edit_party(edited.pk, {"city": "高雄"}, by=SYSTEM)
    orders.create_order(buyer, [orders.Line(description="茶", amount=5)], by=SYSTEM)
    done = take_back(run)
    assert set(Party.objects.values_list("pk", flat=True)) == {edited.pk, buyer.pk}
    edited.refresh_from_db()
    assert edited.city == "高雄"
    told, following = reverting.kept(done)
    assert {row["party_id"]: row["reason"] for row in told} == {
        edited.pk: "Another source, or somebody by hand, speaks of it too.",
        buyer.pk: "It has orders from elsewhere, or lines of them.",
    }
    assert (done.kept, following) == (2, None)
    assert PartyRole.objects.filter(party=buyer, role="customer").exists()
    assert PurchaseSummary.objects.get(party=buyer).order_count == 1


def test_lines_and_orders_that_others_built_on_stay(take_in: Import) -> None:
    text = HEAD + "".join(f"{n},2020-01-0{n},{key},1,P{n},茶,5,\n" for n, key in enumerate("ABC", start=1))
    run = take_in("sales", text)
    take_in("sales", HEAD + "2,2020-01-02,B,2,P2,茶,9,\n", name="more.csv")
    line = OrderLine.objects.get(order__number="A")
    orders.change_line(line.pk, {"amount": 6}, by=SYSTEM)
    done = take_back(run)
    assert sorted(Order.objects.values_list("number", "amount", "line_count")) == [("A", 6, 1), ("B", 9, 1)]
    assert {row["object_type"] for row in reverting.kept(done)[0]} >= {"orders.order", "orders.orderline"}
    assert Party.objects.count() == 2 == PurchaseSummary.objects.count()


def test_a_later_change_is_not_undone(take_in: Import) -> None:
    take_in("products", "code,name,price\nP,茶,1\n")
    run = take_in("products", "code,name,price\nP,好茶,2\n")
    take_in("products", "code,name,price\nP,,3\n")
    done = take_back(run)
    assert Product.objects.values_list("name", "price").get() == ("茶", 3)
    assert [(row["field"], row["object_type"]) for row in reverting.kept(done)[0]] == [("price", "catalog.product")]


def test_another_source_keeps_what_it_says_too(take_in: Import) -> None:
    first = take_in("parties", PARTIES + "1,王美玲,mei@example.tw,台北,yes\n", source="a")
    take_in("parties", PARTIES + "7,王美玲,mei@example.tw,高雄,yes\n", source="b")
    alone = Party.objects.get()
    assert set(alone.contact_points.values_list("key", flat=True)) == {"a:1", "b:7", "mei@example.tw"}
    done = take_back(first)
    alone.refresh_from_db()
    assert alone.city == "高雄" and done.kept == 1
    assert set(alone.contact_points.values_list("key", flat=True)) == {"b:7", "mei@example.tw"}
    assert Consent.objects.get(party=alone).given and alone.roles.get().role == "customer"
    last = ImportRun.objects.filter(state="done").get()
    take_back(last)
    assert not Party.objects.exists() and not ContactPoint.objects.exists() and not Consent.objects.exists()


def test_in_the_background_and_twice(take_in: Import) -> None:
    run = take_in("parties", PARTIES + "1,王美玲,mei@example.tw,台北,yes\n")
    actions.begin_revert(run, by=SYSTEM)
    with pytest.raises(Refused, match="being taken back already"):
        actions.begin_revert(run, by=SYSTEM)
    BackgroundTask.objects.update(state="failed")  # then it can be started again, and goes on
    actions.begin_revert(run, by=SYSTEM)
    run_waiting()
    run.refresh_from_db()
    assert run.state == "reverted" and run.reverted_at is not None
    with pytest.raises(Refused, match="nothing to take back"):
        actions.begin_revert(take_in("parties", PARTIES + "1,王,,,\n", dry_run=True), by=SYSTEM)


def test_a_taking_back_that_was_killed_goes_on(take_in: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    take_in("parties", PARTIES + "1,王美玲,mei@example.tw,台北,yes\n")
    before = known()
    run = take_in("parties", PARTIES + "1,王,x@example.tw,高雄,no\n2,李小龍,lee@example.tw,台中,\n", name="b.csv")
    actions.mark_for_revert(run, by=SYSTEM)

    class Killed(BaseException):
        pass

    write, left = reverting.Revert.write, iter(range(100))

    for stop in range(1, 30, 4):
        left = iter(range(stop))

        def dying(self: Any, *arguments: Any, left: Any = left) -> None:
            if next(left, None) is None:
                raise Killed
            write(self, *arguments)

        monkeypatch.setattr(reverting.Revert, "write", dying)
        try:
            reverting.revert(run.pk)
        except Killed:
            continue
        break
    run.refresh_from_db()
    assert run.state == "reverted"
    assert known() == before


@pytest.mark.parametrize(
    "base",
    [
        [("", "", "b@x.tw", "0912345678", "", ""), ("", "", "a@x.tw", "0912345678", "", "")],
        [("1", "", "a@x.tw", "0912345678", "", ""), ("", "", "a@x.tw", "", "台北", "")],
    ],
    ids=["two mails", "a number in one row of two"],
)
def test_who_has_no_name_is_called_as_before(take_in: Import, base: Any) -> None:
    take_in("parties", written(base), source="a")
    before = known()
    take_back(take_in("parties", written([("7", "王美玲", "a@x.tw", "", "", "")]), name="b.csv", source="b"))
    assert known() == before


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(base=PEOPLE, taken=PEOPLE, between=PEOPLE, first=st.booleans())
def test_as_if_it_had_never_been(take_in: Import, base: Any, taken: Any, between: Any, first: bool) -> None:
    """An import taken back, at once or after another one of other customers or the same."""
    empty()
    take_in("parties", written(base), source="a")
    before = known()
    run = take_in("parties", written(taken), name="b.csv", source="b")
    if first:
        take_back(run)
        assert known() == before
        return
    # By number alone, for by a mail that only the import brought the other would have come to somebody else.
    later = take_in("parties", written(between), name="c.csv", source="c", match_by=["external"])
    take_back(run)
    take_back(ImportRun.objects.get(pk=later.pk))
    assert known() == before
