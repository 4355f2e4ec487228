"""A customer is erased from everywhere, once and for all."""

from __future__ import annotations

import gzip
import json
import subprocess
import zipfile
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.db import connection
from django.test import Client

from guanxi.customers import actions, queries
from guanxi.customers.models import Party, SourceRecord
from guanxi.customers.rights import actions as rights
from guanxi.customers.rights import answering, erasing, hashing, kept, tasks
from guanxi.customers.rights.models import Erasure, Request
from guanxi.foundation import clock, notifications, search
from guanxi.foundation.actions import Refused
from guanxi.foundation.custom_fields.actions import add_field
from guanxi.foundation.custom_fields.values import set_values
from guanxi.foundation.models import AuditEntry, User
from guanxi.foundation.sealing import sealing, verifying
from guanxi.foundation.visibility import SYSTEM
from guanxi.lake import refresh, schema, store
from guanxi.ledger import actions as ledger
from guanxi.orders import actions as orders
from guanxi.orders.models import Order, PurchaseSummary

VALUES = [
    "歐陽若曦蘭",
    "Ouyang Ruoxilan",
    "ruoxi.lan@example.net",
    "+886912777333",
    "高雄市鹽埕區五福四路一八八號",
    "K-7741-RUOXI",
    "蘭花愛好者協會會長",
    "過敏體質請勿推銷香水",
]
NAME, LATIN, MAIL, PHONE, ADDRESS, CARD, JOB, NOTE = VALUES
SHARED = "張三豐"


@pytest.fixture
def lan(staff: User) -> Party:
    """Somebody of whom much is kept."""
    party = actions.create_party(
        by=staff, name=NAME, latin_name=LATIN, mail=MAIL, phone="+886 912 777 333", occupation=JOB, roles=["customer"]
    )
    actions.add_contact_point(party, "address", ADDRESS, by=staff)
    actions.add_contact_point(party, "card", CARD, by=staff)
    other = actions.create_party(by=staff, name=SHARED, mail="san@example.net")
    actions.add_relationship(party, "household", other, by=staff)
    actions.give_consent(party, "marketing", "mail", by=staff, proof={"text": f"{NAME} agrees"})
    ledger.record("note", by=staff, party=party, payload={"text": NOTE})
    twin = actions.create_party(by=staff, name=NAME, mail="second@example.net")
    actions.merge_parties(party, [twin], by=staff)
    actions.edit_party(party.pk, {"city": "高雄"}, by=staff)
    notifications.notify(staff, f"{NAME} called", body=MAIL)
    return Party.objects.get(pk=party.pk)


def order(party: Party, by: User, days: int = 3) -> Order:
    line = {"description": f"Gift for {party.name}", "quantity": Decimal(1), "amount": Decimal("12.50")}
    return orders.create_order(party, [orders.Line(**line)], placed_at=clock.now() - timedelta(days=days), by=by)


def forms(value: str) -> list[bytes]:
    return [value.encode(), value.encode("utf-16-le"), value.encode("utf-16-be"), json.dumps(value)[1:-1].encode()]


def traces(home: Path) -> list[str]:
    """Where any of the values still stands: in the database, in any file of the home, in any Parquet file."""
    found = []
    for path in [*(path for path in home.rglob("*") if path.is_file()), *database_files(home)]:
        data = path.read_bytes()
        if path.suffix == ".parquet":
            data += repr(pq.read_table(path, partitioning=None).to_pylist()).encode()
        if data[:2] == b"\x1f\x8b":
            data += gzip.decompress(data)
        found += [f"{path}: {value}" for value in VALUES for form in forms(value) if form in data]
    return found


def database_files(home: Path) -> list[Path]:
    if connection.vendor == "sqlite":
        name = Path(str(connection.settings_dict["NAME"]))
        return [path for path in name.parent.glob(f"{name.name}*") if path.suffix != ".sqlite3-shm"]
    from tests.cluster import programs

    dump = home.parent / "dump.sql"
    params = connection.get_connection_params()
    address = [f"--host={params.get('host') or ''}", f"--username={params.get('user') or 'postgres'}"]
    subprocess.run([str(programs() / "pg_dump"), *address, f"--file={dump}", params["dbname"]], check=True)
    return [dump]


@pytest.mark.django_db(transaction=True)
def test_no_value_of_him_is_left_anywhere(home: Path, lan: Party, staff: User) -> None:
    bought = order(lan, staff)
    for key, kind in (("card_text", "text"), ("given_to", "party"), ("wrapping", "text")):
        add_field("orders.order", {"en": key}, kind, key=key, by=SYSTEM)
    set_values(bought, {"card_text": f"For {NAME}, {MAIL}", "given_to": lan.pk, "wrapping": "red"}, by=staff)
    order(Party.objects.get(name=SHARED), staff)
    refresh.refresh(full=True)
    folder = home / "imports" / "7"
    folder.mkdir(parents=True)
    (folder / "rejected.csv").write_text(f"row,name\n1,{NAME}\n2,李四\n", encoding="utf-8-sig")
    (home / "mail").mkdir()
    (home / "mail" / "1.log").write_text(f"To: {MAIL}\n\nHello")
    search.catch_up()
    assert len({trace.rpartition(": ")[2] for trace in traces(home)}) >= 6  # the test sees what is there
    sealing.seal()
    lines = {line.title: line for line in erasing.preview(lan)}
    assert not lines["Orders"].goes and lines["Contact points"].goes and lines["Orders"].why

    row = erasing.erase(lan, by=staff)
    erasing.sweep()

    assert traces(home) == []
    assert row.state == Erasure.State.DONE and row.counts["lake"] and row.counts["files"] == 2
    assert (folder / "rejected.csv").read_text(encoding="utf-8-sig") == "row,name\n2,李四\n"
    kept_order = Order.objects.get(pk=bought.pk)
    nobody = erasing.nobody(by=staff)
    assert kept_order.party == nobody and kept_order.amount == bought.amount
    assert kept_order.custom == {"card_text": "For …, …", "wrapping": "red"}
    assert not PurchaseSummary.objects.filter(party=nobody).exists()
    assert not queries.find("若曦", staff) and not queries.recognise([("mail", MAIL)], staff)
    assert not Party.objects.filter(pk__in=row.parties).exists()
    assert Party.objects.filter(name=SHARED).exists()
    lines_of_lake = store.open_table(schema.SALES_LINE)
    assert lines_of_lake is not None and nobody.pk in lines_of_lake.to_pyarrow_table()["party_id"].to_pylist()
    # The lake knows its database still; only the small table that is always written whole may be written again.
    assert set(refresh.refresh().whole) <= {"paying"}
    refresh.refresh(full=True)
    assert traces(home) == []
    buyers = store.open_table(schema.FIRST_PURCHASE)
    assert buyers is not None and nobody.pk not in buyers.to_pyarrow_table()["party_id"].to_pylist()
    assert not AuditEntry.objects.filter(object_label__contains=NAME).exists()
    look = verifying.verify()
    assert look.count == 0 and look.sealed and look.redacted  # the chain of the audit log is whole all the same


@pytest.mark.django_db(transaction=True)
def test_an_erasure_that_was_killed_goes_on(
    home: Path, lan: Party, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresh.refresh(full=True)
    places = erasing.elsewhere()
    broken = [place for place in places if place.first]
    monkeypatch.setattr(erasing, "elsewhere", lambda: [*broken, Killing()])
    with pytest.raises(RuntimeError):
        erasing.erase(lan, by=staff)
    monkeypatch.setattr(erasing, "elsewhere", lambda: places)
    assert Erasure.objects.get().state == Erasure.State.RUNNING
    erasing.replay()
    erasing.sweep()
    assert Erasure.objects.get().state == Erasure.State.DONE
    assert traces(home) == []


class Killing:
    key, label, first = "killing", "killing", False

    def erase(self, *_args: Any) -> int:
        raise RuntimeError


@pytest.mark.django_db
def test_a_restore_does_not_bring_him_back(home: Path, lan: Party, staff: User) -> None:
    """Rows put back as a backup has them; also under another number, by his keys."""
    born, points = lan.created_at, list(lan.contact_points.values("kind", "value", "key"))
    erasing.erase(lan, by=staff)
    Erasure.objects.all().delete()  # the backup is older than the erasure
    again = Party.objects.create(pk=lan.pk, name=NAME, created_at=born)
    stranger = Party.objects.create(name="王美玲", created_at=born)
    moved = Party.objects.create(name=NAME, created_at=born)
    for point in points:
        moved.contact_points.create(**point)
    family = Party.objects.create(name="歐陽小弟", created_at=born)
    family.contact_points.create(kind="phone", value=PHONE, key=PHONE)
    family.contact_points.create(kind="mail", value="x@example.net", key="x@example.net")
    assert erasing.replay() == 2
    left = Party.objects.values_list("pk", flat=True)
    assert again.pk not in left and moved.pk not in left and {stranger.pk, family.pk} <= set(left)
    assert erasing.replay() == 0


@pytest.mark.django_db
def test_imports_can_ask_who_was_erased(home: Path, lan: Party, staff: User) -> None:
    assert hashing.suppressed("mail", [MAIL]).to_pylist() == [False]
    erasing.erase(lan, by=staff)
    assert hashing.suppressed("mail", [MAIL, "mei@example.com", None]).to_pylist() == [True, False, False]
    assert hashing.suppressed("card", [MAIL]).to_pylist() == [False]
    log = erasing.log_path().read_text()
    assert not any(value in log for value in VALUES)
    assert rights.allow_again("mail", MAIL.upper(), by=staff) == 1
    assert hashing.suppressed("mail", [MAIL]).to_pylist() == [False]


@pytest.mark.django_db
def test_what_is_held_by_law_stays(home: Path, lan: Party, staff: User) -> None:
    hold = rights.hold(lan, "案件 2026-17", by=staff)
    with pytest.raises(Refused, match="2026-17"):
        erasing.erase(lan, by=staff)
    rights.lift_hold(hold.pk, by=staff)
    erasing.erase(lan, by=staff)
    with pytest.raises(Refused, match="Nobody"):
        erasing.erase(erasing.nobody(by=staff), by=staff)


def test_our_models_say_what_becomes_of_them() -> None:
    """What nobody declared goes with him; say so on purpose, or why it stays (guanxi.customers.rights.kept)."""
    missing = [model._meta.label for model in kept.undeclared() if not kept.is_generic(model)]
    assert not missing, f"hooks.register('kept_about', Kept(...)) in the hooks of: {missing}"


def test_nothing_that_refers_to_customers_escapes() -> None:
    from django.apps import apps

    known = {one.model for one in kept.kept()}
    for model in apps.get_models():
        assert model in known or model is Party or not kept.party_fields(model), model


# Everything kept, given to him ----------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_he_gets_everything_in_his_language(home: Path, lan: Party, staff: User, staff_client: Client) -> None:
    order(lan, staff)
    row = rights.open_request(by=staff, kind="access", party=lan, asked_by="by mail", verified="passport seen")
    assert staff_client.get(f"/requests/{row.pk}/").status_code == 200
    staff_client.post(f"/requests/{row.pk}/do/", {"what": "gather"})
    tasks.gather.call(row.pk, staff.pk)
    answer = staff_client.get(f"/requests/{row.pk}/file/")
    path = home / "fetched.zip"
    path.write_bytes(b"".join(answer.streaming_content))
    with zipfile.ZipFile(path) as file:
        data = json.loads(file.read("data.json"))
        page = file.read("index.html").decode()
        described = json.loads(file.read("schema.json"))
        assert "customers_contactpoint.csv" in file.namelist()
    for value in VALUES:
        assert value in json.dumps(data, ensure_ascii=False) and (value in page or value == CARD)
    assert described["customers_party"]["columns"]["name"]
    assert data["customers_consent"][0]["proof"] == {"text": f"{NAME} agrees"}
    row.refresh_from_db()
    assert row.state == Request.State.DONE and row.file_until > clock.now()
    assert AuditEntry.objects.filter(object_type="rights.request", changes__file=[None, "fetched"]).exists()
    Request.objects.update(file_until=clock.now() - timedelta(hours=1))
    assert staff_client.get(f"/requests/{row.pk}/file/").status_code == 302
    assert rights.forget_files(by=SYSTEM) == 1 and not list((home / "files" / "rights").glob("*"))


@pytest.mark.django_db
def test_a_request_is_a_case_with_a_deadline(lan: Party, staff: User, staff_client: Client) -> None:
    assert rights.month_after(date(2026, 1, 31)) == date(2026, 2, 28)
    made = staff_client.post("/requests/new/", {"party": lan.pk, "kind": "object", "asked_by": "telephone"})
    row = Request.objects.get()
    assert made.status_code == 302 and row.due_on == rights.month_after(clock.today())
    rights.extend_request(row.pk, "many files", by=staff)
    with pytest.raises(Refused, match="once"):
        rights.extend_request(row.pk, "more", by=staff)
    Request.objects.update(due_on=clock.today() - timedelta(days=1))
    assert "Overdue" in staff_client.get("/requests/").content.decode()
    assert "Objection" in staff_client.get("/").content.decode()
    assert NAME in staff_client.get("/requests/?f.overdue=true").content.decode()
    answering.do(row, "restrict", {}, by=staff)
    assert queries.may_contact(lan, "marketing", "mail", staff).why == "objected"
    with pytest.raises(Refused, match="closed"):
        answering.do(row, "refuse", {"reason": "late"}, by=staff)
    assert staff_client.get(f"/customers/{lan.pk}/panel/of_customer/").status_code == 200


@pytest.mark.django_db
def test_his_own_word_outlasts_imports_and_colleagues(lan: Party, staff: User) -> None:
    row = rights.open_request(by=staff, kind="correct", party=lan)
    answering.do(row, "correct", {"field": "occupation", "value": "園藝師"}, by=staff)
    lan.refresh_from_db()
    assert lan.occupation == "園藝師"
    said = SourceRecord.objects.get(party=lan, source__code="himself")
    assert said.payload == {"occupation": "園藝師"} and said.source.trust > 100


@pytest.mark.django_db
def test_he_is_erased_on_request(home: Path, lan: Party, staff: User, staff_client: Client) -> None:
    row = rights.open_request(by=staff, kind="erase", party=lan)
    assert "Contact points" in staff_client.get(f"/requests/{row.pk}/").content.decode()
    staff_client.post(f"/requests/{row.pk}/do/", {"what": "erase"})
    assert Party.objects.filter(pk=lan.pk).exists()  # nobody knows yet that it is he
    rights.edit_request(row.pk, {"verified": "passport seen"}, by=staff)
    staff_client.post(f"/requests/{row.pk}/do/", {"what": "erase"})
    assert queries.may_contact(lan, "service", "mail", staff).why == "erasing"
    tasks.erase.call(Erasure.objects.get().pk, row.pk)
    row.refresh_from_db()
    assert row.state == Request.State.DONE and row.party_id is None and not row.verified
    assert staff_client.get(f"/requests/{row.pk}/").status_code == 200
    assert staff_client.get("/erasures/").status_code == 200


@pytest.mark.django_db
def test_a_restricted_customer_stays_in_the_house(lan: Party, staff: User, staff_client: Client) -> None:
    actions.restrict(lan, "restrict", by=staff)
    exported = b"".join(staff_client.get("/customers/export.csv").streaming_content).decode()
    assert NAME not in exported and SHARED in exported
