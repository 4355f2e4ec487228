"""Everything out in open formats, and into an empty system again: equal, on both databases and between them."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from django.core.files.base import ContentFile
from django.db import connection

from guanxi.customers import actions as customers
from guanxi.foundation.actions import Refused
from guanxi.foundation.attachments import actions as attachments
from guanxi.foundation.everything import bringing_in, tables, taking_out
from guanxi.foundation.models import User
from guanxi.ledger import reading
from guanxi.ledger.actions import record
from guanxi.ledger.webhooks import actions as webhooks
from guanxi.orders import actions as orders
from guanxi.orders.actions import Line
from tests import migrated
from tests.installation import Installation

# What is of one database: its own transactions, and places that are marks of them.
OF_ONE_DATABASE = {"transaction", "mark", "moved_at", "proof"}


@pytest.fixture
def lively(transactional_db: None, home: Path, staff: User) -> dict[str, Any]:
    """A system with something of most kinds in it, and one reader that has not read all."""
    party = customers.create_party(
        by=staff, name='王美玲 "Mei"\n', mail="mei@example.com", profile={"age": "45-54"}, gender="female"
    )
    customers.give_consent(party, "marketing", "mail", by=staff)
    orders.create_order(party, [Line(description="茶, 綠", amount=Decimal("12.3456"))], by=staff)
    attachments.attach(party, "notes.txt", ContentFile("茶".encode()), by=staff)
    webhook = webhooks.create_webhook("Shop", "https://example.com/hook", by=staff)
    record("call", by=staff, party=party, payload={"text": "后來 \\ 'x'", "n": 1.5, "none": None})
    return {"party": party.pk, "reader": webhook.reader, "secret": webhook.secret}


def told(folder: Path) -> dict[str, list[Any]]:
    """What an export holds, by table; without what is of one database only."""
    manifest = json.loads((folder / "manifest.json").read_text())
    found = {}
    for name, said in manifest["tables"].items():
        columns = [column for column in said["columns"] if column not in OF_ONE_DATABASE]
        names = ", ".join(f'"{column}"' for column in columns)
        rows = duckdb.sql(f"SELECT {names} FROM '{folder}/tables/{name}.parquet'").fetchall()
        assert len(rows) == said["rows"]
        json_columns = {f.column for t in tables.all_tables() if t.name == name for f in t.fields if is_json(f)}
        found[name] = sorted(
            ([as_json(cell) if column in json_columns else cell for column, cell in zip(columns, row, strict=True)]
             for row in rows), key=repr
        )  # fmt: skip
    return found


def is_json(field: Any) -> bool:
    return str(field.get_internal_type()) == "JSONField"


def as_json(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def taken_out(folder: Path) -> Path:
    taking_out.take_out(folder, readers=reading.first_unread())
    return folder


def test_out_and_in_again(lively: dict[str, Any], installation: Installation, tmp_path: Path, staff: User) -> None:
    first = taken_out(tmp_path / "first")
    installation.run("init")
    said = installation.run("import-all", str(first)).stdout
    assert "are here now" in said
    installation.run("export", str(tmp_path / "again"))
    here, there = told(first), told(tmp_path / "again")
    assert here["customers_party"] and here["ledger_event"] and here["foundation_auditentry"]
    assert {name: rows for name, rows in here.items() if there[name] != rows} == {}
    assert lively["secret"] not in repr(here["webhooks_webhook"]) and "gAAAA" not in repr(here["webhooks_webhook"])
    readers = json.loads((tmp_path / "again" / "manifest.json").read_text())["readers"]
    assert readers[lively["reader"]] == json.loads((first / "manifest.json").read_text())["readers"][lively["reader"]]
    refused = installation.run("import-all", str(first), check=False)
    assert refused.returncode == 1 and "not empty" in refused.stderr


def test_from_sqlite_to_postgresql(installation: Installation, tmp_path: Path) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL to go to")
    small = Installation(tmp_path / "small", "", booted=True, GUANXI_STATIC=os.environ["GUANXI_TEST_ROOT"] + "/static")
    try:
        migrated.copy_to(small.home / "guanxi.sqlite3")
        small.run("init")
        rows = "number,name,mail\n1,王美玲,mei@example.com\n2,Ana,ana@example.com\n"
        (tmp_path / "people.csv").write_text(rows)
        small.run("import", "parties", str(tmp_path / "people.csv"))
        small.run("export", str(tmp_path / "sqlite"))
    finally:
        small.close()
    installation.run("init")
    installation.run("import-all", str(tmp_path / "sqlite"))
    installation.run("export", str(tmp_path / "postgresql"))
    here, there = told(tmp_path / "sqlite"), told(tmp_path / "postgresql")
    assert len(here["customers_party"]) == 2
    assert {name: rows for name, rows in here.items() if there[name] != rows} == {}


@pytest.fixture
def exported(lively: dict[str, Any], tmp_path: Path) -> Path:
    return taken_out(tmp_path / "out")


def test_what_is_not_whole_or_was_changed_is_refused(exported: Path, tmp_path: Path) -> None:
    path = exported / "tables" / "customers_party.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(Refused, match="customers_party"):
        bringing_in.bring_in(exported)
    (exported / "manifest.json").unlink()
    with pytest.raises(Refused, match="no whole export"):
        bringing_in.bring_in(exported)


def test_another_version_is_refused(exported: Path) -> None:
    manifest = json.loads((exported / "manifest.json").read_text())
    manifest["migrations"]["customers"].append("9999_later")
    (exported / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(Refused, match="another version"):
        bringing_in.bring_in(exported)


def test_nothing_is_overwritten(exported: Path) -> None:
    with pytest.raises(Refused, match="not empty"):
        taking_out.take_out(exported)
    with pytest.raises(Refused, match="not empty"):
        bringing_in.bring_in(exported)
