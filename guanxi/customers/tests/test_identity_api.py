"""Merging, undoing and deciding by the API: allowed and denied, old numbers lead to the survivor."""

from __future__ import annotations

from typing import Any

import pytest

from guanxi.customers import actions
from guanxi.customers.models import MatchPair, Merge, Party
from guanxi.foundation.models import User

pytestmark = pytest.mark.django_db


def post(api: Any, url: str, body: dict[str, Any] | None = None) -> Any:
    return api.post(url, body or {}, content_type="application/json")


@pytest.fixture
def three(staff: User) -> list[Party]:
    return [
        actions.create_party(by=staff, name=name, city=city)
        for name, city in (("王美玲", "台北"), ("王美鈴", "台中"), ("Wang Meiling", ""))
    ]


def test_merged_and_undone(api: Any, three: list[Party]) -> None:
    mei, twin, latin = (party.pk for party in three)
    merged = post(
        api, f"/api/v1/parties/{mei}/merge", {"others": [twin, latin], "choices": {"name": mei, "city": twin}}
    )
    assert merged.status_code == 200
    assert (merged.json()["id"], merged.json()["name"], merged.json()["city"]) == (mei, "王美玲", "台中")
    assert api.get(f"/api/v1/parties/{twin}").json()["id"] == mei
    made = post(api, "/api/v1/orders", {"party": twin, "lines": [{"description": "茶", "amount": "5"}]})
    assert made.status_code == 201 and made.json()["party"] == mei
    assert len(api.get("/api/v1/parties").json()["items"]) == 1
    known = api.get(f"/api/v1/merges?party={mei}&undone=false").json()["items"]
    assert {row["merged"] for row in known} == {twin, latin}
    back = post(api, f"/api/v1/merges/{next(row['id'] for row in known if row['merged'] == twin)}/undo")
    assert (back.json()["id"], back.json()["city"]) == (twin, "台中")
    assert api.get(f"/api/v1/parties/{mei}").json()["city"] == "台北"
    again = post(api, f"/api/v1/merges/{known[0]['id']}/undo")
    assert again.status_code in (200, 422)


def test_pairs_are_listed_and_decided(api: Any, three: list[Party]) -> None:
    pair = MatchPair.objects.create(
        low=three[0], high=three[1], probability=0.9, weights=[{"field": "prior", "bits": -9}]
    )
    listed = api.get("/api/v1/duplicates?state=open&least=0.5").json()["items"]
    assert [row["id"] for row in listed] == [pair.pk]
    assert post(api, f"/api/v1/duplicates/{pair.pk}", {"decision": "later"}).json()["state"] == "later"
    assert post(api, f"/api/v1/duplicates/{pair.pk}", {"decision": "open"}).json()["state"] == "open"
    merged = post(api, f"/api/v1/duplicates/{pair.pk}", {"decision": "merge", "survivor": three[1].pk})
    assert merged.json()["state"] == "merged"
    assert Merge.objects.get().survivor_id == three[1].pk
    late = post(api, f"/api/v1/duplicates/{pair.pk}", {"decision": "different"})
    assert late.status_code == 422 and "decided meanwhile" in late.json()["detail"]


def test_bad_input_is_told(api: Any, three: list[Party]) -> None:
    mei = three[0].pk
    for others, status in (([mei], 422), ([10**12], 422), ([], 422)):
        assert post(api, f"/api/v1/parties/{mei}/merge", {"others": others}).status_code == status
    assert post(api, "/api/v1/merges/999/undo").status_code == 404
    assert post(api, "/api/v1/duplicates/999", {"decision": "merge"}).status_code == 404
    assert post(api, "/api/v1/parties/likely", {"name": "王美玲"}).status_code == 200
