"""Known customers follow a changed rule or trust in the background, as if each had been derived by himself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from guanxi.customers import actions, deriving, following, profile
from guanxi.customers.following import follow_rules
from guanxi.customers.models import Party, Source, SourceRecord
from guanxi.customers.survivorship import FIELDS
from guanxi.foundation.models import AuditEntry
from guanxi.foundation.search.models import Document
from guanxi.foundation.tasks.models import BackgroundTask
from guanxi.foundation.visibility import SYSTEM
from guanxi.intake.tests.conftest import take_in
from guanxi.ledger.models import Event

__all__ = ["take_in"]
Import = Callable[..., Any]
HEAD = "id,name,city,mail,age\n"
SETTINGS = "/customers/identity/settings/"


def wishes() -> list[str]:
    return list(BackgroundTask.objects.filter(unique_key=following.FOLLOW).values_list("state", flat=True))


@pytest.fixture
def two_sources(take_in: Import) -> Source:
    """Two customers of whom till and web say different things, one of whom only the till speaks; the web is trusted
    less."""
    people = (
        "1,王美玲,台北,mei@example.com,25-34\n2,陳志明,台中,ming@example.com,35-44\n3,林雅婷,台南,ya@example.com,\n"
    )
    take_in("parties", HEAD + people, source="till")
    web = Source.objects.create(code="web", name="Web", trust=30)
    more = ",王美玲,高雄市左營區,mei@example.com,45-54\n,陳志明,台中,ming@example.com,\n"
    take_in("parties", HEAD + more, name="web.csv", source="web")
    return web


def test_a_changed_trust_reaches_known_customers(two_sources: Source) -> None:
    mei = Party.objects.get(name="王美玲")
    assert (mei.city, mei.profile) == ("台北", {"age": "25-34"})
    events = Event.objects.filter(kind="party.changed").count()
    actions.set_trust(two_sources.pk, 80, by=SYSTEM)
    actions.set_trust(two_sources.pk, 90, by=SYSTEM)
    actions.set_trust(two_sources.pk, 90, by=SYSTEM)
    assert wishes() == ["waiting"]
    assert follow_rules.call() == {"customers": 2, "changed": 1}
    changed_at = mei.changed_at
    mei.refresh_from_db()
    assert (mei.city, mei.profile) == ("高雄市左營區", {"age": "45-54"}) and mei.changed_at > changed_at
    event = Event.objects.filter(kind="party.changed").latest("id")
    assert Event.objects.filter(kind="party.changed").count() == events + 1
    changes = {"city": ["台北", "高雄市左營區"], "profile.age": ["25-34", "45-54"]}
    assert (event.party, event.payload) == (mei, {"source": "rules", "changes": changes})
    entry = AuditEntry.objects.latest("id")
    assert (entry.object_id, entry.changes) == (None, {"changed_by_rules": [None, 1]})
    found = Document.objects.get(title="王美玲")
    assert "左營" in found.subtitle and "mei@example.com" in found.text
    assert follow_rules.call() == {"customers": 2, "changed": 0}
    assert AuditEntry.objects.latest("id") == entry


def test_the_customers_own_correction_stays(two_sources: Source, staff: Any) -> None:
    mei = Party.objects.get(name="王美玲")
    actions.edit_party(mei.pk, {"city": "花蓮"}, by=staff)
    actions.set_trust(two_sources.pk, 99, by=SYSTEM)
    follow_rules.call()
    mei.refresh_from_db()
    assert (mei.city, mei.profile["age"]) == ("花蓮", "45-54")


def test_a_changed_rule_gives_what_one_by_one_gives(
    two_sources: Source, take_in: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one source alone, the most complete word may be the earlier."""
    third = "3,林雅婷,台南市安平區健康路,ya@example.com,\n3,林雅婷,台南,ya@example.com,55-64\n"
    take_in("parties", HEAD + third, name="c.csv", source="till")
    monkeypatch.setattr(following, "CHUNK", 1)
    for rule in ("complete", "newest", "frequent", "trusted"):
        for field in ("city", "name", "profile.age"):
            actions.set_rule(field, rule, by=SYSTEM)
        follow_rules.call()
        for party in Party.objects.all():
            alone = deriving.derived(deriving.said_of(party))
            stored = {name: getattr(party, name) for name in [*FIELDS, "profile"]}
            assert stored == {name: alone[name] for name in stored}, rule
        if rule == "complete":
            assert Party.objects.filter(city__in=["台南市安平區健康路", "高雄市左營區"]).count() == 2
            assert Event.objects.filter(payload__source="rules").count() == 2


def test_numbers_and_truths_keep_their_type(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    declared = [
        profile.ProfileField("shoes", "Shoes", profile.NUMBER),
        profile.ProfileField("glasses", "Glasses", profile.YES_NO),
    ]
    monkeypatch.setattr(profile, "fields", lambda: declared)
    party = actions.create_party(by=SYSTEM, name="王美玲")
    till, web = (
        Source.objects.create(code=code, name=code, trust=trust) for code, trust in (("till", 50), ("web", 40))
    )
    at = datetime(2026, 1, 5, tzinfo=UTC)
    for source, shoes, glasses in ((till, 38, False), (web, 38.5, True)):
        payload = {"profile.shoes": shoes, "profile.glasses": glasses}
        SourceRecord.objects.create(source=source, party=party, payload=payload, digest=source.code, received_at=at)
    follow_rules.call()
    party.refresh_from_db()
    assert party.profile == {"shoes": 38, "glasses": False} and party.profile["glasses"] is False
    assert follow_rules.call()["changed"] == 0
    actions.set_trust(web.pk, 60, by=SYSTEM)
    follow_rules.call()
    party.refresh_from_db()
    assert party.profile == {"shoes": 38.5, "glasses": True}


def test_the_page_of_settings_says_so(two_sources: Source, staff_client: Client) -> None:
    answer = staff_client.post(f"{SETTINGS}rules/", {"field": "city", "rule": "newest"}).content.decode()
    assert "Customers follow the rules" in answer and "every 2s" in answer
    assert staff_client.post(f"{SETTINGS}sources/{two_sources.pk}/", {"trust": "70"})["HX-Trigger"] == "followed"
    assert wishes() == ["waiting"]
    task = BackgroundTask.objects.get(unique_key=following.FOLLOW)
    result = follow_rules.call()
    BackgroundTask.objects.filter(pk=task.pk).update(state="done", result=result, finished_at=task.enqueued_at)
    answer = staff_client.get(f"{SETTINGS}rules/following/").content.decode()
    assert "1 customer changed" in answer and "every 2s" not in answer
    assert "1 customer changed" in staff_client.get(SETTINGS).content.decode()
    staff_client.logout()
    assert staff_client.get(f"{SETTINGS}rules/following/").status_code in (302, 403)
