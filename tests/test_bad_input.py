"""Bad input as its user meets it, on the command line and over HTTP: one clear line, exit code 1, nothing lost.

What single rows and settings can have wrong is tried in the packages; here whole programs are.
"""

from __future__ import annotations

import csv
import http.client
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests import migrated
from tests.installation import Installation

pytestmark = pytest.mark.end_to_end

GOOD = "customer,date,order,amount\n王美玲,2017-03-01,A1,10.25\nMary,2017-03-02,A2,4.75\n"
PRECIOUS = (2, Decimal(15))  # the lines of GOOD and their sum


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation on SQLite with two precious lines of sales, which nothing here may touch."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "good.csv").write_text(GOOD, encoding="utf-8")
    place = Installation(
        folder / "home", "", booted=True, GUANXI_STATIC=str(Path(os.environ["GUANXI_TEST_ROOT"]) / "static")
    )
    migrated.copy_to(place.home / "guanxi.sqlite3")
    place.run("init")
    place.run("import", "sales", str(folder / "good.csv"))
    assert held(place) == PRECIOUS
    yield place
    place.close()


def held(place: Installation) -> tuple[int, Decimal]:
    """How many lines of sales there are, and their sum."""
    with closing(sqlite3.connect(place.home / "guanxi.sqlite3")) as database:
        count, total = database.execute("SELECT count(*), coalesce(sum(amount), 0) FROM orders_orderline").fetchone()
    return count, Decimal(total) / 10_000


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """What a command said that failed as it should; before its one line stands at most what it had found out."""
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    assert "Traceback" not in said
    assert "Unexpected" not in said
    lines = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert len(lines) == 1, said
    assert done.stderr.splitlines()[-1] == lines[0], said
    return lines[0]


def counts(done: subprocess.CompletedProcess[str]) -> tuple[int, int, int]:
    """Rows read, accepted and rejected, as the command told them."""
    found = re.search(r"([\d,]+) rows read, ([\d,]+) accepted, ([\d,]+) rejected", done.stdout)
    assert found, done.stdout + done.stderr
    read, accepted, rejected = (int(number.replace(",", "")) for number in found.groups())
    return read, accepted, rejected


# Files ------------------------------------------------------------------------------------------------------------


def _parquet(path: Path, break_at: slice) -> None:
    rows = 5_000
    days = [f"2017-{n % 12 + 1:02d}-{n % 28 + 1:02d}" for n in range(rows)]
    pq.write_table(pa.table({"customer": [f"客{n}" for n in range(rows)], "date": days, "amount": range(rows)}), path)
    content = bytearray(path.read_bytes())
    content[break_at] = b"" if break_at.stop is None else b"\0" * (break_at.stop - break_at.start)
    path.write_bytes(content)


def _workbook(path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    for row in (("customer", "date", "amount"), ("王", "2017-01-01", 5)):
        book.active.append(row)
    book.save(path)
    path.write_bytes(path.read_bytes()[:-300])


BAD_FILES = {
    "empty.csv": ("", "empty.csv is empty"),
    "header.csv": ("customer,date,amount\n", "no rows"),
    "missing.csv": ("customer,date,turnover of the till\n1,2017-01-01,5\n", "No column for: amount.*--map amount="),
    "words.xlsx": ("只是一封信，不是試算表。", "No column for: customer, date, amount"),
    "picture.csv": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "no table that can be read"),
    "cut.parquet": (lambda path: _parquet(path, slice(9_000, None)), "cut.parquet is damaged"),
    "torn.parquet": (lambda path: _parquet(path, slice(500, 1_500)), "torn.parquet is damaged"),
    "cut.xlsx": (_workbook, "cut.xlsx cannot be read"),
    "folder.csv": (Path.mkdir, "folder.csv.*directory"),
    "nowhere.csv": (lambda path: None, "nowhere.csv.*No such file"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_file_that_is_none(shop: Installation, tmp_path: Path, name: str) -> None:
    content, says = BAD_FILES[name]
    path = tmp_path / name
    if callable(content):
        content(path)
    else:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    line = refused(shop.run("import", "sales", str(path), check=False))
    assert re.search(says, line), line
    assert held(shop) == PRECIOUS


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--map", "turnover=amount"], "“turnover” is no field.*amount, order"),
        (["--map", "amount=Betrag"], "no column “Betrag”.*customer, date, order, amount"),
        (["--encoding", "klingon"], "“klingon” is not known.*utf-8"),
        (["--currency", "dollars"], "dollars"),
        (["--channel", "pigeon"], "“pigeon” is not known.*till"),
        (["--source", "the till"], "short word"),
    ],
)
def test_an_option_that_means_nothing(shop: Installation, tmp_path: Path, options: list[str], says: str) -> None:
    path = tmp_path / "more.csv"
    path.write_text(GOOD.replace(",A", ",B"), encoding="utf-8")
    line = refused(shop.run("import", "sales", str(path), *options, check=False))
    assert re.search(says, line), line
    assert held(shop) == PRECIOUS


def test_one_file_with_everything_wrong(installation: Installation, tmp_path: Path) -> None:
    """Good rows among the worst: each is taken or told, the sums are exact, and the same file again changes nothing."""
    head = "customer,date,order,line,product,amount,note\n"
    good = [
        ("王美玲,2017-01-05,G1,1,茶,-12.50,a refund", Decimal("-12.50")),
        ("Mary,2017-01-06,G2,1,Tea,95000000000,a huge amount", Decimal(95_000_000_000)),
        ("陳志明,2017-01-07,G3,1,茶,0.0001,the smallest", Decimal("0.0001")),
        (f"林雅婷,2017-01-08,G4,1,茶,7,{'長' * 3_500_000}", Decimal(7)),  # 10 MB in one cell
        ("王美玲,2017-01-05,G1,2,茶,1.25,a second line", Decimal("1.25")),
    ]
    bad = [
        (",2017-01-05,B1,1,茶,1,nobody", "customer"),
        ("王,2017-02-30,B2,1,茶,1,no such day", "date"),
        ("王,0001-01-01,B3,1,茶,1,too long ago", "date"),
        ("王,2999-01-01,B4,1,茶,1,not yet", "date"),
        ("王,2017-01-01,B5,1,茶,900000000000,too much", "amount"),
        ("王,2017-01-01,B6,1,茶,99999999999999999999999999999,far too much", "amount"),
        ("王,2017-01-01,B7,1,茶,NaN,no amount", "amount"),
        ("王,2017-01-01,B8,1,茶,1e400,no amount", "amount"),
        ("王美玲,2017-01-05,G1,1,茶,99,the same line told otherwise", "line"),
        (f"{'9' * 10_000_000},2017-01-01,B9,1,茶,1,10 MB for a number", "customer"),
        ("王,2017-01-01,B10,1,茶", ""),
        ('"王,2017-01-01,B11,1,茶,1,never closed', ""),
        ("李大明,2017-01-01,B12,1,茶,1,in another encoding".encode("big5"), ""),
    ]
    rows = [text.encode() if isinstance(text, str) else text for text, _ in (*good, *bad)]
    path = tmp_path / "wild.csv"
    path.write_bytes(head.encode() + b"\n".join(rows) + b"\n")

    installation.run("init")
    done = installation.run("import", "sales", str(path))
    assert counts(done) == (len(good) + len(bad), len(good), len(bad))
    csv.field_size_limit(1 << 28)
    told = Path(re.search(r"reasons: (.*)", done.stdout)[1])  # type: ignore[index]
    with told.open(encoding="utf-8-sig", newline="") as file:
        rejected = list(csv.DictReader(file))
    assert sorted((int(row["row"]), row["column"]) for row in rejected) == [
        (number, column) for number, (_, column) in enumerate(bad, start=2 + len(good))
    ]
    assert all(row["reason"] for row in rejected)
    again = installation.run("import", "sales", str(path))
    assert f"0 new, 0 changed, {len(good)} unchanged" in again.stdout

    program = (
        "from guanxi.project.cli import boot; boot(); from django.db.models import Sum; "
        "from guanxi.orders.models import Order, OrderLine as Line; "
        "print(Line.objects.aggregate(sum=Sum('amount'))['sum'], Line.objects.count(), Order.objects.count())"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], env=installation.environment, capture_output=True, text=True, check=True
    ).stdout.split()
    assert (Decimal(said[0]), *said[1:]) == (sum(amount for _, amount in good), str(len(good)), "4")


def test_customers_that_are_none_or_told_twice(shop: Installation, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(
        "customer,name,mail,phone\n"
        "K1,王美玲,mei@example.com,0912345678\n"
        "K1,王美玲,mei@example.com,0912345678\n"  # the same again
        "K1,王美玲,mei@example.org,\n"  # and again, with another mail
        ",林雅婷,,\n"  # no number: a name will do
        ",,,\n"  # nobody
        "K2,陳志明,not a mail,\n"
        f"K3,{'名' * 3_500_000},,\n",
        encoding="utf-8",
    )
    done = shop.run("import", "parties", str(path))
    read, accepted, rejected = counts(done)
    assert (read, accepted + rejected) == (7, 7)
    assert rejected == 3
    with closing(sqlite3.connect(shop.home / "guanxi.sqlite3")) as database:
        names = [row[0] for row in database.execute("SELECT name FROM customers_party WHERE name LIKE '%美玲'")]
        mails = database.execute("SELECT count(*) FROM customers_contactpoint WHERE kind = 'mail'").fetchone()[0]
    assert len(names) == 2, "the one of the precious sales, and K1 once"
    assert mails == 2
    assert held(shop) == PRECIOUS


# Machines ---------------------------------------------------------------------------------------------------------


@contextmanager
def mounted(folder: Path, *command: str) -> Iterator[None]:
    """Mount something on `folder`; skips where this user may not."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount the file system that this test needs")
    done = subprocess.run(["mount", *command, str(folder)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"this machine does not let root mount: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let nobody write into `folder`: by its rights, or for root, whom they do not bind, by a read-only mount."""
    if os.geteuid() != 0:
        folder.chmod(0o555)
        try:
            yield
        finally:
            folder.chmod(0o755)
        return
    with mounted(folder, "--bind", str(folder)):
        subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True)
        yield


def test_a_home_that_cannot_be_written(shop: Installation, tmp_path: Path) -> None:
    path = tmp_path / "more.csv"
    path.write_text(GOOD.replace(",A", ",C"), encoding="utf-8")
    with read_only(shop.home):
        for command in (["import", "sales", str(path)], ["serve"], ["refresh"]):
            line = refused(shop.run(*command, check=False))
            assert str(shop.home) in line
            assert "GUANXI_HOME" in line
    assert held(shop) == PRECIOUS


def test_a_full_disk(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    lines = "".join(
        f"客{n // 2 % 3_000},2017-{n // 2 % 12 + 1:02d}-11,A{n // 2},{n % 2 + 1},{n % 900}\n" for n in range(40_000)
    )
    path = tmp_path / "many.csv"
    path.write_text("customer,date,order,line,amount\n" + lines, encoding="utf-8")
    place = Installation(home, "", booted=True, GUANXI_STATIC=str(Path(os.environ["GUANXI_TEST_ROOT"]) / "static"))
    with mounted(home, "-t", "tmpfs", "-o", "size=96m", "tmpfs"):
        migrated.copy_to(home / "guanxi.sqlite3")
        place.run("init")
        filler, free = home / "filler", shutil.disk_usage(home).free
        for left in (200_000, 6_000_000):  # there is no room to check the file; none to write it
            filler.write_bytes(b"\0" * (free - left))
            line = refused(place.run("import", "sales", str(path), check=False))
            assert "disk is full" in line or "not enough room" in line, line
            filler.unlink()
        assert counts(place.run("import", "sales", str(path))) == (40_000, 40_000, 0)
        assert held(place) == (40_000, Decimal(sum(n % 900 for n in range(40_000))))
        assert "unchanged" in place.run("import", "sales", str(path)).stdout
        assert held(place)[0] == 40_000
        filler.write_bytes(b"\0" * (shutil.disk_usage(home).free - 200_000))
        assert "disk is full" in refused(place.run("refresh", check=False))
        filler.unlink()
        assert "up to date" in place.run("refresh").stdout


@pytest.mark.parametrize("command", ["import", "refresh", "serve", "demo", "token"])
def test_a_database_that_is_not_there(shop: Installation, tmp_path: Path, command: str) -> None:
    path = tmp_path / "good.csv"
    path.write_text(GOOD, encoding="utf-8")
    place = Installation(tmp_path / "home", "postgres://guanxi:verysecret@127.0.0.1:1/guanxi")
    arguments = {"import": ["sales", str(path)], "token": ["admin"]}.get(command, [])
    line = refused(place.run(command, *arguments, check=False))
    assert "GUANXI_DATABASE_URL" in line
    assert "verysecret" not in line


# Programs ---------------------------------------------------------------------------------------------------------


@pytest.mark.any_database
def test_what_programs_send_wrong(installation: Installation) -> None:
    installation.run("init")
    installation.run("user", "meihua", "--admin")
    token = installation.run("token", "meihua").stdout.split()[-1]
    installation.serve()

    def ask(path: str, body: bytes | None, token: str) -> tuple[int, dict[str, object]]:
        connection = http.client.HTTPConnection("127.0.0.1", installation.port, timeout=60)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        with suppress(BrokenPipeError):  # who sends too much is answered before all is read
            connection.request("GET" if body is None else "POST", f"/api/v1/{path}", body, headers)
        answer = connection.getresponse()
        told = json.load(answer)
        if answer.status >= 400:
            assert answer.headers["Content-Type"].startswith("application/problem+json"), told
            assert told["status"] == answer.status
            assert told["title"]
        return answer.status, told

    assert ask("parties", None, token)[0] == 200
    assert ask("parties", None, token[:-1] + "?")[0] == 401
    assert ask("parties", b'{"name": "x"}', "gx_wrong")[0] == 401
    assert ask("parties", b'{"name": "' + b"x" * 17_000_000 + b'"}', token)[0] == 413
    assert ask("parties", b'{"name": ', token)[0] in (400, 422)
    assert ask("parties", b"\xff\xfe\x00", token)[0] in (400, 422)
    assert ask("parties", b'{"name": ""}', token)[0] == 422
    assert ask("query", b'{"measures": ["profit of the year"]}', token)[0] == 422
    assert ask("nothing", None, token)[0] == 404
    assert ask("parties", None, token)[1]["items"] == []
