from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from guanxi.foundation import search
from guanxi.foundation.models import Notification, User
from guanxi.foundation.search.models import Document

Note = Callable[..., Notification]
Titles = Callable[..., list[str]]


@pytest.mark.parametrize(
    ("title", "body", "queries"),
    [
        (
            "王美玲",
            "+886912345678 mei.ling@example.com.tw",
            "王美玲 王美 美玲 王 玲 wang meiling wangmeiling wangmei wml wm mei ling",
        ),
        ("劉國華", "", "刘国华 刘国 國華 liuguohua lgh Guohua"),
        ("欧阳娜娜", "", "歐陽 歐陽娜娜 ouyang nana ouyangnana oynn"),
        ("單曾仇", "", "shan zeng qiu shanzengqiu szq dan"),
        ("呂秀蓮", "", "lv lü lu lyu lvxiulian luxiulian lxl"),
        ("Anna-Lena Müller", "", "anna Anna-L lena müller MULLER mul ＡＮＮＡ"),
        ("臺北市寶山鋼鐵有限公司", "", "宝山钢铁 寶山 公司 taibei taibeishi gang"),
        ("SO-00004711", "", "SO-00004711 so-0000 SO00004711 4711 so 00004711 0471"),
        ("R-42", "00000042", "42 r-42 00042"),
        ("O'Brien & Söhne", "o'brien@example.ie", "o'brien obrien@example.ie sohne"),
    ],
)
def test_each_way_to_call_it_finds_it(note: Note, titles: Titles, title: str, body: str, queries: str) -> None:
    note(title, body)
    note("陳小明", "+886987654321 ming@example.org")
    missed = [query for query in queries.split() if titles(query)[:1] != [title]]
    assert missed == []


@pytest.mark.parametrize(
    "query",
    ["王 美玲", "wang mei ling", "meiling wang", "美玲 0912 345", "wang 345678", "王 mei.ling@ex", "w l", "王　美"],
)
def test_every_word_must_match(note: Note, titles: Titles, query: str) -> None:
    note("王美玲", "+886912345678 mei.ling@example.com.tw")
    note("王大明", "+886222333444")
    note("李美玲", "+4930111222")
    assert titles(query) == ["王美玲"]


@pytest.mark.parametrize(
    "query",
    ["+886912345678", "0912345678", "0912-345-678", "+886 (0)912 345 678", "00886912345678", "5678", "8691", "2 345 6",
     "912345", "(0912) 345", "８６９１２"],
)  # fmt: skip
def test_telephone_numbers_and_their_fragments(note: Note, titles: Titles, query: str) -> None:
    note("王美玲", "+886912345678")
    note("李大明", "+886934561278")
    assert titles(query) == ["王美玲"]


@given(st.integers(min_value=0, max_value=8), st.integers(min_value=4, max_value=12))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
def test_any_fragment_of_four_digits_and_more(note: Note, titles: Titles, start: int, length: int) -> None:
    number = "491739082654"
    if not Notification.objects.exists():
        note("林怡君", f"+{number}")
    fragment = number[start : start + length]
    assert titles(fragment) == ["林怡君"], fragment


def test_a_fragment_is_of_one_number(note: Note, titles: Titles) -> None:
    note("王美玲", "+886912345000 +886999123456")  # holds 3450 and 4500, 1234 and 3456, but 12345 0 nowhere else
    assert titles("23450") == ["王美玲"]
    assert titles("1234560") == []


@pytest.mark.parametrize(
    "query",
    [
        "mei.ling@example.com.tw",
        "mei.ling@exam",
        "Mei.Ling@Example.COM.TW",
        "mei.ling",
        "example.com.tw",
        "@example.com",
    ],
)
def test_mail_addresses(note: Note, titles: Titles, query: str) -> None:
    note("王美玲", "mei.ling@example.com.tw")
    note("李大明", "daming@example.org")
    assert titles(query) == ["王美玲"]


def test_exact_first_then_beginnings_then_others_then_weight_and_age(note: Note, titles: Titles) -> None:
    for title, level in [("陳王", "info"), ("王美玲", "info"), ("王", "info"), ("陳王", "error"), ("王美", "info")]:
        note(title, level=level)
    assert titles("王") == ["王", "王美", "王美玲", "陳王", "陳王"]
    assert titles("王美") == ["王美", "王美玲"]


def test_an_exact_number_comes_first(note: Note, titles: Titles) -> None:
    for number in ("1234567", "991234", "1234", "12345"):
        note(f"B {number}")
    note("C", "1234")
    assert titles("1234")[:2] == ["C", "B 1234"]


def test_exact_titles_are_found_among_very_many(note: Note, titles: Titles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("guanxi.foundation.search.finding.CANDIDATES", 5)
    for title in ("王", "王美"):
        note(title)
    for index in range(30):
        note(f"王大{'明華英偉強'[index % 5]}")
        note(f"陳王{'明華英偉強'[index % 5]}")
    assert titles("王", limit=3)[0] == "王"
    assert titles("王美", limit=3) == ["王美"]


def test_what_changed_is_found_by_what_it_is_now(note: Note, titles: Titles) -> None:
    row = note("王美玲")
    row.title = "陳美玲"
    row.save()
    search.touch(row)
    search.touch(row)
    assert titles("王美") == []
    assert titles("陳美") == ["陳美玲"]
    search.remove(Notification, [row.pk])
    assert titles("陳美") == []


def test_only_other_words_are_put_into_the_index(note: Note, titles: Titles) -> None:
    row = note("王美玲")
    with CaptureQueriesContext(connection) as asked:
        search.touch(row)
    assert [query["sql"].split()[0] for query in asked] == ["SELECT"]
    row.level = "error"  # shown beside the title, and comes first
    with CaptureQueriesContext(connection) as asked:
        search.touch(row)
    assert not any("INTO search_index" in query["sql"] for query in asked)
    assert Document.objects.filter(subtitle="error", weight=1).exists()
    row.body = "mei@example.tw"
    search.touch(row)
    assert titles("mei@ex") == titles("王美") == ["王美玲"]


def test_hits_say_what_and_where(note: Note, staff: User) -> None:
    row = note("王美玲", level="warning")
    (hit,) = [hit for hit in search.find("王美玲", staff) if hit.type == "foundation.notification"]
    assert (hit.object_id, hit.title, hit.subtitle, hit.icon) == (row.pk, "王美玲", "warning", "bell")
    assert hit.url == f"/notes/{row.pk}/"


def test_strangers_find_nothing(note: Note, stranger: User) -> None:
    note("王美玲")
    assert search.find("王美玲", stranger) == []
    assert search.matching_ids(Notification, "王美玲", stranger) == []


def test_lists_are_narrowed(note: Note, staff: User) -> None:
    first, second = note("王美玲"), note("王大明")
    note("陳")
    assert search.matching_ids(Notification, "王", staff) == [second.pk, first.pk]
    assert search.matching_ids(Notification, "王", staff, limit=1) == [second.pk]
    assert set(search.filter_queryset(Notification.objects.all(), "王美", staff)) == {first}
    assert search.filter_queryset(Notification.objects.all(), " ", staff).count() == 3


ODD = [
    "",
    " ",
    "'",
    '"',
    "''",
    "*",
    "王*",
    "a AND",
    "NOT",
    "NEAR(a b)",
    "a:b",
    "\\",
    "&|!",
    "(",
    "😀",
    "\x00",
    "王\x00美",
    "%",
]
LONG = ["王" * 10_000, "a " * 5_000, "1 " * 5_000, "1" * 10_000, "a@" * 3000]


@pytest.mark.parametrize("query", [*ODD, *LONG, "^", "=", "#", "-王", "' OR 1=1 --", "\ud800"])
def test_odd_queries_are_no_error(note: Note, titles: Titles, query: str) -> None:
    note("王美玲", "'\" \\ : & | ! ( ) <-> * ^ a@b@c 😀 @ a:b@c.de 'x'@y")
    titles(query)


@given(st.text(max_size=40), st.text(max_size=40))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@example("'a'@b'c", "'a'@b'c")
def test_any_text_is_indexed_and_asked(note: Note, titles: Titles, text: str, query: str) -> None:
    note(text.replace("\x00", "") or "x")
    titles(query)
    titles(text)
