"""Those who may be one are found when they come in and when all are compared; sure ones merged, others asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from guanxi.customers import actions
from guanxi.customers.actions import matching as deciding
from guanxi.customers.identity import proposing, tasks
from guanxi.customers.models import ContactPoint, MatchKey, MatchPair, Merge, Party
from guanxi.foundation.actions import Refused
from guanxi.foundation.models import User
from guanxi.foundation.visibility import SYSTEM, NotAllowed
from guanxi.intake.tests.conftest import take_in

__all__ = ["take_in"]
pytestmark = pytest.mark.django_db
HEAD = "name,birth,city,mail,phone\n"
FAMILIES = "王陳林黃張李吳劉蔡楊許鄭謝洪郭邱曾廖賴徐周葉蘇莊呂江何蕭羅高"
GIVEN = ["美玲", "志明", "雅婷", "俊傑", "淑芬", "建宏", "怡君", "家豪", "麗華", "文雄", "佳穎", "宗翰"]
CITIES = ["台北", "台中", "高雄", "台南", "新竹", "嘉義"]


def people(count: int) -> list[tuple[str, ...]]:
    """Different people: no two share name and birthday."""
    made: list[tuple[str, ...]] = []
    for number in range(count):
        name = FAMILIES[number % 30] + GIVEN[(number // 30 + number * 5) % 12]
        day = f"{1950 + number % 47:04d}-{1 + number % 12:02d}-{1 + number % 28:02d}"
        made.append(
            (name, day, CITIES[number % 6], f"person{number}@mail{number % 7}.tw", f"09{10000000 + number * 7919}")
        )
    return made


def write(rows: list[tuple[str, ...]]) -> str:
    return "name,birth_date,city,mail,phone\n" + "".join(",".join(row) + "\n" for row in rows)


def chosen(merge_from: float = 0.999, ask_from: float = 0.3, by_itself: bool = False) -> None:
    deciding.set_matching(merge_from=merge_from, ask_from=ask_from, by_itself=by_itself, by=SYSTEM)


def party(mail: str) -> Party:
    return ContactPoint.objects.get(kind="mail", key=mail).party


@pytest.fixture
def crowd(transactional_db: None, take_in: Callable[..., Any]) -> list[tuple[str, ...]]:
    rows = people(90)
    take_in("parties", write(rows))
    return rows


def test_all_are_compared_and_the_likely_ones_proposed(crowd: list[Any], take_in: Callable[..., Any]) -> None:
    name, day, city, _mail, _phone = crowd[7]
    take_in("parties", write([(name, day, city, "other@web.tw", "")]), name="again.csv")
    chosen()
    counts = proposing.find_all(by=SYSTEM)
    assert counts["records"] == 91 and MatchKey.objects.exists()
    best = MatchPair.objects.order_by("-probability").first()
    assert best is not None
    assert {best.low_id, best.high_id} == {party("person7@mail0.tw").pk, party("other@web.tw").pk}
    assert best.probability > 0.5 and best.state == "open"
    parts = proposing.explained(best)
    assert parts[0]["field"] == "prior"
    assert {part["field"] for part in parts} >= {"given_name", "family_name", "date_of_birth"}
    again = proposing.find_all(by=SYSTEM)
    assert again["new"] == again["forgotten"] == 0


def test_one_who_comes_in_is_looked_at_at_once(crowd: list[Any], staff: User) -> None:
    chosen()
    proposing.find_all(by=SYSTEM)
    deciding.note_all_seen(by=SYSTEM)
    name, day, city, _mail, _phone = crowd[11]
    fresh = actions.create_party(by=staff, name=name, date_of_birth=day, city=city)
    outcome = tasks.look_at_changed.call()
    assert outcome == {"changed": 1, "new": outcome["new"]} and outcome["new"] >= 1
    assert MatchPair.objects.filter(high=fresh.pk, low=party("person11@mail4.tw").pk).exists()
    assert tasks.look_at_changed.call()["changed"] == 0
    found = proposing.likely({"name": name, "date_of_birth": day, "city": city})
    assert found[0][0] in {fresh.pk, party("person11@mail4.tw").pk}


def test_the_sure_ones_are_merged_by_themselves_and_stay_parted_once_undone(
    crowd: list[Any], take_in: Callable[..., Any]
) -> None:
    name, day, city, _mail, _phone = crowd[3]
    take_in("parties", write([(name, day, city, "Person3@Mail3.tw ", "")]), name="again.csv")
    assert Party.objects.count() == 90  # the mail alone is enough on the way in
    chosen(merge_from=0.5, ask_from=0.2, by_itself=True)
    name, day, city, _mail, _phone = crowd[5]
    take_in("parties", write([(name, day, city, "second@web.tw", "")]), name="third.csv")
    counts = proposing.find_all(by=SYSTEM)
    assert counts["merged"] == Merge.objects.filter(how="machine").count() >= 1
    merge = Merge.objects.latest("pk")
    actions.undo_merge(merge.pk, by=SYSTEM)
    proposing.find_all(by=SYSTEM)
    assert not Merge.objects.filter(undone_at=None, merged=merge.merged_id).exists()


def test_decisions_are_kept_and_made_once(crowd: list[Any], take_in: Callable[..., Any], staff: User) -> None:
    rows = [(name, day, city, f"twin{n}@web.tw", "") for n, (name, day, city, *_rest) in enumerate(crowd[:3])]
    take_in("parties", write(rows), name="again.csv")
    chosen()
    proposing.find_all(by=SYSTEM)
    pairs = list(MatchPair.objects.order_by("-probability")[:3])
    assert actions.decide_pair(pairs[0].pk, "merge", by=staff) is not None
    actions.decide_pair(pairs[1].pk, "different", by=staff)
    actions.decide_pair(pairs[2].pk, "later", by=staff)
    for pair in pairs[:2]:
        with pytest.raises(Refused, match="decided meanwhile"):
            actions.decide_pair(pair.pk, "merge", by=staff)
    proposing.find_all(by=SYSTEM)
    states = set(MatchPair.objects.filter(pk__in=[pair.pk for pair in pairs]).values_list("state", flat=True))
    assert states == {"merged", "different", "later"}
    outlook = proposing.outlook(0.99, 0.5)
    assert outlook["merged"] + outlook["asked"] <= sum(count for _f, _t, count in outlook["histogram"])


def test_thresholds_and_decisions_need_the_right(staff: User, stranger: User) -> None:
    with pytest.raises(Refused):
        deciding.set_matching(merge_from=0.5, ask_from=0.9, by_itself=True, by=staff)
    with pytest.raises(NotAllowed):
        deciding.set_matching(merge_from=0.99, ask_from=0.9, by_itself=True, by=stranger)
    one, other = (actions.create_party(by=staff, name=name) for name in ("甲乙", "甲丙"))
    pair = MatchPair.objects.create(low=one, high=other, probability=0.9)
    with pytest.raises(MatchPair.DoesNotExist):  # who sees no pairs finds none
        actions.decide_pair(pair.pk, "merge", by=stranger)


def test_shared_mailboxes_and_drawn_numbers_recognise_nobody(take_in: Callable[..., Any], staff: User) -> None:
    rows = [("王美玲", "", "", "info@firm.tw", "0000000000"), ("陳志明", "", "", "info@firm.tw", "")]
    deciding.add_junk("mail", "@lobby.tw", by=staff)
    rows += [("林雅婷", "", "", "a@lobby.tw", ""), ("黃俊傑", "", "", "a@lobby.tw", "")]
    take_in("parties", write(rows))
    assert Party.objects.count() == 4
    take_in("parties", write([("張建宏", "", "", "info@firm.tw", "0000000000")]), name="later.csv")
    assert Party.objects.count() == 5
