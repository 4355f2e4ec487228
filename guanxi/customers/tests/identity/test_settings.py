"""The settings of identity over HTTP: thresholds, rules, trust, junk."""

from __future__ import annotations

import pytest
from django.test import Client

from guanxi.customers import actions
from guanxi.customers.actions import matching as deciding
from guanxi.customers.identity.histogram import histogram
from guanxi.customers.models import FieldRule, JunkValue, MatchingSettings, Party, Source
from guanxi.customers.tests.identity.conftest import Propose
from guanxi.foundation.models import User

pytestmark = pytest.mark.django_db
SETTINGS = "/customers/identity/settings/"
Twins = tuple[Party, Party]


def test_what_thresholds_would_do_before_they_are_set(
    staff_client: Client, staff: User, twins: Twins, propose: Propose
) -> None:
    third = actions.create_party(by=staff, name="王美伶")
    propose(*twins, 0.97)
    propose(twins[0], third, 0.85)
    page = staff_client.get(SETTINGS).content.decode()
    assert 'value="99.9"' in page and 'value="80"' in page and "王美伶" in page
    asked = {"merge_from": "95", "ask_from": "90"}
    outlook = staff_client.get(f"{SETTINGS}outlook/", asked).content.decode()
    assert outlook.count('<div class="kpi-value">1</div>') == 1 and '<div class="kpi-value">0</div>' in outlook
    assert "switched off" in outlook and "≥ 99.5 %" in outlook
    assert "just above" in outlook and "just below" in outlook and "<rect" in outlook
    assert MatchingSettings.objects.get().merge_from == 0.999
    wrong = staff_client.get(f"{SETTINGS}outlook/", {"merge_from": "50", "ask_from": "90"}).content.decode()
    assert "at least as probable" in wrong
    assert staff_client.get(f"{SETTINGS}outlook/", {"merge_from": "x"}).status_code == 200


def test_thresholds_are_set_and_refused(staff_client: Client) -> None:
    good = staff_client.post(SETTINGS, {"merge_from": "99.95", "ask_from": "75", "by_itself": "on"})
    assert good.status_code == 302
    chosen = deciding.settings()
    assert (chosen.merge_from, chosen.ask_from, chosen.by_itself) == (0.9995, 0.75, True)
    for wrong in ({"merge_from": "50", "ask_from": "75"}, {"merge_from": "", "ask_from": "1"}, {"ask_from": "120"}):
        answer = staff_client.post(SETTINGS, wrong)
        assert answer.status_code == 422 and "field-error" in answer.content.decode()
    assert deciding.settings().merge_from == 0.9995


def test_rules_and_trust(staff_client: Client) -> None:
    assert staff_client.post(f"{SETTINGS}rules/", {"field": "city", "rule": "newest"}).status_code == 200
    assert FieldRule.objects.get().rule == "newest"
    assert staff_client.post(f"{SETTINGS}rules/", {"field": "shoe", "rule": "newest"}).status_code == 422
    assert staff_client.post(f"{SETTINGS}rules/", {"field": "city", "rule": "loudest"}).status_code == 422
    till = Source.objects.create(code="till", name="Till", trust=50)
    hand = Source.objects.create(code="hand", name="By hand", trust=100)
    assert staff_client.post(f"{SETTINGS}sources/{till.pk}/", {"trust": "70"}).status_code == 200
    till.refresh_from_db()
    assert till.trust == 70
    for source, value in ((till, "100"), (till, "-1"), (till, "much"), (hand, "5")):
        answer = staff_client.post(f"{SETTINGS}sources/{source.pk}/", {"trust": value})
        assert answer.status_code == 422 and "field-error" in answer.content.decode()
    assert staff_client.post(f"/sources/{till.pk}/fact/trust/", {"value": "30", "seen": "70"}).status_code == 200
    till.refresh_from_db()
    assert till.trust == 30


def test_junk_is_added_and_removed(staff_client: Client) -> None:
    page = staff_client.get(SETTINGS).content.decode()
    assert "noreply@" in page and "1900-01-01" in page
    added = staff_client.post(f"{SETTINGS}junk/", {"kind": "mail", "value": "Laden@corp.tw", "note": "門市"})
    assert "laden@corp.tw" in added.content.decode()
    again = staff_client.post(f"{SETTINGS}junk/", {"kind": "mail", "value": "laden@corp.tw"})
    assert again.status_code == 422 and "on the list already" in again.content.decode()
    assert staff_client.post(f"{SETTINGS}junk/", {"kind": "mail", "value": ""}).status_code == 422
    row = JunkValue.objects.get()
    for _twice in range(2):
        assert staff_client.post(f"{SETTINGS}junk/{row.pk}/").status_code == 200
    assert not JunkValue.objects.exists()


def test_strangers_set_nothing(client: Client, stranger: User) -> None:
    client.force_login(stranger)
    assert client.get(SETTINGS).status_code == 403
    assert client.get(f"{SETTINGS}outlook/").status_code == 403
    assert client.post(SETTINGS, {"merge_from": "99", "ask_from": "75"}).status_code == 403
    assert client.post(f"{SETTINGS}rules/", {"field": "city", "rule": "newest"}).status_code == 403
    assert client.post(f"{SETTINGS}junk/", {"kind": "mail", "value": "a@b.tw"}).status_code == 403
    assert not FieldRule.objects.exists() and not JunkValue.objects.exists()


def test_the_histogram_stands_where_the_thresholds_are() -> None:
    spans = [(0.2, 0.5, 100), (0.5, 0.9, 10), (0.9, 1.0, 0), (1.0, 1.0, 1)]
    found = histogram(spans, 0.95, 0.5)
    assert [bar.tone for bar in found.bars] == ["left", "asked", "merged", "merged"]
    assert (found.ask_x, found.merge_x) == ("250.0", "625.0")
    assert found.bars[2].height == "0.0" and float(found.bars[0].height) == 120
    assert histogram(spans, 1.0, 1.0).merge_x == "750.0"
    assert histogram([], 1.0, 0.5).bars == []
