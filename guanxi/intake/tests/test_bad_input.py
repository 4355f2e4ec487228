"""Bad files: each gets a clear message, each row is accounted for, nothing is lost."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from guanxi.customers.models import Party
from guanxi.foundation.actions import Refused
from guanxi.foundation.visibility import SYSTEM
from guanxi.intake import actions, probing, records, running
from guanxi.intake.formats import FileFormat
from guanxi.intake.models import ImportRun
from guanxi.intake.plan import prepare
from guanxi.intake.tests.conftest import rejected
from guanxi.orders.models import Order, OrderLine

Import = Callable[..., ImportRun]
HEAD = "customer,date,amount,product\n"
GOOD = "1,2017-01-01,10,茶\n"


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        (",2017-01-01,1,x", "customer", "empty"),
        ("1,2017-02-30,1,x", "date", "no date"),
        ("1,tomorrow,1,x", "date", "no date"),
        ("1,2999-01-01,1,x", "date", "future"),
        ("1,0017-01-01,1,x", "date", "past"),
        ("1,infinity,1,x", "date", ""),
        ("1,2017-01-01,,x", "amount", "empty"),
        ("1,2017-01-01,12abc,x", "amount", "no number"),
        ("1,2017-01-01,nan,x", "amount", "no number"),
        ("1,2017-01-01,1e30,x", "amount", "too large"),
        ("1,2017-01-01,999999999999999999999,x", "amount", "too large"),
        ("1,2017-01-01,1.00005,x", "amount", "decimal places"),
        ("1,2017-01-01,1," + "x" * 101, "product", "too long"),
        ("1,2017-01-01,1", "", "3 cells"),
        ("1,2017-01-01,1,x,y", "", "5 cells"),
        ('1,2017-01-01,1,"x', "", "quotation"),
        ('1,2017-01-01,1,"x"y', "", "quotation"),
        ("1,2017-01-01,1,x\0", "", "NUL"),
    ],
)
def test_a_bad_row_costs_one_row(take_in: Import, row: str, column: str, words: str) -> None:
    done = take_in("sales", f'{HEAD}{GOOD}{row}\n2,2017-01-02,5,"a ""b"""\n')
    assert (done.read, done.accepted, done.rejected) == (3, 2, 1)
    found = rejected(done)[0]
    assert (found["row"], found["column"]) == ("3", column)
    assert words in found["reason"]
    assert OrderLine.objects.count() == 2


def test_good_rows_of_every_spelling(take_in: Import) -> None:
    rows = ['"1,234.50"', "$5", '"NT$ 1,000"', "(2.25)", "3-", "1.1000000000001", " 7 ", "-0.0001", "2e2", "1 USD"]
    take_in("sales", HEAD + "".join(f"{n},2017-01-01,{text},\n" for n, text in enumerate(rows)))
    amounts = [line.amount for line in OrderLine.objects.order_by("order__key")]
    assert amounts == [Decimal(x) for x in ("1234.5", "5", "1000", "-2.25", "-3", "1.1", "7", "-0.0001", "200", "1")]


def test_a_huge_cell_is_rejected_whole(take_in: Import) -> None:
    done = take_in("sales", HEAD + GOOD + f'1,2017-01-01,1,"{"茶" * 3_500_000}"\n' + "2,2017-01-01,1,x\n")
    assert (done.accepted, done.rejected) == (2, 1)
    assert len(rejected(done)[0]["product"]) == 3_500_000


@pytest.mark.any_database
def test_one_open_quote_does_not_swallow_the_file(take_in: Import) -> None:
    rows = "".join(f'{n},2017-01-01,1,"p{n}"\n' for n in range(2_000))
    done = take_in("sales", HEAD + '0,2017-01-01,1,"open\n' + rows)
    assert (done.read, done.rejected) == (2_001, 1)


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n\n  \n", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"customer,date,amount\n", "no rows"),
        (b"customer,amount\n1,2\n", "No column for: date.*customer, amount"),
        (b"customer,date,amount,amount\n1,2017-01-01,2,3\n", "stands in the file twice"),
        (b"PK\x03\x04nothing", "cannot be read"),
        (b"PAR1nothing", "damaged"),
    ],
)
def test_a_bad_file_is_refused_with_a_reason(take_in: Import, content: bytes, words: str) -> None:
    with pytest.raises(Refused, match=words):
        take_in("sales", content)
    assert not ImportRun.objects.exists()


@pytest.mark.any_database
def test_a_file_that_is_not_there(take_in: Import, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="No such file"):
        prepare("sales", tmp_path / "nowhere.csv")


def test_rejects_can_be_mended_and_sent_again(take_in: Import) -> None:
    done = take_in("sales", HEAD + GOOD + "2,2017-99-01,5,y\n")
    text = done.rejects_path.read_text(encoding="utf-8-sig")
    again = take_in("sales", text.replace('"2017-99-01","5"', '"2017-09-01","5"'), "mended.csv")
    assert (again.accepted, again.rejected) == (1, 0)
    assert Order.objects.count() == 2


@pytest.mark.any_database
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030", "big5"])
def test_chinese_in_every_encoding(take_in: Import, encoding: str) -> None:
    names = ["王小明的茶葉", "高雄市三民區門市", "我們的客戶在台北", "大賣場的商品"]
    if encoding == "gb18030":
        names = ["王小明的茶叶", "深圳市福田区门店", "我们的客户在北京", "大卖场的商品"]
    head = "客户,日期,金额,商品\n" if encoding == "gb18030" else "客戶,日期,金額,商品\n"
    text = head + "".join(f"{n},2017-01-0{n + 1},{n}.5,{name}\n" for n, name in enumerate(names))
    take_in("sales", text.encode(encoding))
    assert sorted(OrderLine.objects.values_list("product__code", flat=True)) == sorted(names)


def test_latin_and_mixed_encodings(take_in: Import) -> None:
    done = take_in("sales", "customer;date;amount;product\n1;03.04.2017;1,5;Käse für André\n".encode("cp1252"))
    assert OrderLine.objects.get().product.code == "Käse für André"
    assert done.plan["form"]["encoding"] == "cp1252"
    text = HEAD.encode() + "1,2017-01-01,1,茶\n2,2017-01-01,1,咖啡\n".encode() + "3,2017-01-01,1,茶葉\n".encode("big5")
    done = take_in("sales", text, "mixed.csv")
    assert [(row["row"], row["reason"][:24]) for row in rejected(done)] == [("4", "This row does not decode")]


@pytest.mark.any_database
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
def test_separators_and_line_ends(take_in: Import, separator: str, ending: str) -> None:
    text = (HEAD + GOOD + "\n" + GOOD.replace("茶", '"a,b;c"')).replace(",", separator).replace("\n", ending)
    if separator == "," or separator == ";":
        text = text.replace('"a,b;c"'.replace(",", separator), '"a,b;c"')
    done = take_in("sales", text)
    assert (done.read, done.accepted) == (2, 2)


@pytest.mark.any_database
def test_day_and_month(take_in: Import, tmp_path: Path, settings: Any) -> None:
    path = tmp_path / "f.csv"
    path.write_text("customer,date,amount\n1,01/02/2017,1\n1,03/02/2017,1\n")
    settings.GUANXI_COUNTRY = "TW"
    assert prepare("sales", path).date_format == "%d/%m/%Y"
    assert prepare("sales", path).date_ambiguous
    settings.GUANXI_COUNTRY = "US"
    assert prepare("sales", path).date_format == "%m/%d/%Y"
    path.write_text("customer,date,amount\n1,01/02/2017,1\n1,13/02/2017,1\n")
    found = prepare("sales", path)
    assert (found.date_format, found.date_ambiguous) == ("%d/%m/%Y", False)


def test_workbooks_and_parquet(take_in: Import, tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["客戶", "日期", "金額", "商品"])
    sheet.append([17, datetime(2017, 3, 1, 10, 30), 12.5, "茶葉"])  # noqa: DTZ001 workbooks know no zones
    sheet.append(["18", date(2017, 3, 2), "x", None])
    book.save(tmp_path / "f.xlsx")
    done = take_in("sales", tmp_path / "f.xlsx")
    assert (done.accepted, [row["row"] for row in rejected(done)]) == (1, ["3"])
    table = pa.table(
        {"customer": [1, 2, None], "date": [datetime(2017, 1, 1, 5, tzinfo=UTC)] * 3, "amount": [0.1 + 0.2, 1.0, 2.0]}
    )
    pq.write_table(table, tmp_path / "f.parquet")
    done = take_in("sales", tmp_path / "f.parquet", source="other")
    assert (done.accepted, done.rejected) == (2, 1)
    assert OrderLine.objects.get(order__key="day:2017-01-01:1").amount == Decimal("0.3")


def test_a_full_disk_and_a_home_that_cannot_be_written(take_in: Import, tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "f.csv"
    path.write_text(HEAD + GOOD)
    run = actions.begin_import(prepare("sales", path), by=SYSTEM)

    def full(*_args: Any, **_more: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(running.checking, "stage", full)
        with pytest.raises(Refused, match=r"disk is full.*goes on"):
            running.run(run.pk)
    run.refresh_from_db()
    assert run.state == "failed"
    assert not Party.objects.exists()
    shutil.rmtree(run.folder)
    (run.folder.parent).rmdir()
    run.folder.parent.write_text("a file where the folder should be")
    with pytest.raises(Refused):
        running.run(run.pk)
    run.folder.parent.unlink()
    assert running.run(run.pk).accepted == 1


CELL = st.text(alphabet=st.sampled_from('ab,"\n é茶'), max_size=6)


@settings(max_examples=300, deadline=None)
@given(
    text=st.lists(st.sampled_from(["a", ",", '"', "\n", "\r\n", "茶"]), max_size=60).map("".join),
    block=st.integers(1, 40),
)
@example(text='a""\r\n""a,茶"\r\n茶茶\r\n', block=8)  # a broken row of which only the beginning has been read
def test_rows_are_cut_the_same_however_the_file_is_read(text: str, block: int, tmp_path_factory: Any) -> None:
    path = tmp_path_factory.mktemp("cut") / "f.csv"
    path.write_bytes(("h,i\n" + text).encode())
    form = FileFormat("text", ["h", "i"])

    def read(size: int) -> tuple[list[Any], list[Any]]:
        records.BLOCK, before = size, records.BLOCK
        try:
            found = list(records.batches(path, form))
        finally:
            records.BLOCK = before
        rows = [tuple(row.values()) for batch in found for row in batch.rows.to_pylist()]
        return rows, [(b.row, b.reason) for batch in found for b in batch.broken]

    whole, small = read(1 << 20), read(block)
    assert sorted(map(str, small[0])) == sorted(map(str, whole[0]))
    assert sorted(small[1]) == sorted(whole[1])


@settings(max_examples=200, deadline=None)
@given(rows=st.lists(st.tuples(CELL, CELL), min_size=1, max_size=8))
def test_what_is_well_written_is_read_as_it_was_meant(rows: list[tuple[str, str]], tmp_path_factory: Any) -> None:
    import csv

    path = tmp_path_factory.mktemp("well") / "f.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerows([("h", "i"), *rows])
    form = probing.probe(path, separator=",")
    found = [(row["h"], row["i"]) for batch in records.batches(path, form) for row in batch.rows.to_pylist()]
    assert found == rows
