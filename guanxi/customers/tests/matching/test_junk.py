"""Values that say nothing are told from those that do, one by one and in columns alike."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from guanxi.customers import junk

pytestmark = pytest.mark.any_database

BAD = {
    "mail": ["info@acme.tw", "NoReply@acme.tw", "no-reply@acme.tw", "a@example.com", "none", "test@gmail.com", "@x.tw"],
    "telephone": ["0000000000", "12345", "+886 900 000 000", "1234567890", "09-1111-1111", ""],
    "full_name": ["test", "N/A", "不詳", "無", "???", "Guest", "匿名", "xxxx", "12345"],
    "date_of_birth": ["1900-01-01", "1970-01-01", "0000-00-00", "unknown", "1900/01/01 00:00"],
    "national_id": ["000000000", "123456789", "n/a", "12", "A-1"],
}  # fmt: skip
GOOD = {
    "mail": ["mei.ling@hinet.net", "information@acme.tw", "x1@acme.tw"],
    "telephone": ["+886912345678", "02 2345 6789", "0912000123"],
    "full_name": ["王小明", "Guy Test-Miller", "無名", "Li"],
    "date_of_birth": ["1980-03-04", "1970-01-02", "2000-10-01"],
    "national_id": ["A123456780", "6988048"],
}


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, values in BAD.items() for value in values])
def test_junk_is_junk(field: str, value: str) -> None:
    assert junk.RULES[field](value)
    assert junk.without(field, pa.array([value])).to_pylist() == [None]


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, values in GOOD.items() for value in values])
def test_what_says_something_stays(field: str, value: str) -> None:
    assert not junk.RULES[field](value)
    assert junk.without(field, pa.array([value])).to_pylist() == [value]


@given(
    st.sampled_from(sorted(BAD)),
    st.lists(st.one_of(st.none(), st.text("0129 -@.aexn_無試王+①ｎ", max_size=13)), max_size=30),
)
@example("date_of_birth", ["0x-e++.ea-e9", "2222 ", "19 000101"])
@example("mail", ["n.a@x.tw", "____@x.tw", "ｎａ@x.tw"])
@example("full_name", ["無無無無", "①②", "〇〇"])
def test_columns_as_values(field: str, values: list[str | None]) -> None:
    expected = [None if value is None or junk.RULES[field](value) else value for value in values]
    column = pa.array(values + ["Wang Mei-Ling"] * junk.FEW, pa.string())  # too many to be looked at one by one
    assert junk.without(field, column).to_pylist()[: len(values)] == expected


def test_one_s_own_junk_is_added() -> None:
    values = pa.array(["王小明", "Kasse 1"])
    assert junk.without("full_name", values, more=["KASSE 1"]).to_pylist() == ["王小明", None]
