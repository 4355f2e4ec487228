"""Merging by hand, undoing, and where merged customers are found, over HTTP."""

from __future__ import annotations

import pytest
from django.test import Client

from guanxi.customers import actions
from guanxi.customers.models import Merge, Party
from guanxi.foundation.models import User
from tests.costs import statements

pytestmark = pytest.mark.django_db
MERGE = "/customers/merge/"
Twins = tuple[Party, Party]


def ids(*parties: Party) -> str:
    return ",".join(str(party.pk) for party in parties)


def text(answer: object) -> str:
    return answer.content.decode()  # type: ignore[no-any-return]


def test_the_screen_shows_values_rules_and_what_goes_over(staff_client: Client, twins: Twins) -> None:
    mei, twin = twins
    page = text(staff_client.get(MERGE, {"ids": ids(mei, twin)}))
    assert page.count('name="choice.city"') == 2 and page.count('name="survivor"') == 2
    assert "By hand" in page and "律師" in page and "by rule" in page
    assert "Orders" in page and "Contact points" in page
    preview = text(staff_client.get(f"{MERGE}preview/", {"ids": ids(mei, twin), "choice.city": mei.pk}))
    assert "<dd>台北" in preview and "chosen" in preview
    assert "<dd>高雄" in text(staff_client.get(f"{MERGE}preview/", {"ids": ids(mei, twin)}))


def test_merged_with_choices_and_undone(staff_client: Client, staff: User, twins: Twins) -> None:
    mei, twin = twins
    third = actions.create_party(by=staff, name="王美伶", city="台中")
    sent = {"ids": ids(mei, twin, third), "survivor": twin.pk, "choice.city": mei.pk, "choice.name": third.pk}
    answer = staff_client.post(MERGE, sent, follow=True)
    assert answer.redirect_chain[-1][0] == f"/customers/{twin.pk}/"
    page = text(answer)
    assert "3 customers are one now" in page and "Also known as" in page and "王美玲" in page
    twin.refresh_from_db()
    assert (twin.city, twin.name) == ("台北", "王美伶")
    by_hand = [set(merge.choices) for merge in Merge.objects.order_by("merged")]
    assert {"city"} in by_hand and all("occupation" not in choices for choices in by_hand)
    moved = staff_client.get(f"/customers/{mei.pk}/", follow=True)
    assert moved.redirect_chain == [(f"/customers/{twin.pk}/", 302)] and "is part of" in text(moved)
    undo = f"/customers/merges/{Merge.objects.get(merged=mei).pk}/undo/"
    assert "Contact points" in text(staff_client.get(undo)) and "Undo all 2 merges" in text(staff_client.get(undo))
    assert staff_client.post(undo, {"all": "1"}, follow=True).status_code == 200
    assert Party.objects.filter(merged_into=None).count() == 3
    twin.refresh_from_db()
    assert twin.city == "高雄"
    assert "was parted again" in text(staff_client.get(undo))
    assert "undone before" in text(staff_client.post(undo, follow=True))


def test_a_rule_followed_is_no_choice_by_hand(staff_client: Client, twins: Twins) -> None:
    mei, twin = twins
    staff_client.post(MERGE, {"ids": ids(mei, twin), "survivor": mei.pk, "choice.city": twin.pk})
    assert Merge.objects.get().choices == {}
    mei.refresh_from_db()
    assert mei.city == "高雄"


def test_alone_one_chooses_whom_to_merge_with(staff_client: Client, twins: Twins) -> None:
    mei, twin = twins
    assert f"{MERGE}?ids={mei.pk}" in text(staff_client.get(f"/customers/{mei.pk}/"))
    page = text(staff_client.get(MERGE, {"ids": mei.pk}))
    assert "Merge 王美玲 with" in page and "/customers/pick/" in page
    both = text(staff_client.get(MERGE, {"ids": mei.pk, "other": twin.pk}))
    assert both.count('name="survivor"') == 2
    assert "Whom do you want to merge" in text(staff_client.get(MERGE))


def test_from_the_list(staff_client: Client, twins: Twins) -> None:
    answer = staff_client.post("/customers/bulk/merge/", {"ids": [twins[1].pk, twins[0].pk]})
    assert answer["Location"] == f"{MERGE}?ids={ids(*twins)}"
    one = staff_client.post("/customers/bulk/merge/", {"ids": [twins[0].pk]}, follow=True)
    assert "at least two" in text(one)


def test_merged_meanwhile_is_said_and_nothing_done(staff_client: Client, staff: User, twins: Twins) -> None:
    mei, twin = twins
    third = actions.create_party(by=staff, name="王美伶")
    actions.merge_parties(third, [twin], by=staff)
    answer = staff_client.post(MERGE, {"ids": ids(mei, twin), "survivor": mei.pk})
    assert answer.status_code == 422
    assert "is part of 王美伶 by now" in text(answer) and f'value="{third.pk}"' in text(answer)
    assert Merge.objects.count() == 1
    gone = text(staff_client.get(MERGE, {"ids": f"{mei.pk},{10**9}"}))
    assert "no customer number" in gone


def test_other_kinds_and_too_many_are_refused(staff_client: Client, staff: User, twins: Twins) -> None:
    firm = actions.create_party(by=staff, name="大同股份有限公司", kind="organisation")
    page = text(staff_client.get(MERGE, {"ids": ids(twins[0], firm)}))
    assert "cannot be one" in page and "data-once" not in page
    assert staff_client.post(MERGE, {"ids": ids(twins[0], firm), "survivor": firm.pk}).status_code == 422
    many = [actions.create_party(by=staff, name=f"王{number}") for number in range(21)]
    assert "At most 20" in text(staff_client.get(MERGE, {"ids": ids(*many)}))
    assert staff_client.post(MERGE, {"ids": ids(*many)}).status_code == 422
    assert not Merge.objects.exists()


def test_clicked_twice_is_said_well(staff_client: Client, twins: Twins) -> None:
    sent = {"ids": ids(*twins), "survivor": twins[0].pk}
    assert staff_client.post(MERGE, sent).status_code == 302
    again = staff_client.post(MERGE, sent)
    assert again.status_code == 422 and "by now" in text(again) and Merge.objects.count() == 1


def test_strangers_merge_and_undo_nothing(client: Client, staff: User, stranger: User, twins: Twins) -> None:
    actions.merge_parties(twins[0], [twins[1]], by=staff)
    undo = f"/customers/merges/{Merge.objects.get().pk}/undo/"
    client.force_login(stranger)
    for address in (MERGE, f"{MERGE}preview/", undo, f"/customers/{twins[1].pk}/"):
        assert client.get(address).status_code == 403
    assert client.post(MERGE, {"ids": ids(*twins)}).status_code == 403
    assert client.post(undo).status_code == 403
    assert Merge.objects.get().undone_at is None


def test_the_screen_costs_the_same_for_two_and_for_ten(staff_client: Client, staff: User, twins: Twins) -> None:
    ten = [*twins, *(actions.create_party(by=staff, name=f"王美{n}", mail=f"m{n}@corp.tw") for n in range(8))]

    def cost(parties: list[Party]) -> int:
        return statements(lambda: text(staff_client.get(MERGE, {"ids": ids(*parties)})))

    assert cost(ten) <= cost(list(twins)) <= 52


def test_merges_are_listed_with_what_went_over(staff_client: Client, staff: User, twins: Twins) -> None:
    actions.merge_parties(twins[0], [twins[1]], by=staff, choices={"city": twins[1].pk})
    merge = Merge.objects.get()
    page = text(staff_client.get("/merges/"))
    assert "王美鈴" in page and "by hand" in page
    record = text(staff_client.get(f"/merges/{merge.pk}/"))
    assert "What went over" in record and "高雄" in record and f"/customers/merges/{merge.pk}/undo/" in record
