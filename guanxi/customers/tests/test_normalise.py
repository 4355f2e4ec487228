from __future__ import annotations

import string

import phonenumbers
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from guanxi.customers import normalise
from guanxi.foundation.actions import Refused

REGIONS = ["TW", "CN", "DE", "US", "GB", "HK", "SG", "JP", "FR", "IT", "RU", "BR", "AU", "AR", "MX", "KR", "HU", "VA"]


@pytest.mark.parametrize(
    ("value", "country", "key"),
    [
        ("030/12 34-56", "DE", "+4930123456"),
        ("+49 (0)30 1234567", "TW", "+49301234567"),
        ("0086-10-12345678", "DE", "+861012345678"),
        ("0086-10-12345678", "TW", "+861012345678"),
        ("0086-10-12345678", "US", "+861012345678"),
        ("002-49-30-1234567", "TW", "+49301234567"),
        ("０９１２－３４５－６７８", "TW", "+886912345678"),
        ("(02) 2345-6789 分機 12", "TW", "+886223456789"),
        ("02 2345 6789 #305", "TW", "+886223456789"),
        ("138 0013 8000", "CN", "+8613800138000"),
        ("010-6552 9988", "CN", "+861065529988"),
        ("212-555-0100 x12", "US", "+12125550100"),
        ("tel:+1-212-555-0100", "TW", "+12125550100"),
        ("\u202a+886 912 345 678\u202c", "DE", "+886912345678"),
        ("+39 06 1234567", "US", "+39061234567"),
    ],
)
def test_phone(value: str, country: str, key: str) -> None:
    assert normalise.phone(value, country) == key


@pytest.mark.parametrize(
    ("value", "country", "reason"),
    [
        ("", "TW", "no digits"),
        ("王美玲", "TW", "no digits"),
        ("1", "DE", "too few digits"),
        ("5551234", "US", "area code"),
        ("+999 123 4567", "US", "country code"),
        ("1234567890123456789012", "US", "too many digits"),
        ("030 1234567 / 0171 1234567", "DE", "too many digits"),
    ],
)
def test_phone_says_what_is_wrong(value: str, country: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        normalise.phone(value, country)


@given(st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)), st.sampled_from(REGIONS), st.booleans())
def test_every_countrys_example_is_found_again(region: str, default: str, nationally: bool) -> None:
    number = phonenumbers.example_number(region)
    form = phonenumbers.PhoneNumberFormat
    written = phonenumbers.format_number(number, form.NATIONAL if nationally else form.INTERNATIONAL)
    key = phonenumbers.format_number(number, form.E164)
    assert normalise.phone(written, region if nationally else default) == key


digits = st.text(string.digits, min_size=3, max_size=16)
plausible = st.builds(
    lambda prefix, number, gap: prefix + gap.join([number[:3], number[3:7], number[7:]]).strip(gap),
    st.sampled_from(
        ["", "0", "00", "+", "1", "+1", "+86", "+886", "+49", "86", "886", "49", "8", "06", "+44 0", "019", "+39 0"]
    ),
    digits,
    st.sampled_from(["", " ", "-", "/", ") ", " (", ".", "  "]),
)
examples = st.builds(
    lambda region, form, kind: phonenumbers.format_number(
        phonenumbers.example_number_for_type(region, kind) or phonenumbers.example_number(region), form
    ),
    st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)),
    st.sampled_from([0, 1, 2]),
    st.sampled_from([0, 1, 3]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(plausible | examples | st.text(max_size=12), max_size=20), st.sampled_from(REGIONS))
@example(
    [
        "0191234567890",
        "0912345678",
        "",
        " ",
        "8612345678901",
        "(02) 2345-6789",
        "+886 (0)2 2345 6789",
        "17901 010 12345678",
        "12593 13912345678",
    ],
    "TW",
)
@example(["010 65529988", "13912345678", "17901 010 12345678", "12593 13912345678"], "CN")
def test_a_column_of_phones_equals_them_one_by_one(values: list[str], country: str) -> None:
    _column_equals_single("phone", values, country)


mails = (
    st.from_regex(r"\A[a-zA-Z0-9._%+-]{1,20}@[a-zA-Z0-9.-]{1,20}\.[A-Za-z]{1,5}\Z") | st.emails() | st.text(max_size=20)
)


@settings(max_examples=200, deadline=None)
@given(st.lists(mails, max_size=20))
@example(
    [
        "王美玲 <MeiLing@Example.COM>",
        "ｍｅｉ＠ｅｘａｍｐｌｅ．ｃｏｍ",
        "a..b@example.com",
        ".a@example.com",
        "o'brien@example.ie",
    ]
)
def test_a_column_of_mails_equals_them_one_by_one(values: list[str]) -> None:
    _column_equals_single("mail", values, None)


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(["card", "external", "social", "device", "address"]),
    st.lists(st.text(max_size=20) | st.text(st.characters(max_codepoint=127), max_size=300), max_size=10),
)
def test_a_column_of_others_equals_them_one_by_one(kind: str, values: list[str]) -> None:
    _column_equals_single(kind, values, None)


def _column_equals_single(kind: str, values: list[str], country: str | None) -> None:
    keys, errors = normalise.keys(kind, pa.array(values, pa.string()), country)
    assert len(keys) == len(errors) == len(values)
    for value, key, error in zip(values, keys.to_pylist(), errors.to_pylist(), strict=True):
        try:
            expected = (normalise.key_of(kind, value, country), None)
        except Refused as refused:
            expected = (None, refused.message)
        assert (key, error) == (expected if value.strip() else (None, None)), value


def test_null_has_neither_key_nor_error() -> None:
    keys, errors = normalise.keys("phone", pa.chunked_array([[None, "0912345678", "abc"]], pa.string()), "TW")
    assert keys.to_pylist() == [None, "+886912345678", None]
    assert [error is None for error in errors.to_pylist()] == [True, True, False]


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (" Wang.MeiLing@Example.COM ", "wang.meiling@example.com"),
        ("王美玲 <meiling@example.com>", "meiling@example.com"),
        ("mailto:a@b.tw", "a@b.tw"),
        ("ｍｅｉ＠ｅｘａｍｐｌｅ．ｃｏｍ", "mei@example.com"),
        ("info@bücher.de", "info@xn--bcher-kva.de"),
        ("美玲@example.com", "美玲@example.com"),
    ],
)
def test_mail(value: str, key: str) -> None:
    assert normalise.mail(value) == key


@pytest.mark.parametrize(
    "value", ["", "meiling", "a@b", "a b@example.com", "@example.com", "a@@example.com", "a@-b.com"]
)
def test_mail_refused(value: str) -> None:
    with pytest.raises(Refused, match="mail address"):
        normalise.mail(value)


def test_keys_of_cards_and_other_numbers() -> None:
    assert normalise.card(" 0012-34 ab ") == "001234AB"
    assert normalise.external("４７１１", "till") == "till:4711"
    assert normalise.device("AA:BB-cc 01") == "aabbcc01"
    assert normalise.social("https://www.facebook.com/Mei.Ling/") == "facebook:mei.ling"
    assert normalise.social("line: @MeiLing") == "line:meiling"


def test_address_in_both_scripts_and_widths() -> None:
    assert normalise.address("臺北市 信義區市府路４５號") == normalise.address("台北市信义区市府路45号")
    assert normalise.address("12, Main  St.") == "12 main st"


def test_names() -> None:
    assert normalise.full_name("王", "美玲") == "王美玲"
    assert normalise.full_name("歐陽", "娜娜") == "歐陽娜娜"
    assert normalise.full_name("Schmidt", "Anna") == "Anna Schmidt"
    assert normalise.full_name("王", "") == "王"
    assert normalise.name("　王　美玲 ") == "王美玲"
    assert normalise.name_key("Wáng, Mei-Ling") == "wangmeiling"


@given(st.lists(st.text(max_size=15) | st.sampled_from(["王 美玲", "Müller, A.", "陈·美"]), max_size=10))
def test_a_column_of_name_keys_equals_them_one_by_one(names: list[str]) -> None:
    found = normalise.name_keys(pa.array([*names, None], pa.string())).to_pylist()
    assert found == [*map(normalise.name_key, names), None]


@given(st.text(max_size=30), st.sampled_from(["phone", "mail", "card", "external", "social", "device", "address"]))
def test_a_key_is_its_own_key(value: str, kind: str) -> None:
    try:
        key = normalise.key_of(kind, value, "TW")
    except Refused:
        return
    assert normalise.key_of(kind, key, "TW") == key
