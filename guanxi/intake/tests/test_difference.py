"""The dry run: it says row by row what the import will do, touches nothing, and the import then does just that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guanxi.customers import actions as customers
from guanxi.customers.models import Party
from guanxi.foundation.actions import Refused
from guanxi.foundation.visibility import SYSTEM
from guanxi.intake import actions, difference, parties, plan, running, samples
from guanxi.intake.models import ImportRun
from guanxi.orders.models import OrderLine

Import = Callable[..., ImportRun]
OWN = {"intake.importrun", "foundation.auditentry", "django_tasks", "foundation.session"}


def dump() -> dict[str, list[Any]]:
    """Everything that the database holds but for what imports remember of themselves."""
    told = {}
    for model in apps.get_models():
        name = model._meta.label_lower
        if model._meta.managed and name not in OWN and not name.startswith(("sessions.", "intake.")):
            told[name] = list(model._base_manager.order_by("pk").values_list())
    return told


def empty() -> None:
    """Take away all that an example before has left."""
    models = [
        model for model in apps.get_models() if model._meta.app_label in ("ledger", "orders", "customers", "intake")
    ]
    for model in models:
        model._base_manager.all()._raw_delete("default")


def states(run: ImportRun) -> dict[int, str]:
    rows, following = difference.page(run, limit=1000)
    assert following is None
    return {row["row"]: row["state"] for row in rows}


BEFORE = "客戶編號,name,mail,城市,生日\n1,王美玲,mei@example.tw,台北,1985-03-05\n2,李小龍,lee@example.tw,高雄,\n"
HEAD = "客戶編號,name,mail,phone,城市,生日\n"


def test_the_difference_is_told_field_by_field(take_in: Import) -> None:
    take_in("parties", BEFORE)
    customers.edit_party(Party.objects.get(name="李小龍").pk, {"city": "台中"}, by=SYSTEM)
    before = dump()
    run = take_in(
        "parties",
        HEAD
        + "1,王美玲,mei@example.tw,0912345678,新北,1985-03-05\n"  # changed: telephone and city
        + "2,李小龍,lee@example.tw,,高雄市,\n"  # conflict: somebody said Taichung
        + "3,林志強,lin@example.tw,,台南,\n"  # new
        + "4,王美玲,other@example.tw,,台北,1985-03-05\n"  # new, but the same name and birthday
        + "5,陳,no mail,,,\n"  # rejected
        + "1,王美玲,,,,\n",
        name="second.csv",
        dry_run=True,
    )
    assert dump() == before
    assert states(run) == {2: "changed", 3: "conflict", 4: "new", 5: "possible_duplicate", 6: "rejected", 7: "changed"}
    assert difference.counts(run)["changed"] == 2
    (changed, *_rest), _next = difference.page(run, "changed")
    assert {one["field"]: (one["now"], one["then"], one["written"]) for one in changed["fields"]} == {
        "city": ("台北", "新北", True),
        "phone": ("", "0912345678", True),
    }
    (conflict,), _next = difference.page(run, "conflict")
    assert conflict["fields"] == [{"field": "city", "now": "台中", "then": "高雄市", "written": False}]
    assert conflict["label"] == "李小龍" and conflict["party_id"] == Party.objects.get(name="李小龍").pk
    (double,), _next = difference.page(run, "possible_duplicate")
    assert double["party_id"] == Party.objects.get(name="王美玲").pk
    (bad,), _next = difference.page(run, "rejected")
    assert bad["fields"][0]["field"] == "mail"
    assert (run.conflicts, run.duplicates, run.rejected) == (1, 1, 1)


def test_pages_follow_each_other(take_in: Import) -> None:
    run = take_in("parties", "id,name\n" + "".join(f"{n},王{n}\n" for n in range(7)), dry_run=True)
    rows, after = difference.page(run, "new", limit=3)
    seen = [row["row"] for row in rows]
    while after is not None:
        rows, after = difference.page(run, "new", after=after, limit=3)
        seen += [row["row"] for row in rows]
    assert seen == list(range(2, 9))


def test_rules_leave_out_what_they_say(take_in: Import) -> None:
    take_in("parties", BEFORE)
    both = "客戶編號,name\n1,王美美\n9,張三\n"
    run = take_in("parties", both, rule="create", dry_run=True)
    assert states(run) == {2: "skipped", 3: "new"}
    only_new = take_in("parties", both, rule="create")
    assert (only_new.created, only_new.updated, only_new.skipped) == (1, 0, 1)
    assert Party.objects.filter(name="王美玲").exists()
    only_known = take_in("parties", "客戶編號,name\n1,王美美\n77,趙六\n", rule="update")
    assert (only_known.created, only_known.updated, only_known.skipped) == (0, 1, 1)
    assert not Party.objects.filter(name="趙六").exists()
    assert Party.objects.filter(name="王美美").exists()


def test_sales_and_products_know_the_rules_too(take_in: Import) -> None:
    head = "customer,date,order,line,product,amount\n"
    take_in("sales", head + "1,2020-01-01,A,1,P,5\n")
    both = head + "1,2020-01-01,A,1,P,7\n1,2020-01-01,A,2,P,3\n8,2020-01-02,B,1,P,3\n"
    run = take_in("sales", both, rule="update")
    assert (run.created, run.updated, run.skipped) == (0, 1, 2)
    assert [line.amount for line in OrderLine.objects.all()] == [7]
    run = take_in("sales", both.replace(",7\n", ",9\n"), rule="create", name="b.csv")
    assert (run.created, run.updated, run.skipped) == (2, 0, 1)
    take_in("products", "code,name\nP,茶\n")
    run = take_in("products", "code,name\nP,烏龍茶\nQ,杯\n", rule="create")
    assert (run.created, run.skipped) == (1, 1)


def test_customers_are_known_again_by_what_one_says(take_in: Import) -> None:
    take_in("parties", BEFORE)
    row = "id,name,mail,phone\n,王,mei@example.tw,\n"
    assert states(take_in("parties", row, match_by=["phone"], dry_run=True, source="b")) == {2: "new"}
    assert states(take_in("parties", row, match_by=["mail"], dry_run=True, source="b")) == {2: "changed"}
    with pytest.raises(Refused, match="known are external, card, mail, phone"):
        take_in("parties", row, match_by=["shoe size"])


def test_a_mapping_to_what_one_may_not_write_is_refused(take_in: Import, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("id,name,secret\n1,王,x\n")
    with pytest.raises(Refused, match="no field that this import may write"):
        plan.prepare("parties", path, mapping={"merged_into": ["secret"]})
    made = plan.prepare("parties", path)
    made.mapping["created_at"] = ["secret"]
    with pytest.raises(Refused, match="no field that this import may write"):
        actions.begin_import(made, by=SYSTEM)
    made.mapping = {"name": ["nowhere"]}
    with pytest.raises(Refused, match="no column"):
        actions.begin_import(made, by=SYSTEM)


def test_a_compared_run_goes_on_with_what_it_has_checked(take_in: Import, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("id,name\n1,王\n2,\n,\n")
    run = actions.begin_import(plan.prepare("parties", path), by=SYSTEM)
    run = difference.find(run)
    assert (run.state, difference.counts(run)["new"], run.read, run.rejected) == ("compared", 2, 3, 1)
    assert not Party.objects.exists()
    done = running.run(run.pk)
    assert (done.state, done.created, done.rejected) == ("done", 2, 1)
    assert difference.counts(done)["new"] == 2


@pytest.mark.parametrize("kind", ["parties", "relationships", "products", "prices", "sales", "events", "consents"])
def test_every_sample_is_taken_in_as_its_dry_run_said(take_in: Import, kind: str) -> None:
    needed = {"relationships": ["parties"], "prices": ["products"], "consents": ["parties"]}.get(kind, [])
    for other in needed:
        take_in(other, samples.sample_file(other), name=f"{other}.csv")
    before = dump()
    dry = take_in(kind, samples.sample_file(kind), name="sample.csv", dry_run=True)
    assert dump() == before
    counts = difference.counts(dry)
    assert counts["new"] + counts["changed"] == 3, difference.page(dry)  # the people said where they work
    done = take_in(kind, samples.sample_file(kind), name="sample.csv")
    assert (done.created, done.updated, done.rejected) == (counts["new"], counts["changed"], 0)
    again = take_in(kind, samples.sample_file(kind), name="sample.csv", dry_run=True)
    assert difference.counts(again)["unchanged"] == 3, difference.page(again)
    assert take_in(kind, samples.sample_file(kind), name="sample.csv").unchanged == 3


PEOPLE = st.lists(
    st.tuples(
        st.sampled_from(["", "1", "2", "3", "4"]),
        st.sampled_from(["", "王美玲", "李小龍", "Anna"]),
        st.sampled_from(["", "a@x.tw", "b@x.tw", "bad"]),
        st.sampled_from(["", "0912345678", "0923456789"]),
        st.sampled_from(["", "台北", "高雄"]),
        st.sampled_from(["", "yes", "no"]),
    ),
    min_size=1,
    max_size=7,
)


def written(rows: list[tuple[str, ...]]) -> str:
    lines = [",".join(row) for row in rows]
    return "id,name,mail,phone,city,consent.marketing.mail\n" + "\n".join(lines) + "\n"


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(first=PEOPLE, second=PEOPLE, rule=st.sampled_from(["create_or_update", "create", "update"]), cut=st.booleans())
def test_the_import_does_what_the_dry_run_said(take_in: Import, first: Any, second: Any, rule: str, cut: bool) -> None:
    empty()
    take_in("parties", written(first), source="a")
    before = dump()
    dry = take_in("parties", written(second), name="b.csv", source="b", rule=rule, dry_run=True)
    assert dump() == before
    done = take_in("parties", written(second), name="b.csv", source="b", rule=rule)
    said = difference.outcomes(dry)
    found = {"created": done.created, "updated": done.updated, "unchanged": done.unchanged, "skipped": done.skipped}
    assert {name: said[name] for name in found} == found
    assert said["rejected"] == done.rejected
    rows, _next = difference.page(dry, limit=100)
    assert sum(difference.counts(dry).values()) == len(rows) == dry.read
    counted = {name: sum(row["outcome"] == name for row in rows) for name in found}
    assert counted == found
    assert parties.CHUNK > 1
