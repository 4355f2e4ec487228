"""The queue of possible duplicates over HTTP: decided, put off, taken back, by two people at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from guanxi.customers import actions
from guanxi.customers.actions import matching as deciding
from guanxi.customers.identity import tasks
from guanxi.customers.identity.waterfall import percent, waterfall
from guanxi.customers.models import MatchPair, Merge, Party
from guanxi.customers.tests.identity.conftest import WEIGHTS, Propose
from guanxi.foundation.models import User
from guanxi.foundation.tasks.models import BackgroundTask
from guanxi.foundation.visibility import SYSTEM
from tests.costs import statements

pytestmark = pytest.mark.django_db
QUEUE = "/customers/duplicates/"
HTMX = {"HX-Request": "true"}
MOST_QUERIES = 33

Twins = tuple[Party, Party]


def decide(client: Client, pair: MatchPair, decision: str, survivor: Party | None = None) -> tuple[int, str]:
    sent = {"decision": decision, "survivor": survivor.pk if survivor else ""}
    answer = client.post(f"{QUEUE}{pair.pk}/decide/", sent, headers=HTMX)
    return answer.status_code, answer.content.decode()


def test_the_most_probable_pair_comes_first_with_what_differs(
    staff_client: Client, staff: User, twins: Twins, propose: Propose
) -> None:
    others = [actions.create_party(by=staff, name=name) for name in ("陳志明", "陳誌明")]
    propose(*others, 0.85)
    propose(*twins, 0.95)
    page = staff_client.get(QUEUE).content.decode()
    assert "王美<mark>玲</mark>" in page and "王美<mark>鈴</mark>" in page
    assert "95 %" in page and "陳誌明" not in page
    assert "50.00" in page  # what the second has bought
    assert page.count('class="shared"') == 2  # the same mail on both sides
    assert "2 waiting" in page
    why = staff_client.get(f"{QUEUE}{MatchPair.objects.get(probability=0.95).pk}/why/").content.decode()
    assert "+11.5" in why and "98 % the same" in why and why.count("<rect") == 5
    after = staff_client.get(QUEUE, {"after": MatchPair.objects.get(probability=0.95).pk}, headers=HTMX)
    assert "陳" in after.content.decode() and "<html" not in after.content.decode()
    last = staff_client.get(QUEUE, {"after": MatchPair.objects.get(probability=0.85).pk}).content.decode()
    assert "That was the last one" in last


def test_what_is_below_the_threshold_or_merged_does_not_wait(
    staff_client: Client, staff: User, twins: Twins, propose: Propose
) -> None:
    other = actions.create_party(by=staff, name="王美伶")
    propose(twins[1], other, 0.9)
    propose(twins[0], other, 0.5)
    actions.merge_parties(twins[0], [twins[1]], by=staff)
    page = staff_client.get(QUEUE).content.decode()
    assert "Nobody waits to be looked at" in page and "never compared" in page
    stale = staff_client.get(f"{QUEUE}{MatchPair.objects.get(probability=0.9).pk}/").content.decode()
    assert "part of another customer by now" in stale


def test_merged_into_the_survivor_chosen_and_taken_back(staff_client: Client, twins: Twins, propose: Propose) -> None:
    pair = propose(*twins)
    status, page = decide(staff_client, pair, "merge", twins[1])
    assert status == 200 and "are one now" in page and "take-back" in page
    merge = Merge.objects.get()
    assert (merge.survivor_id, merge.merged_id, merge.how) == (twins[1].pk, twins[0].pk, "queue")
    back = staff_client.post(f"{QUEUE}{pair.pk}/take-back/", headers=HTMX).content.decode()
    assert "decide anew" in back and "王美<mark>玲</mark>" in back
    pair.refresh_from_db()
    assert pair.state == "open" and Party.objects.filter(merged_into=None).count() == 2


def test_different_and_later_leave_the_queue_and_come_back(
    staff_client: Client, twins: Twins, propose: Propose
) -> None:
    pair = propose(*twins)
    assert "come back on" in decide(staff_client, pair, "later")[1]
    assert "Nobody waits" in staff_client.get(QUEUE).content.decode()
    MatchPair.objects.update(until=timezone.now() - timedelta(minutes=1))
    assert "王美" in staff_client.get(QUEUE).content.decode()
    assert "not proposed again" in decide(staff_client, pair, "different")[1]
    assert staff_client.get(f"{QUEUE}{pair.pk}/").content.decode().count("Take it back") == 1
    assert staff_client.post(f"{QUEUE}{pair.pk}/take-back/").status_code == 302
    pair.refresh_from_db()
    assert pair.state == "open"


def test_decided_by_somebody_else_meanwhile(
    staff_client: Client, staff: User, second_staff: User, twins: Twins, propose: Propose
) -> None:
    pair = propose(*twins)
    deciding.decide_pair(pair.pk, "different", by=second_staff)
    status, page = decide(staff_client, pair, "merge")
    assert status == 409 and "林志強" in page.replace(" ", "") and not Merge.objects.exists()


def test_clicked_twice_is_merged_once(staff_client: Client, twins: Twins, propose: Propose) -> None:
    pair = propose(*twins)
    assert decide(staff_client, pair, "merge")[0] == 200
    status, page = decide(staff_client, pair, "merge")
    assert status == 200 and "are one now" in page
    assert Merge.objects.count() == 1


def test_nonsense_is_refused(staff_client: Client, twins: Twins, propose: Propose) -> None:
    pair = propose(*twins)
    assert decide(staff_client, pair, "perhaps")[0] == 409
    assert staff_client.get(f"{QUEUE}{10**12}/").status_code == 404
    assert staff_client.post(f"{QUEUE}{pair.pk}/decide/", {"decision": "merge", "survivor": "9"}).status_code == 302
    assert staff_client.get(QUEUE, {"after": "x"}).status_code == 200
    assert not Merge.objects.exists()


def test_strangers_see_and_decide_nothing(client: Client, stranger: User, twins: Twins, propose: Propose) -> None:
    pair = propose(*twins)
    client.force_login(stranger)
    for address in (
        QUEUE,
        f"{QUEUE}{pair.pk}/",
        f"{QUEUE}looking/",
        f"{QUEUE}{pair.pk}/why/",
        "/duplicates/",
        "/merges/",
    ):
        assert client.get(address).status_code in (403, 404)
    for address in (f"{QUEUE}{pair.pk}/decide/", f"{QUEUE}{pair.pk}/take-back/", f"{QUEUE}look/"):
        assert client.post(address, {"decision": "merge"}).status_code in (403, 404)
    assert not Merge.objects.exists() and not BackgroundTask.objects.exists()


def test_the_page_costs_the_same_whatever_hangs_on_the_two(
    staff_client: Client, staff: User, twins: Twins, propose: Propose
) -> None:
    propose(*twins)

    def cost() -> int:
        return statements(lambda: staff_client.get(QUEUE))

    few = cost()
    for number in range(15):
        actions.add_contact_point(twins[0], "mail", f"mei{number}@corp.tw", by=staff)
        propose(twins[0], actions.create_party(by=staff, name=f"王美{number}"), 0.9)
    assert cost() <= few <= MOST_QUERIES


def test_looking_now_shows_how_far_it_is(staff_client: Client) -> None:
    answer = staff_client.post(f"{QUEUE}look/", headers=HTMX).content.decode()
    assert "Looking for duplicates" in answer and "every 2s" in answer
    task = BackgroundTask.objects.get()
    assert task.function == tasks.find_duplicates.module_path
    BackgroundTask.objects.update(state="done")
    done = staff_client.get(f"{QUEUE}looking/")
    assert "looked" in done["HX-Trigger"] and "every 2s" not in done.content.decode()


def test_the_list_of_pairs_and_the_count_in_the_side_bar(staff_client: Client, twins: Twins, propose: Propose) -> None:
    pair = propose(*twins)
    page = staff_client.get("/duplicates/").content.decode()
    assert f"{QUEUE}{pair.pk}/" in page and "95 %" in page and "王美鈴" in page
    assert '<span class="count">1</span>' in page
    assert f"{QUEUE}{pair.pk}/" not in staff_client.get("/duplicates/", {"f.state": "merged"}).content.decode()


def test_a_waterfall_goes_from_the_prior_to_the_sum() -> None:
    found = waterfall(WEIGHTS[1:] + WEIGHTS[:1])
    assert found is not None
    assert [step.bits for step in found.steps] == ["−12.5", "+9.2", "+11.5", "−2.0"]
    assert found.steps[0].is_prior and [step.tone for step in found.steps[1:]] == ["up", "up", "down"]
    assert found.total.bits == "+6.2"
    for step in (*found.steps, found.total):
        assert float(step.x) >= 0 and float(step.x) + float(step.width) <= 1000.1
    one, two = found.steps[1], found.steps[2]
    assert float(two.x) == pytest.approx(float(one.x) + float(one.width), abs=0.2)
    assert waterfall([]) is None
    assert waterfall([{"field": "prior", "bits": 0}]) is not None
    infinite = waterfall([{"field": "prior", "bits": float("inf")}, {"field": "x", "bits": None}])
    assert infinite is not None and float(infinite.total.width) <= 1000.1


@pytest.mark.parametrize(
    ("probability", "words"),
    [(0.5, "50 %"), (0.95, "95 %"), (0.999, "99.9 %"), (0.99995, "99.99 %"), (1.0, "100 %"), (None, "")],
)
def test_a_probability_has_as_many_nines_as_it_needs(probability: float | None, words: str) -> None:
    assert percent(probability) == words


def test_sure_pairs_that_could_not_be_merged_wait_too(staff_client: Client, twins: Twins, propose: Propose) -> None:
    deciding.set_matching(merge_from=0.99, ask_from=0.9, by_itself=True, by=SYSTEM)
    propose(*twins, 0.9995)
    assert "99.9 %" in staff_client.get(QUEUE).content.decode()
