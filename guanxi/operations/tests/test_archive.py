"""The file of a backup: whole or told to be damaged, under its name or not there at all."""

from __future__ import annotations

import io
import os
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.foundation.actions import Refused
from guanxi.operations.backup import archive, keeping, keys

PUBLIC, SECRET = keys.make_pair()


def write(path: Path, key: str = "") -> None:
    with archive.writing(path, key) as writer:
        writer.add(archive.ABOUT, b'{"version": "1"}')
        writer.add_pieces("database/rows", (os.urandom(50_000) for _ in range(20)))
        writer.add_stream("files/name with space.txt", io.BytesIO(b"hello"), 5)
        writer.manifest.told = {"rows": {"x": 1}}


@pytest.mark.parametrize("key", ["", PUBLIC], ids=["plain", "encrypted"])
def test_every_change_and_every_cut_is_told(tmp_path: Path, key: str) -> None:
    file = tmp_path / "backup"
    write(file, key)
    opener = SECRET if key else ""
    assert [part.name for part in archive.verify(file, opener).parts] == [
        "about.json", "database/rows.000001", "files/name with space.txt",
    ]  # fmt: skip
    content = file.read_bytes()
    size = len(content)
    for number in range(40):
        place = 30 + (size - 31) * number // 39
        file.write_bytes(content[:place])
        with pytest.raises(Refused):
            archive.verify(file, opener)
        file.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(Refused):
            archive.verify(file, opener)


def test_the_wrong_key_or_none_is_told(tmp_path: Path) -> None:
    file = tmp_path / "backup"
    write(file, PUBLIC)
    with pytest.raises(Refused, match="made with another"):
        archive.verify(file, keys.make_pair()[1])
    with pytest.raises(Refused, match="--key-file"):
        archive.verify(file)
    with pytest.raises(Refused, match="no secret key"):
        archive.verify(file, PUBLIC)
    with pytest.raises(Refused, match="no age key"):
        write(tmp_path / "never", "password")
    file.write_bytes(b"PK\3\4")
    with pytest.raises(Refused, match="no backup"):
        archive.verify(file)


@pytest.mark.parametrize("key", ["", PUBLIC], ids=["plain", "encrypted"])
def test_what_goes_wrong_leaves_nothing_under_the_name(
    tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "backup"
    monkeypatch.setattr(archive.Manifest, "as_json", lambda _self: 1 / 0)  # at the very end
    with pytest.raises(ZeroDivisionError):
        write(file, key)
    assert list(tmp_path.iterdir()) == []


def write_to(disk: BinaryIO, key: str) -> None:
    with archive._encrypting(disk, key) if key else nullcontext(disk) as sink:
        writer = archive.Writer(sink)
        try:
            writer.add("rows", os.urandom(3_000_000))
        finally:
            writer.leave()


@pytest.mark.parametrize("key", ["", PUBLIC], ids=["plain", "encrypted"])
def test_a_full_disk_is_told(key: str) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with full.open("wb", buffering=0) as disk, pytest.raises(OSError, match="No space left"):
        write_to(disk, key)


def test_an_age_program_can_open_it(tmp_path: Path) -> None:
    """Each of the three shells is what it is called: age, Zstandard, tar."""
    import tarfile

    import pyarrow as pa
    import pyrage

    file = tmp_path / "backup"
    write(file, PUBLIC)
    plain = pyrage.decrypt(file.read_bytes(), [pyrage.x25519.Identity.from_str(SECRET)])
    with tarfile.open(fileobj=io.BytesIO(pa.input_stream(io.BytesIO(plain), compression="zstd").read())) as tar:
        assert tar.getnames()[0] == "about.json" and tar.getnames()[-1] == "manifest.json"


days = st.lists(st.integers(0, 800), unique=True, max_size=120).map(
    lambda numbers: [datetime(2026, 11, 30, 1, 30, tzinfo=UTC) - timedelta(days=number) for number in numbers]
)


@given(days, st.integers(0, 10), st.integers(0, 10), st.integers(0, 10))
def test_of_days_weeks_and_months_the_newest_stay(
    moments: list[datetime], of_days: int, of_weeks: int, of_months: int
) -> None:
    stays = keeping.kept(moments, of_days, of_weeks, of_months)
    assert stays <= set(moments)
    assert max(moments) in stays if moments else not stays
    assert set(sorted(moments)[len(moments) - of_days :] if of_days else []) <= stays
    assert len(stays) <= 1 + of_days + of_weeks + of_months
    # Thinning out day after day keeps what thinning out at once does: a later backup never brings an old one back.
    assert keeping.kept(sorted(stays), of_days, of_weeks, of_months) == stays
