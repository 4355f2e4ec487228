"""Duplicates found without labels: how well, and that what must not matter does not."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.identities import Drawn, customers, historical
from benchmarks.matching import quality
from guanxi.customers import junk
from guanxi.customers.matching import CannotMatch, Model, blocking, cluster, explain, keys, match, train
from guanxi.customers.matching.columns import standard
from guanxi.customers.matching.names import Words
from guanxi.customers.matching.preparing import prepared
from guanxi.foundation.language import fold_array

pytestmark = pytest.mark.any_database

WANG = {"full_name": "王小明", "date_of_birth": "1980-03-04", "telephone": "+886912345678", "city": "臺北"}


def records(*rows: dict[str, str | None]) -> pa.Table:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pa.Table.from_pylist([{name: row.get(name) for name in names} for row in rows])


def parts(clusters: pa.Table) -> set[frozenset[object]]:
    """Which ids are together."""
    together: dict[object, set[object]] = {}
    for row in clusters.to_pylist():
        together.setdefault(row["cluster"], set()).add(row["id"])
    return {frozenset(ids) for ids in together.values()}


def test_customers_are_found_and_households_stay_apart(drawn: Drawn, pairs: pa.Table) -> None:
    precision, recall = quality(cluster(pairs, 0.7, drawn.records["id"]), drawn)
    assert precision > 0.98
    assert recall > 0.97


def test_the_dead_are_found_among_their_families() -> None:
    past = historical(100, seed=3)
    precision, recall = quality(cluster(match(past.records), 0.7, past.records["id"]), past)
    assert precision > 0.9
    assert recall > 0.7


def test_the_order_of_rows_and_columns_that_say_nothing_have_no_say(drawn: Drawn, pairs: pa.Table) -> None:
    count = drawn.records.num_rows
    more = drawn.records.append_column("country", pa.array(["TW"] * count))
    more = more.append_column("occupation", pa.nulls(count, pa.string()))
    more = more.append_column("email", drawn.records["mail"])  # the same column once more, under another name
    turned = match(more.take(pa.array(np.random.default_rng(1).permutation(count))))
    assert turned.select(["id_l", "id_r"]).equals(pairs.select(["id_l", "id_r"]))
    assert np.allclose(turned["match_weight"].to_numpy(), pairs["match_weight"].to_numpy(), atol=1e-5)


def test_the_names_of_ids_have_no_say(drawn: Drawn, model: Model, pairs: pa.Table) -> None:
    names = pa.array([f"客{(number * 7919) % 1000:05d}" for number in range(1_000)])
    renamed = cluster(match(drawn.records.set_column(0, "id", names), model=model), 0.7, names)
    back = {name: number for number, name in enumerate(names.to_pylist())}
    assert {frozenset(back[name] for name in ids) for ids in parts(renamed)} == parts(
        cluster(pairs, 0.7, drawn.records["id"])
    )


def test_a_model_is_plain_data(drawn: Drawn, model: Model, pairs: pa.Table) -> None:
    again = Model.from_dict(json.loads(json.dumps(model.to_dict())))
    assert match(drawn.records, model=again).equals(pairs)
    with pytest.raises(CannotMatch, match="train it anew"):
        Model.from_dict(model.to_dict() | {"version": 0})


def test_one_record_is_scored_as_in_the_batch(drawn: Drawn, model: Model, pairs: pa.Table) -> None:
    rows = {row["id"]: row for row in drawn.records.to_pylist()}
    for pair in pairs.take(pa.array(range(0, len(pairs), max(1, len(pairs) // 25)))).to_pylist():
        alone = model.recognise(rows[pair["id_l"]], records(rows[pair["id_r"]])).to_pylist()[0]
        assert alone == pair
        turned = model.recognise(rows[pair["id_r"]], records(rows[pair["id_l"]])).to_pylist()[0]
        assert turned["match_weight"] == pytest.approx(pair["match_weight"], abs=1e-5)  # symmetry
    scored = model.score_pairs(drawn.records, pairs.select(["id_l", "id_r"]))
    assert scored.sort_by([("id_l", "ascending"), ("id_r", "ascending")]).equals(
        pairs.replace_schema_metadata().sort_by([("id_l", "ascending"), ("id_r", "ascending")])
    )


def test_few_records_are_prepared_as_many(drawn: Drawn) -> None:
    past = historical(20, seed=5).records
    for table in (standard(drawn.records), standard(past)):
        many = pa.concat_tables([table] * (1 + 900 // table.num_rows)).combine_chunks()
        few = prepared(table.slice(0, 100).combine_chunks())
        assert prepared(many).slice(0, 100).combine_chunks().equals(few)


ASSIGNED = st.characters(exclude_categories=["Cs", "Cn"])  # of what no Unicode knows yet libraries think differently
TEXTS = st.one_of(st.none(), st.text(ASSIGNED, max_size=12), st.text(" \t\x1c\u2028a.王-", max_size=9))


@given(st.lists(TEXTS, max_size=8))
def test_few_texts_are_read_as_many(texts: list[str | None]) -> None:
    few, many = pa.array(texts, pa.string()), pa.array([*texts, *map(str, range(junk.FEW + 1))], pa.string())
    numbers, there = blocking.hashed(few)
    assert numbers.tolist() == blocking.hashed(many)[0][: len(texts)].tolist()
    assert there.tolist() == [text is not None for text in texts]
    trimmed = [standard(pa.table({"name": values}))["full_name"].to_pylist() for values in (few, many)]
    assert trimmed[0] == trimmed[1][: len(texts)]
    folded = [fold_array(values) for values in (few, many)]
    words = [Words(values, (values,)).lists().to_pylist() for values in folded]
    assert words[0] == words[1][: len(texts)]


def test_keys_bring_together_what_is_compared(drawn: Drawn, pairs: pa.Table) -> None:
    found = keys(drawn.records)
    assert found.schema.field("key").type == pa.int64()
    of: dict[int, set[int]] = {}
    for row in found.to_pylist():
        of.setdefault(row["id"], set()).add(row["key"])
    sure = pairs.filter(pc.greater(pairs["probability"], 0.99)).to_pylist()
    assert sum(bool(of[pair["id_l"]] & of[pair["id_r"]]) for pair in sure) > 0.99 * len(sure)
    one = drawn.records.slice(17, 1)  # the keys of a record do not hang on its neighbours
    assert set(keys(one)["key"].to_pylist()) == of[one["id"][0].as_py()]
    assert set(keys(records({"full_name": "王小明"}))["key"].to_pylist()) & set(
        keys(records({"full_name": "Wang Xiaoming"}))["key"].to_pylist()
    )


def test_weights_add_up(model: Model) -> None:
    bars = explain(model, WANG, WANG | {"full_name": "Xiao-Ming Wang", "city": "台北"})
    pair = model.recognise(WANG, records(WANG | {"full_name": "Xiao-Ming Wang", "city": "台北"})).to_pylist()[0]
    assert sum(bar.bits for bar in bars) == pytest.approx(pair["match_weight"], abs=0.02)
    assert bars[0].field == "prior" and bars[0].bits < 0


@pytest.mark.parametrize(
    ("left", "right", "field", "words"),
    [
        ({"full_name": "王小明"}, {"full_name": "Wang Xiaoming"}, "given_name", "same pinyin"),
        ({"full_name": "王小明"}, {"full_name": "Xiao-Ming Wang"}, "family_name", "same pinyin"),
        ({"full_name": "王小明"}, {"full_name": "Wang Hsiao-ming"}, "given_name", "same pinyin"),
        ({"full_name": "陳麗華"}, {"full_name": "陈丽华"}, "given_name", "traditional and simplified"),
        (
            {"full_name": "歐陽娜娜"},
            {"family_name": "欧阳", "given_name": "娜娜"},
            "family_name",
            "traditional and simplified",
        ),
        ({"full_name": "Robert Miller"}, {"full_name": "Bob Miller"}, "given_name", "nickname"),
        (
            {"given_name": "Anna", "family_name": "Schmidt"},
            {"given_name": "Schmidt", "family_name": "Anna"},
            "given_name",
            "swapped",
        ),
        ({"full_name": "Katherine Moore"}, {"full_name": "Katharine Moore"}, "given_name", "one letter"),
        ({"full_name": "K. Moore"}, {"full_name": "Katharine Moore"}, "given_name", "initial"),
        ({"date_of_birth": "1980-03-04"}, {"date_of_birth": "1980/04/03"}, "date_of_birth", "day and month"),
        ({"date_of_birth": "1980-03-04"}, {"date_of_birth": "1980-03-14"}, "date_of_birth", "one digit"),
        ({"date_of_birth": "1980-03-04"}, {"date_of_birth": "1980"}, "date_of_birth", "only the year"),
        ({"company": "台積電股份有限公司"}, {"company": "台积电"}, "company", "legal form"),
        ({"company": "Acme Co., Ltd."}, {"company": "ACME"}, "company", "legal form"),
        ({"address": "中山路１２號"}, {"address": "中山路12號"}, "address", "same"),
        ({"telephone": "0912-345-678"}, {"telephone": "+886 912 345 678"}, "telephone", "same"),
        ({"mail": "Mei.Ling@gmail.com"}, {"mail": "mei.ling@hinet.net"}, "mail", "same mailbox"),
    ],
)
def test_what_is_found_is_said(left: dict[str, str], right: dict[str, str], field: str, words: str) -> None:
    declared = train(records(WANG | ALL, WANG | ALL | OTHER))
    found = {bar.field: bar for bar in explain(declared, left, right)}
    assert words in str(found[field].found)
    assert found[field].bits > 0


ALL = {"given_name": "a", "family_name": "b", "mail": "a@b.tw", "address": "x 1", "company": "y"}
OTHER = {
    "given_name": "c",
    "family_name": "d",
    "mail": "c@d.tw",
    "address": "z 2",
    "company": "w",
    "date_of_birth": "1970-02-03",
}


@settings(max_examples=15)
@given(
    st.lists(
        st.sampled_from(["王小明", "Wang Xiaoming", "陳美玲", "不詳", "", "Bob Miller", "Robert Miller"]),
        min_size=1,
        max_size=8,
    )
)
def test_few_records_need_no_training(names: list[str]) -> None:
    table = pa.table({"name": names, "dob": ["1980-03-04"] * len(names)})
    table = table.append_column("mail", pa.array([f"m{place}@x.tw" for place in range(len(names))]))
    if len(names) == 1:
        with pytest.raises(CannotMatch, match="Nothing can be compared"):
            match(table)
        return
    found = cluster(match(table), 0.5, pa.array(range(1, len(names) + 1)))
    assert found["id"].to_pylist() == list(range(1, len(names) + 1))


def test_two_records_that_are_one_person_are_one() -> None:
    two = records(WANG, WANG | {"full_name": "Xiao-Ming Wang"})
    assert match(two)["probability"].to_pylist()[0] > 0.9
    strangers = records(WANG, {"full_name": "陳美玲", "date_of_birth": "1975-01-02", "telephone": "+886988111222"})
    assert cluster(match(strangers), 0.5, pa.array([1, 2]))["cluster"].to_pylist() == [1, 2]


def test_junk_ties_nobody_together() -> None:
    junk = {"mail": "info@acme.tw", "telephone": "0000000000", "date_of_birth": "1900-01-01"}
    names = ["王小明", "陳美玲", "Anna Schmidt", "Bob Miller", "李大偉", "黃宏達"]
    found = match(records(*({"full_name": name} | junk for name in names)))
    assert max(found["probability"].to_pylist(), default=0.0) < 0.5


def test_chains_do_not_join_who_contradicts() -> None:
    """A and C are two well-attested people; B, who could be either, must not make them one."""
    a = {"full_name": "Thomas Clifford", "date_of_birth": "1630-08-01", "city": "Devon"}
    c = a | {"date_of_birth": "1671-12-15"}
    rows = [a, a, a, c, c, c, {"full_name": "Thomas Clifford", "city": "Devon"}]
    found = cluster(match(records(*rows)), 0.5, pa.array(range(1, 8))).to_pylist()
    assert found[0]["cluster"] == found[1]["cluster"] == found[2]["cluster"]
    assert found[3]["cluster"] == found[4]["cluster"] == found[5]["cluster"]
    assert found[0]["cluster"] != found[3]["cluster"]


def test_pairs_from_elsewhere_can_be_clustered() -> None:
    pairs = pa.table({"id_l": ["a", "b", "d"], "id_r": ["b", "c", "e"], "probability": [0.99, 0.99, 0.2]})
    assert parts(cluster(pairs, 0.5, pa.array(list("abcdef")))) == {
        frozenset("abc"), frozenset("d"), frozenset("e"), frozenset("f"),
    }  # fmt: skip


def test_large_blocks_are_skipped_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocking, "MOST_IN_BLOCK", 20)
    rows = [
        {"full_name": f"{name} Wang", "date_of_birth": "1980-01-01", "city": "Taipei"} for name in ("Ann", "Bob") * 30
    ]
    found = match(records(*rows))
    told = json.loads(found.schema.metadata[b"skipped_blocks"])
    assert {"rule": "birth", "blocks": 1, "records": 60, "largest": 60} in told


def test_customers_of_one_name_are_not_one() -> None:
    drawn = customers(400, duplicates=0.0, seed=2)
    found = cluster(match(drawn.records), 0.7, drawn.records["id"])
    assert len(parts(found)) >= 399
