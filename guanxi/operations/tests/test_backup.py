"""Backups as real processes: what comes back is what was there, and nothing else is ever left behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from guanxi.operations.tests.whole import differences, whole
from tests.installation import Installation
from tests.test_kills import write_sales

pytestmark = pytest.mark.end_to_end

# A customer with a file, another who is erased afterwards; standings, which the lake alone holds the history of.
FILL = """
import io
from guanxi.project.cli import boot
boot()
from guanxi.customers.models import Party
from guanxi.foundation.attachments.actions import attach
from guanxi.foundation.visibility import SYSTEM
from guanxi.foundation import search
first = Party.objects.order_by("id").first()
attach(first, "notes.txt", io.BytesIO("關係".encode()), by=SYSTEM)
search.catch_up()
"""
# Several commands in one process: starting one is what takes long.
SEVERAL = """
import json, sys
from guanxi.project.cli import cli
for words in json.loads(sys.argv[-1]):
    cli.main(words, standalone_mode=False)
"""
BOOT = "from guanxi.project.cli import boot, main; boot(); import guanxi.operations.backup.restoring as r, os;"
ERASE = """
from guanxi.project.cli import boot
boot()
from guanxi.customers.models import Party
from guanxi.customers.rights import erasing
from guanxi.foundation.visibility import SYSTEM
print(erasing.erase(Party.objects.get(pk=Party.objects.order_by("id").first().pk), by=SYSTEM).parties[0])
"""
FIND = """
import sys
from guanxi.project.cli import boot
boot()
from guanxi.customers.models import Party
from guanxi.lake import tables
lake = tables.table("party")
number = int(sys.argv[-1])
lines = tables.table("sales_line").count().to_pyarrow()
print(Party.objects.filter(pk=number).count(), lake.filter(lake.party_id == number).count().to_pyarrow(), lines)
"""


def program(place: Installation, text: str, *arguments: str) -> str:
    """Run a little program in the installation; what it prints."""
    process = place.fork(text, *arguments)
    assert process.wait() == 0, process.erred.read_text()[-4000:]
    return str(process.said.read_text()).strip()


LEFT = """
from guanxi.project.cli import boot
boot()
from django.db import connection
with connection.cursor() as cursor:
    staged = "SELECT count(*) FROM pg_namespace WHERE nspname = 'guanxi_restoring'"
    cursor.execute(staged if connection.vendor == "postgresql" else "SELECT 0")
    print(cursor.fetchone()[0])
"""


@pytest.fixture
def filled(installation: Installation, tmp_path: Path) -> Installation:
    file = write_sales(tmp_path / "sales.csv", count=400)
    program(
        installation,
        SEVERAL + FILL,
        json.dumps([["init"], ["user", "anna", "--admin"], ["import", "sales", str(file), "--source", "shop"]]),
    )
    installation.run("refresh")
    return installation


def key_of(place: Installation, folder: Path) -> tuple[str, Path]:
    """A new pair: the public key, and the file of the secret one."""
    file = folder / "backup.key"
    said = place.run("backup", "--new-key").stdout
    file.write_text(said)
    return said.splitlines()[0].rpartition(" ")[2], file


def test_what_comes_back_is_what_was_there(
    filled: Installation, other_installation: Installation, tmp_path: Path
) -> None:
    """Row for row, file for file, figure for figure; encrypted, into an empty home, and it works on; then over it."""
    public, secret = key_of(filled, tmp_path)
    file = tmp_path / "whole.age"
    before = whole(filled)
    filled.run("backup", str(file), "--key", public)
    assert file.read_bytes().startswith(b"age-encryption.org/v1")

    other = other_installation
    open_it = ("--key-file", str(secret))
    tampered = bytearray(file.read_bytes())
    tampered[-2_000] ^= 1
    (tmp_path / "tampered.age").write_bytes(tampered)
    refused = other.run("restore", str(tmp_path / "tampered.age"), *open_it, check=False)
    assert refused.returncode == 1 and "The backup is damaged" in refused.stderr
    assert program(other, LEFT) == "0" and not list(other.home.glob("*restoring*")), "nothing is left of the try"
    said = other.run("restore", str(file), *open_it).stdout
    assert "Restored the backup" in said and "secret key is another" not in said  # it came along
    assert differences(whole(other), before) == []
    assert (other.home / "secret-key").read_text() == "only-for-tests"

    # It is carried on as if nothing had been: numbers go on, the lake follows.
    more = write_sales(tmp_path / "more.csv", first=4_000, count=80)
    commands = [["import", "sales", str(more), "--source", "shop"], ["refresh"], ["init"], ["check"]]
    said = program(other, SEVERAL, json.dumps(commands))
    assert "sales_line: 80 rows\n" in said, said  # and was not loaded anew
    assert "FAIL" not in said and "ok    audit log" in said

    # Over data, only when told so; whoever was erased meanwhile stays erased.
    number = program(other, ERASE)
    refused = other.run("restore", str(file), *open_it, check=False)
    assert refused.returncode == 1 and "--replace" in refused.stderr
    killed = other.fork(
        f"{BOOT} r._merge_erasures = lambda *_: os._exit(9); main()", "restore", str(file), *open_it, "--replace"
    )
    assert killed.wait() == 9  # it had not begun to take the place
    assert program(other, FIND, str(int(number) + 1)) == "1 1 480"
    killed = other.fork(f"{BOOT} r._move = lambda *_: os._exit(9); main()", "restore", str(file), *open_it, "--replace")
    assert killed.wait() == 9
    assert "guanxi restore --finish" in other.run("worker", check=False).stderr
    said = other.run("restore", "--finish").stdout
    assert "Erased again: 1" in said and "is kept" in said
    assert program(other, FIND, number) == "0 0 400"
    assert program(other, FIND, str(int(number) + 1)) == "1 1 400"
    assert list(other.home.glob("files.before-*"))
