"""Sensitive fields are shown on none of the screens of identity."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.test import Client

from guanxi.customers import actions
from guanxi.customers.models import MatchPair, Merge, Party, SourceRecord
from guanxi.customers.tests.identity.conftest import Propose
from guanxi.foundation import hooks
from guanxi.foundation.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def city_is_sensitive() -> Iterator[None]:
    with hooks.registered("sensitive_fields", lambda label: ["city"] if label == "customers.party" else []):
        yield


def test_no_screen_shows_a_sensitive_value(
    staff_client: Client,
    staff: User,
    twins: tuple[Party, Party],
    propose: Propose,
    tell: Callable[..., SourceRecord],
    city_is_sensitive: None,
) -> None:
    mei, twin = twins
    said = tell(mei, "till", 3, city="台北")
    pair = propose(mei, twin)
    ids = f"{mei.pk},{twin.pk}"
    addresses = [
        "/customers/duplicates/",
        f"/customers/duplicates/{pair.pk}/why/",
        f"/customers/merge/?ids={ids}",
        f"/customers/merge/preview/?ids={ids}&choice.city={mei.pk}",
        f"/customers/{mei.pk}/story/city/",
        f"/source-records/{said.pk}/",
    ]
    for address in addresses:
        page = staff_client.get(address).content.decode()
        assert "台北" not in page and "高雄" not in page, address
        assert "•••" in page or "why" in address
    assert "Use this one" not in staff_client.get(f"/customers/{twin.pk}/story/city/").content.decode()
    actions.merge_parties(mei, [twin], by=staff, choices={"city": twin.pk})
    record = staff_client.get(f"/merges/{Merge.objects.get().pk}/").content.decode()
    assert "高雄" not in record and "•••" in record
    assert MatchPair.objects.get().state == "merged"
