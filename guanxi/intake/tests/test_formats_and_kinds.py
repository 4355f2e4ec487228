"""Files of other kinds and formats: vCards, JSON lines, relationships, price lists, consents; and files that lie."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook

from guanxi.catalog.models import Price, PriceList
from guanxi.customers.models import Consent, ContactPoint, Party, Relationship
from guanxi.foundation.actions import Refused
from guanxi.foundation.visibility import SYSTEM
from guanxi.intake import actions, difference, plan, running, uploads
from guanxi.intake.models import ImportRun
from guanxi.intake.tests.conftest import rejected

Import = Callable[..., ImportRun]
CARDS = """BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E7=8E=8B;=E7=BE=8E=E7=8E=B2;;;
FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E7=8E=8B=E7=BE=8E=
=E7=8E=B2
TEL;CELL:0912-345-678
EMAIL;INTERNET:Wang@example.tw
ORG;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E9=81=A0=E6=9D=B1;=E6=A5=AD=E5=8B=99=E9=83=A8
TITLE:Manager
ADR;HOME:;;1 Zhongshan Rd;Taipei;;104;TW
BDAY:1985-03-05
END:VCARD
BEGIN:VCARD
VERSION:3.0
FN:遠東
N:;;;;
ORG:遠東
TEL;TYPE=WORK:+886 2 2345 6789
PHOTO;ENCODING=b;TYPE=JPEG:AAAA
 BBBB
END:VCARD
BEGIN:VCARD
VERSION:4.0
UID:urn:uuid:4fbe8971-0bc3-424c-9c26-36c3e1eff6b1
FN:Anna Schmidt
N:Schmidt;Anna;;;
TEL;VALUE=uri;TYPE="voice,home":tel:+49-221-4710-100
BDAY:--0412
NOTE:a\\, b\\nc
END:VCARD
BEGIN:VCARD
VERSION:3.0
FN:Without an end
"""


def test_vcards_of_three_versions(take_in: Import) -> None:
    done = take_in("parties", CARDS.replace("\n", "\r\n"), name="contacts.csv")  # by its contents, not by its name
    assert (done.read, done.created, done.rejected) == (4, 3, 1)
    wang = Party.objects.get(name="王美玲")
    assert (wang.family_name, wang.given_name, str(wang.date_of_birth), wang.city, wang.country) == (
        "王", "美玲", "1985-03-05", "Taipei", "TW",
    )  # fmt: skip
    assert set(wang.contact_points.values_list("kind", "key")) >= {
        ("phone", "+886912345678"),
        ("mail", "wang@example.tw"),
    }
    work = Relationship.objects.get(party=wang)
    assert (work.kind, work.other.name, work.other.kind, work.title, work.department) == (
        "works_at", "遠東", "organisation", "Manager", "業務部",
    )  # fmt: skip
    assert Party.objects.filter(name="遠東").count() == 1
    anna = ContactPoint.objects.get(key="files:4fbe8971-0bc3-424c-9c26-36c3e1eff6b1").party
    assert (anna.name, anna.date_of_birth) == ("Anna Schmidt", None)
    assert "card" in rejected(done)[0]["reason"]


def test_json_lines(take_in: Import) -> None:
    done = take_in("parties", '{"id": 7, "name": "王", "t": ["a"]}\n{"id": 8, "mail": "x@y.tw"}\n[1]\n', name="a.jsonl")
    assert (done.created, done.rejected) == (2, 1)
    assert ContactPoint.objects.filter(key="x@y.tw").exists()


def test_relationships_and_what_cannot_be_one(take_in: Import) -> None:
    take_in("parties", "id,kind,name\n1,person,王美玲\n2,person,李小龍\n3,person,Anna\n10,organisation,遠東\n")
    done = take_in(
        "relationships",
        "party,kind,other,title,reports_to\n1,works at,遠東,經理,\n2,員工,10,職員,1\n3,works_at,10,,2\n"
        "1,works_at,2,,\n2,household,10,,\n3,referred_by,3,,\n9,works_at,10,,\n",
        name="r.csv",
    )
    assert (done.created, done.updated, done.rejected) == (3, 0, 4)
    assert [row["row"] for row in rejected(done)] == ["5", "6", "7", "8"]
    circle = take_in("relationships", "party,kind,other,reports_to\n1,works_at,10,3\n", name="circle.csv")
    assert (circle.rejected, "circle" in rejected(circle)[0]["reason"]) == (1, True)
    assert Relationship.objects.get(party__name="李小龍").reports_to == Party.objects.get(name="王美玲")
    done = take_in("relationships", "party,kind,other,title\n1,works at,10,總經理\n", name="r2.csv")
    assert (done.updated, Relationship.objects.get(party__name="王美玲").title) == (1, "總經理")


def test_price_lists(take_in: Import) -> None:
    take_in("products", "code,name\nP,茶\n")
    head = "list,product,amount,from_quantity,currency,valid_from,valid_until\n"
    done = take_in(
        "prices",
        head + "W,P,4.5,1,TWD,,\nW,P,4,50,TWD,,\nW,Q,1,1,TWD,,\nW,P,-1,2,TWD,,\nW,P,3,9,USD,,\nW,P,5,1,TWD,,\n",
    )
    assert (done.created, done.rejected) == (2, 4)
    assert PriceList.objects.get().currency == "TWD"
    assert sorted(Price.objects.values_list("from_quantity", "amount")) == [(1, 4.5), (50, 4)]
    assert take_in("prices", head + "W,P,4.25,1,TWD,,\n", name="b.csv").updated == 1


def test_consents_with_their_proof(take_in: Import) -> None:
    take_in("parties", "id,name,mail\n1,王美玲,mei@example.tw\n")
    head = "customer,purpose,channel,given,basis,text,form,at\n"
    done = take_in(
        "consents",
        head
        + "mei@example.tw,行銷,email,是,同意,我同意。,會員表,2026-01-05 11:20\n1,marketing,mail,opt-out,,,,2026-02-05\n"
        "9,marketing,mail,yes,,,,\n1,nonsense,mail,yes,,,,\n",
    )
    assert (done.created, done.rejected) == (2, 2)
    given, withdrawn = Consent.objects.order_by("at")
    assert given.given and not withdrawn.given
    assert given.proof == {"text": "我同意。", "form": "會員表"}


def bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 120_000_000)


def test_files_that_lie(take_in: Import, tmp_path: Path) -> None:
    book, content = Workbook(), io.BytesIO()
    book.active.append(["id", "name"])
    book.active.append([1, "=1+1"])
    book.save(content)
    assert take_in("parties", content.getvalue(), name="really-a-workbook.csv").created == 1
    table = tmp_path / "really-parquet.xlsx"
    pq.write_table(pa.table({"id": ["2"], "name": ["王"]}), table)
    assert take_in("parties", table).created == 1
    bomb(tmp_path / "bomb.xlsx")
    with pytest.raises(Refused, match="would unpack to"):
        take_in("parties", tmp_path / "bomb.xlsx")
    with pytest.raises(Refused, match="10,000 columns"):
        take_in("parties", ",".join(f"c{n}" for n in range(10_000)) + "\n1\n", name="wide.csv")


def test_formulas_go_out_harmless_and_come_back_as_they_were(take_in: Import) -> None:
    name = "=HYPERLINK(1)"
    done = take_in("parties", f"id,name,mail\n1,{name},bad\n2,'=x,worse\n")
    first, second = rejected(done)
    assert (first["name"], second["name"], first["value"]) == (f"'{name}", "''=x", "bad")
    mended = done.rejects_path.read_text(encoding="utf-8-sig").replace(",bad\n", ",a@b.tw\n")
    mended = mended.replace('"bad"\n', '"a@b.tw"\n').replace('"worse"\n', '"c@d.tw"\n')
    again = take_in("parties", mended, name="rejected.csv")
    assert (again.created, again.rejected) == (2, 0)
    assert set(Party.objects.values_list("name", flat=True)) == {name, "'=x"}


def test_a_file_without_room(take_in: Import, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    import shutil

    usage = type(shutil.disk_usage("/"))(10**12, 10**12, 500_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(Refused, match="not enough room"):
        uploads.keep(iter([b"x"]), "big.csv", SYSTEM, size=1 << 30)
    assert not uploads.folder().exists()


def test_uploads_are_kept_and_cleaned(home: Path, db: None, settings: Any) -> None:
    path = uploads.keep([b"id,name\n", "1,王\n".encode()], "../../客戶 名單.csv", SYSTEM)
    assert path.name == "客戶 名單.csv" and path.is_relative_to(uploads.folder())
    assert path.read_text(encoding="utf-8") == "id,name\n1,王\n"
    with pytest.raises(Refused):
        uploads.keep([b"\x00\x01\x02" * 50], "x.csv", SYSTEM)
    settings.GUANXI_LARGEST_UPLOAD = 10
    with pytest.raises(Refused, match="too large"):
        uploads.keep([b"id,name\n", b"1,x\n"], "y.csv", SYSTEM)
    assert len(list(uploads.folder().iterdir())) == 1
    assert uploads.clean() == 0 and uploads.clean(days=-1) == 1


def test_pause_resume_cancel(take_in: Import, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("id,name\n1,王\n")
    run = actions.begin_import(plan.prepare("parties", path), by=SYSTEM)
    difference.find(run)
    assert actions.pause_import(run, by=SYSTEM).state == "paused"
    assert running.run(run.pk).state == "paused" and not Party.objects.exists()
    assert actions.resume_import(run, by=SYSTEM).state == "writing"
    assert running.run(run.pk).state == "done"
    with pytest.raises(Refused):
        actions.pause_import(run, by=SYSTEM)
    other = actions.begin_import(plan.prepare("parties", path), by=SYSTEM)
    assert actions.cancel_import(other, by=SYSTEM).state == "cancelled"
    assert running.run(other.pk).state == "cancelled"


def test_asked_to_pause_while_at_work_it_stops_at_the_next_chunk(
    take_in: Import, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from guanxi.intake import parties

    monkeypatch.setattr(parties, "CHUNK", 1)
    path = tmp_path / "x.csv"
    path.write_text("id,name\n" + "".join(f"{n},王{n}\n" for n in range(4)))
    run = actions.begin_import(plan.prepare("parties", path), by=SYSTEM)
    write, seen = running._write_chunk, []

    def watching(job: Any, phase: Any, number: int, piece: Any) -> None:
        write(job, phase, number, piece)
        seen.append(number)
        if number == 1:
            actions.pause_import(ImportRun.objects.get(pk=run.pk), by=SYSTEM)
            with pytest.raises(Refused, match="being imported already"):
                actions.begin_import(plan.prepare("parties", path), by=SYSTEM)

    monkeypatch.setattr(running, "_write_chunk", watching)
    assert running.run(run.pk).state == "paused"
    assert seen == [0, 1] and Party.objects.count() == 2
    actions.resume_import(run, by=SYSTEM)
    done = running.run(run.pk)
    assert (done.state, done.created, seen, Party.objects.count()) == ("done", 4, [0, 1, 2, 3], 4)
