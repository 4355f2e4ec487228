"""Customers: recognised by strong keys, derived by trust and recency, written once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from guanxi.customers import actions as customers
from guanxi.customers.models import Consent, ContactPoint, FieldRule, Party, Source, SourceRecord
from guanxi.customers.survivorship import FIELDS, Said, survive, survivors_sql
from guanxi.foundation import clock
from guanxi.foundation.visibility import SYSTEM
from guanxi.intake import parties
from guanxi.intake.models import ImportRun
from guanxi.intake.tests.conftest import rejected
from guanxi.ledger.models import Event

Import = Callable[..., ImportRun]
HEAD = "客戶編號,姓,名,電子郵件,電話,城市,國家,age,consent.marketing.mail\n"
FILE = HEAD + "1,王,小明,Ming@Example.com,0912345678,台北,TW,25-34,是\n2,Schmidt,Anna,anna@example.de,,Köln,DE,,no\n"


def test_a_file_becomes_customers(take_in: Import) -> None:
    done = take_in("parties", FILE)
    assert (done.created, done.rejected) == (2, 0)
    ming = Party.objects.get(name="王小明")
    assert (ming.city, ming.country, ming.profile) == ("台北", "TW", {"age": "25-34"})
    assert Party.objects.filter(name="Anna Schmidt").exists()
    points = dict(ming.contact_points.values_list("kind", "key"))
    assert points == {"external": "files:1", "mail": "ming@example.com", "phone": "+886912345678"}
    assert Consent.objects.get(party=ming).given
    record = SourceRecord.objects.get(party=ming)
    assert (record.external_id, record.payload["mail"], record.import_run) == ("1", "Ming@Example.com", done.pk)
    assert Event.objects.filter(kind="party.created").count() == 2


def test_the_same_file_twice_changes_nothing(take_in: Import) -> None:
    take_in("parties", FILE)
    counts = [model.objects.count() for model in (Party, SourceRecord, ContactPoint, Event, Consent)]
    assert take_in("parties", FILE).unchanged == 2
    assert [model.objects.count() for model in (Party, SourceRecord, ContactPoint, Event, Consent)] == counts


def test_what_is_said_anew_changes_and_what_is_empty_does_not(take_in: Import) -> None:
    take_in("parties", FILE)
    done = take_in("parties", HEAD + "1,王,大明,,0987654321,,TW,,否\n")
    assert (done.created, done.updated) == (0, 1)
    party = Party.objects.get(contact_points__key="files:1")
    assert (party.name, party.given_name, party.city, party.profile) == ("王大明", "大明", "台北", {"age": "25-34"})
    assert party.contact_points.filter(kind="phone").count() == 2
    assert list(Consent.objects.filter(party=party).order_by("id").values_list("given", flat=True)) == [True, False]
    changed = Event.objects.get(kind="party.changed")
    assert changed.payload["changes"]["given_name"] == ["小明", "大明"]


def test_people_are_believed_before_files(take_in: Import) -> None:
    take_in("parties", FILE)
    party = Party.objects.get(name="王小明")
    customers.edit_party(party.pk, {"city": "高雄", "profile.age": "35-44"}, by=SYSTEM)
    take_in("parties", HEAD + "1,王,小明,,,台中,TW,45-54,\n")
    party.refresh_from_db()
    assert (party.city, party.profile["age"]) == ("高雄", "35-44")


def test_sales_and_customers_meet(take_in: Import) -> None:
    take_in("sales", "customer,date,amount\n1,2017-01-01,5\n")
    take_in("parties", FILE)
    party = Party.objects.get(orders__amount=5)
    assert party.name == "王小明"
    assert Party.objects.count() == 2


def test_recognition_within_the_file_and_against_the_database(take_in: Import) -> None:
    take_in("parties", FILE)
    done = take_in(
        "parties",
        "name,mail,phone,card\n王先生,MING@example.com,,\nBob,bob@example.com,,C-1\nRobert,,,c 1\nR. B.,,+49 30 "
        "901820,C1\n",
        "shop.csv",
        source="shop",
    )
    assert (done.created, done.updated) == (3, 1)
    assert Party.objects.count() == 3
    assert SourceRecord.objects.filter(party__contact_points__key="files:1").count() == 2
    bob = Party.objects.get(contact_points__key="bob@example.com")
    assert set(bob.contact_points.values_list("key", flat=True)) == {"bob@example.com", "C1", "+4930901820"}


def test_a_column_called_number_is_the_customers_number_where_no_other_is(take_in: Import) -> None:
    take_in("parties", "number,name\n17,王美玲\n")
    assert ContactPoint.objects.get(kind="external").key == "files:17"
    take_in("parties", "customer_no,number,name\n18,9,李小龍\n", name="both.csv")
    assert set(ContactPoint.objects.filter(kind="external").values_list("key", flat=True)) == {"files:17", "files:18"}


# Two numbered customers with one mail, somebody without a number who has it too, and rows of one customer far apart.
SHARED = (
    "客戶編號,name,mail,城市\n1,王美玲,wang@example.tw,台北\n2,王大明,wang@example.tw,\n,王先生,wang@example.tw,\n"
    "3,Anna Schmidt,anna@example.de,Köln\n,林小華,,\n,林小華,,\n1,王美玲,meiling@example.tw,\n"
    ",Anna,anna@example.de,Bonn\n"
)


def told() -> list[Any]:
    """All parties with what is known of them, whatever their ids."""
    return sorted(
        (party.name, party.city, sorted(party.contact_points.values_list("kind", "key")), party.source_records.count())
        for party in Party.objects.all()
    )


def test_where_a_file_is_cut_changes_nothing(take_in: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parties, "CHUNK", 1)
    done = take_in("parties", SHARED)
    assert (done.created, done.updated, done.unchanged) == (7, 0, 1)  # 林小華 says the same twice
    in_pieces = told()
    assert [name for name, *_rest in in_pieces] == ["Anna", "林小華", "王先生", "王大明", "王美玲"]
    for model in (Event, SourceRecord, ContactPoint, Party):
        model.objects.all().delete()
    monkeypatch.setattr(parties, "CHUNK", 50_000)
    take_in("parties", SHARED, name="again.csv")
    assert told() == in_pieces


def test_a_customer_who_comes_in_during_the_import_is_recognised(
    take_in: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parties, "CHUNK", 1)
    prepare, made = parties._prepare, []

    def meanwhile(job: Any, number: int) -> Any:
        if number == 1:
            while not Party.objects.exists():  # until the first chunk has been written
                time.sleep(0.02)
            made.append(customers.create_party(by=SYSTEM, name="李小龍", mail="lee@example.tw").pk)
            connection.close()
        return prepare(job, number)

    monkeypatch.setattr(parties, "_prepare", meanwhile)
    take_in("parties", "客戶編號,name,mail\n1,王美玲,wang@example.tw\n2,,Lee@example.tw\n")
    assert made == [ContactPoint.objects.get(key="files:2").party_id]


def test_one_telephone_does_not_make_two_numbered_customers_one(take_in: Import) -> None:
    take_in("parties", "customer_id,name,phone\n1,王,+886912345678\n2,李,+886912345678\n")
    assert Party.objects.count() == 2
    take_in("parties", "customer_id,name,phone\n3,張,+886912345678\n")
    assert Party.objects.count() == 3


def test_rows_that_tell_nobody_and_keys_that_are_none(take_in: Import) -> None:
    done = take_in("parties", "name,mail\n,\n王,ming@\n李,li@example.com\n")
    assert [(row["row"], row["column"]) for row in rejected(done)] == [("2", "name"), ("3", "mail")]
    assert Party.objects.get().name == "李"


VALUES = st.dictionaries(
    st.sampled_from(["name", "city", "profile.age", "other"]), st.sampled_from(["", None, "甲", "乙", "乙丙"])
)


@settings(max_examples=60)
@given(
    said=st.lists(
        st.tuples(
            st.integers(1, 3), st.sampled_from([-1, 10, 50, 100, 120]), st.integers(1, 3), VALUES, st.integers(1, 3)
        ),
        min_size=1,
        max_size=8,
    ),
    rules=st.dictionaries(st.sampled_from(["name", "city", "profile.age"]), st.sampled_from(FieldRule.Rule.values)),
)
def test_survivorship_for_one_and_for_many_is_the_same(said: list[Any], rules: dict[str, str]) -> None:
    records = [
        (party, Said(trust, datetime(2020, 1, day, tzinfo=UTC), n, values, source))
        for n, (party, trust, day, values, source) in enumerate(said)
    ]
    table = pa.table(
        {
            "party_id": [party for party, _ in records],
            "trust": [r.trust for _, r in records],
            "received_at": pa.array([r.received_at for _, r in records], pa.timestamp("us", "UTC")),
            "id": [r.id for _, r in records],
            "payload": [json.dumps(r.payload, ensure_ascii=False) for _, r in records],
            "source_id": [r.source for _, r in records],
        }
    )
    fields = [*FIELDS, "profile.age"]
    with duckdb.connect() as work:
        work.register("said", table)
        rows = work.sql(survivors_sql("said", fields, rules)).to_arrow_table().to_pylist()
    for row in rows:
        expected = survive((r for party, r in records if party == row["party_id"]), rules)
        assert {name: row[name] for name in fields if row[f"{name}?"]} == {
            n: v for n, v in expected.items() if n in fields
        }


@pytest.mark.django_db
def test_the_rule_in_a_word() -> None:
    old, new = datetime(2020, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC)
    said = [
        Said(50, new, 2, {"name": "新", "city": ""}),
        Said(50, old, 1, {"name": "舊", "city": "台北", "country": "TW"}),
        Said(100, old, 3, {"country": ""}),
    ]
    assert survive(said) == {"name": "新", "city": "台北", "country": None}
    assert Source._meta.get_field("trust").default < 100


def test_known_since_when_the_file_says_so(take_in: Import, settings: Any) -> None:
    settings.GUANXI_TODAY = date(2018, 1, 2)
    settings.TIME_ZONE = "Asia/Taipei"
    head = "客戶編號,姓名,入會日期\n"
    take_in("parties", head + "1,王小明,2016-03-05\n2,陳美玲,\n")
    first, second = Party.objects.order_by("id")
    assert (first.created_at, clock.day_of(second.created_at)) == (
        datetime(2016, 3, 4, 16, tzinfo=UTC),
        date(2018, 1, 2),
    )
    for party in (first, second):
        assert Event.objects.get(party=party, kind="party.created").occurred_at == party.created_at
    take_in("parties", head + "1,王小明,2017-03-05\n2,陳美玲,2015-12-31\n")
    days = [clock.day_of(party.created_at) for party in Party.objects.order_by("id")]
    assert days == [date(2016, 3, 5), date(2015, 12, 31)]  # only ever back


def test_customers_made_up_for_demonstration_are_marked(take_in: Import) -> None:
    take_in("parties", "id,name,made_up\n1,王小明,yes\n2,陳美玲,否\n3,林志強,\n")
    assert dict(Party.objects.values_list("name", "made_up")) == {"王小明": True, "陳美玲": False, "林志強": False}
