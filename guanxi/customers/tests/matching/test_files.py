"""`guanxi match` and the columns it reads; what it says to bad input."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
from click.testing import CliRunner, Result

from guanxi.customers.matching import CannotMatch, match
from guanxi.customers.matching.columns import recognise, standard
from guanxi.customers.matching.commands import match_

pytestmark = pytest.mark.any_database

PEOPLE = (
    "編號,姓名,生日,電話\na1,王小明,1980-03-04,0912345678\n"
    "a2,Wang Xiaoming,1980-03-04,+886912345678\na3,陳美玲,1975-01-02,\n"
)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(match_, [str(argument) for argument in arguments])


def test_a_file_becomes_clusters(tmp_path: Path) -> None:
    source, target = tmp_path / "people.csv", tmp_path / "found.csv"
    source.write_text("\ufeff" + PEOPLE, encoding="utf-8")
    done = run(source, "--out", target)
    assert done.exit_code == 0, done.output
    rows = list(csv.DictReader(target.open(encoding="utf-8")))
    assert [row["id"] for row in rows] == ["a1", "a2", "a3"]
    assert [row["cluster"] for row in rows] == ["a1", "a1", "a3"]
    assert float(rows[0]["probability"]) > 0.9 and rows[2]["probability"] == ""


def test_parquet_in_and_out_rows_numbered_and_columns_named(tmp_path: Path) -> None:
    source, target = tmp_path / "people.parquet", tmp_path / "found.parquet"
    pa.parquet.write_table(
        pa.table({"Kunde": ["Anna Schmidt", "Anna Schmidt", "Bob Miller"], "Geb": ["1980-03-04", "4.3.1980", None]}),
        source,
    )
    done = run(source, "--out", target, "--map", "Kunde=full_name", "--map", "Geb=date_of_birth")
    assert done.exit_code == 0, done.output
    found = pa.parquet.read_table(target)
    assert found.column_names == ["id", "cluster", "probability"]
    assert found["cluster"].to_pylist() == [1, 1, 3]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"name,dob\n", "holds no records"),
        ("a.csv", b"PK\x03\x04rest", "XLSX"),
        ("a.csv", b"PAR1....", "Parquet"),
        ("a.csv", b"name\nM\xfcller\n", "line 2 has the byte 0xfc"),
        ("a.csv", b"name\nM\0\n", "bytes that no text has"),
        ("a.csv", b"foo,bar\n1,2\n", "None of the columns is known: foo, bar"),
        ("a.csv", b"name,dob\na,b\nc\n", "no table of 2 columns"),
        ("a.csv", b"id,name\n7,a\n7,b\n", "The id 7 stands at 2 records"),
        ("a.csv", b"id,name\n7,a\n,b\n", "Record 2 has no id"),
        ("a.csv", b"name,name\na,b\n", "Two columns are called"),
        ("a.csv", b"name\n???\n-\n", "Nothing can be compared"),
        ("a.csv", b",".join(b"c%d" % n for n in range(10_000)) + b"\n1\n", "10000 columns"),
        ("a.parquet", b"name\na\n", "no Parquet file"),
        ("a.xlsx", b"PK", "must end in"),
    ],
)
def test_bad_files_are_told(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    done = run(tmp_path / name, "--out", tmp_path / "out.csv")
    assert done.exit_code == 1
    assert said in done.output
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("maps", "said"),
    [
        (["x"], "THEIRS=OURS"),
        (["nix=mail"], "no column"),
        (["name=size"], "is no field"),
        (["name=mail", "b=mail"], "choose one"),
    ],
)
def test_bad_mappings_are_told(tmp_path: Path, maps: list[str], said: str) -> None:
    (tmp_path / "a.csv").write_text("name,b\nx,y\n")
    done = run(tmp_path / "a.csv", "--out", tmp_path / "o.csv", *(part for text in maps for part in ("--map", text)))
    assert done.exit_code != 0
    assert said in done.output


def test_columns_are_known_by_many_names() -> None:
    given = "rec_id,Given Name,Surname,address_1,Address 2,suburb,postcode,state,DOB,soc_sec_id,E-Mail"
    found = recognise([*given.split(","), "手机", "職稱", "公司名稱", "Birth_Place"])
    assert found["id"] == "rec_id" and found["family_name"] == "Surname" and found["national_id"] == "soc_sec_id"
    assert found["telephone"] == "手机" and found["occupation"] == "職稱" and found["company"] == "公司名稱"
    assert found["region"] == "state" and found["city"] == "suburb" and found["date_of_birth"] == "DOB"


def test_columns_of_other_types_are_read() -> None:
    table = pa.table({"name": ["a b", "a b"], "dob": pa.array([0, 1], pa.date32()), "zip": [10115, 10115]})
    assert standard(table)["date_of_birth"].to_pylist() == ["1970-01-01", "1970-01-02"]
    with pytest.raises(CannotMatch, match="which is no text"):
        match(pa.table({"name": [["a"], ["b"]]}))
