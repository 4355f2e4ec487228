"""May we contact somebody, and why (not): the rule for one and for many, asking, confirming, taking back."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pyarrow as pa
import pytest
from django.core import mail
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guanxi.customers import actions, contacting, purposes, queries, sending
from guanxi.customers.models import Consent, ContactPoint, OptIn, Party, Restriction
from guanxi.foundation import bulk, clock
from guanxi.foundation.actions import Refused
from guanxi.foundation.models import User
from guanxi.foundation.visibility import SYSTEM

NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)


@pytest.fixture
def mei(staff: User) -> Party:
    return actions.create_party(
        by=staff, name="王美玲", mail="mei@example.com", phone="0912 345 678", language="zh-hant"
    )


def why(party: Party, purpose: str = "marketing", channel: str = "mail", at: datetime | None = None) -> str:
    return queries.may_contact(party, purpose, channel, SYSTEM, at=at).why


def test_nobody_is_written_to_who_never_agreed(mei: Party) -> None:
    assert why(mei) == "never"
    assert why(mei, "service") == "contract"
    assert why(mei, "nonsense") == why(mei, "marketing", "fax") == "purpose"


def test_the_newest_word_counts_whatever_the_channel(mei: Party, staff: User) -> None:
    day = clock.now() - timedelta(days=10)
    actions.give_consent(mei, "marketing", "any", by=staff, at=day)
    assert why(mei) == "consent"
    actions.withdraw_consent(mei, "marketing", "mail", by=staff, at=day + timedelta(days=1))
    assert why(mei) == "withdrawn" and why(mei, channel="phone") == "consent"
    assert why(mei, at=day + timedelta(hours=1)) == "consent"


def test_a_consent_lapses_after_its_months(mei: Party, staff: User) -> None:
    actions.give_consent(mei, "marketing", "mail", by=staff, at=NOW)
    assert why(mei, at=NOW + timedelta(days=3 * 365)) == "consent"
    assert why(mei, at=NOW + timedelta(days=3 * 366)) == "lapsed"
    actions.set_purpose("marketing", by=staff, months=1)
    assert why(mei, at=NOW + timedelta(days=29)) == "consent"
    assert why(mei, at=NOW + timedelta(days=31)) == "lapsed"
    actions.give_consent(mei, "marketing", "mail", by=staff, at=NOW, lapses_at=NOW + timedelta(days=400))
    assert why(mei, at=NOW + timedelta(days=300)) == "consent"


def test_what_stands_against_it_comes_first(mei: Party, staff: User) -> None:
    actions.give_consent(mei, "marketing", "any", by=staff)
    objection = actions.restrict(mei, "object", purpose="marketing", by=staff)
    assert why(mei) == "objected" and why(mei, "service") == "contract"
    actions.lift_restriction(objection.pk, by=staff)
    assert why(mei) == "consent"
    actions.restrict(mei, "object", by=staff)
    assert why(mei) == "objected" and why(mei, "service") == "contract"
    actions.restrict(mei, "restrict", by=staff)
    assert why(mei, "service") == "restricted"


def test_the_young_and_the_unreachable_are_left_in_peace(mei: Party, staff: User) -> None:
    actions.give_consent(mei, "marketing", "any", by=staff)
    assert why(mei, channel="post") == "no_address"
    actions.edit_party(mei.pk, {"date_of_birth": clock.today() - timedelta(days=17 * 365)}, by=staff)
    assert why(mei) == "minor" and why(mei, "service") == "contract"


def test_nobody_is_rung_up_at_night(mei: Party, staff: User) -> None:
    actions.give_consent(mei, "marketing", "any", by=staff, at=NOW)
    actions.set_purpose("marketing", by=staff, quiet_from=time(21), quiet_until=time(8))
    assert why(mei, channel="phone", at=NOW.replace(hour=23)) == "quiet"
    assert why(mei, channel="phone", at=NOW + timedelta(hours=1)) == "consent"
    assert why(mei, channel="mail", at=NOW.replace(hour=23)) == "consent"


def test_what_was_withdrawn_for_a_part_counts_for_the_whole(mei: Party, staff: User) -> None:
    other = actions.create_party(by=staff, name="王美玲", mail="mei@work.example")
    actions.give_consent(mei, "marketing", "mail", by=staff, at=clock.now() - timedelta(days=2))
    actions.withdraw_consent(other, "marketing", "mail", by=staff, at=clock.now() - timedelta(days=1))
    actions.merge_parties(mei, [other], by=staff)
    assert why(mei) == "withdrawn" and why(other) == "withdrawn"


# One for many ---------------------------------------------------------------------------------------------------------

channels = st.sampled_from(["mail", "phone", "any"])
moments = st.integers(0, 60).map(lambda days: NOW - timedelta(days=days))
words = st.tuples(channels, st.booleans(), st.sampled_from(Consent.Basis.values), moments, st.none() | moments)
against = st.sampled_from(["", "marketing", "service"])
limits = st.tuples(st.sampled_from(Restriction.Kind.values), against, moments, st.booleans())
people = st.fixed_dictionaries(
    {
        "born": st.none() | st.dates(date(2005, 1, 1), date(2010, 12, 31)),
        "kinds": st.sets(st.sampled_from(["mail", "phone", "card"])),
        "words": st.lists(words, max_size=4),
        "limits": st.lists(limits, max_size=2),
        "asked": st.none() | st.tuples(channels, moments),
    }
)


@pytest.mark.django_db(transaction=True)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(people, min_size=4, max_size=10), st.sampled_from(["marketing", "service"]), channels)
def test_the_rule_is_the_same_for_many(drawn: list[dict[str, Any]], purpose: str, channel: str) -> None:
    actions.set_purpose("marketing", by=SYSTEM, months=1, quiet_from=time(11), quiet_until=time(11, 30))
    parties = [made(number, one, purpose) for number, one in enumerate(drawn)]
    with bulk.session() as db:
        found = contacting.contactable(db, purpose, channel, parties=pa.array([p.pk for p in parties]), at=NOW)
    many = {row["party_id"]: (row["allowed"], row["why"]) for row in found.to_pylist()}
    answers = {party.pk: contacting.may_contact(party, purpose, channel, SYSTEM, at=NOW) for party in parties}
    assert many == {number: (answer.allowed, answer.why) for number, answer in answers.items()}


def made(number: int, drawn: dict[str, Any], purpose: str) -> Party:
    party = Party.objects.create(name=f"客戶{number}", date_of_birth=drawn["born"])
    for kind in drawn["kinds"]:
        ContactPoint.objects.create(party=party, kind=kind, value=f"{kind}{number}", key=f"{kind}{number}")
    for channel, said, basis, at, ends in drawn["words"]:
        Consent.objects.create(
            party=party, purpose=purpose, channel=channel, given=said, basis=basis, at=at, lapses_at=ends
        )
    for kind, against, since, lifted in drawn["limits"]:
        Restriction.objects.create(
            party=party, kind=kind, purpose=against, since=since,
            lifted_at=since + timedelta(days=30) if lifted else None,
        )  # fmt: skip
    if drawn["asked"]:
        channel, at = drawn["asked"]
        OptIn.objects.create(
            party=party, purpose=purpose, channel=channel, address="a@example.com", text="?", language="en",
            asked_at=at, expires_at=at + timedelta(days=14),
        )  # fmt: skip
    return party


# Asking and confirming ------------------------------------------------------------------------------------------------


def link_in(text: str) -> str:
    found = re.search(r"https?://[^/]+(/\S+)", text)
    assert found
    return found[1]


def test_consent_is_asked_for_and_confirmed_once(mei: Party, staff: User, client: Client) -> None:
    actions.write_text("marketing", "zh-hant", "我同意收到優惠消息。", by=staff)
    row = actions.request_consent(mei, "marketing", by=staff)
    assert why(mei) == "pending"
    (message,) = mail.outbox
    assert message.to == ["mei@example.com"] and "我同意收到優惠消息。" in message.body
    link = link_in(message.body)
    assert "我同意收到優惠消息。" in client.get(link).content.decode()  # as a scanner would
    assert why(mei) == "pending"
    assert client.post(link).status_code == 200 and client.post(link).status_code == 200
    assert why(mei) == "consent"
    (consent,) = mei.consents.all()
    assert consent.proof["text"] == "我同意收到優惠消息。" and consent.proof["version"] == 1
    assert consent.proof["mail"] == "mei@example.com" and consent.proof["confirmed_from"] == "127.0.0.1"
    assert mei.contact_points.get(kind="mail").verified_at
    actions.withdraw_consent(mei, "marketing", "mail", by=staff)
    client.post(link)  # an old link gives nothing back
    assert why(mei) == "withdrawn"
    row.refresh_from_db()
    assert row.confirmed_at


def test_an_old_or_broken_link_confirms_nothing(mei: Party, staff: User, client: Client) -> None:
    actions.request_consent(mei, "marketing", by=staff)
    link = link_in(mail.outbox[0].body)
    OptIn.objects.update(expires_at=clock.now() - timedelta(days=1))
    assert client.post(link).status_code == 410
    assert client.get(link[:-3] + "/").status_code == 404
    assert not mei.consents.exists()


def test_who_restricted_his_data_is_not_even_asked(mei: Party, staff: User) -> None:
    actions.restrict(mei, "restrict", by=staff)
    with pytest.raises(Refused, match="restricted"):
        actions.request_consent(mei, "marketing", by=staff)
    assert not mail.outbox


def test_nothing_is_sent_without_asking_the_rule(mei: Party, staff: User) -> None:
    with pytest.raises(Refused, match="not agreed"):
        sending.send_mail(mei, "marketing", "特賣", "全館八折", by=staff)
    actions.give_consent(mei, "marketing", "mail", by=staff)
    sending.send_mail(mei, "marketing", "特賣", "全館八折", by=staff)
    (message,) = mail.outbox
    assert message.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    sending.send_mail(mei, "service", "您的訂單", "已出貨", by=staff)
    assert "List-Unsubscribe" not in mail.outbox[1].extra_headers


# The page of choices --------------------------------------------------------------------------------------------------


@pytest.fixture
def choices(mei: Party, staff: User) -> str:
    actions.give_consent(mei, "marketing", "mail", by=staff, at=clock.now() - timedelta(days=3))
    return link_in(sending.preferences_url(mei, "marketing", "mail"))


def test_one_click_takes_back_and_looking_does_not(mei: Party, choices: str) -> None:
    scanner = Client(enforce_csrf_checks=True)
    assert scanner.get(choices).status_code == 200 and scanner.head(choices).status_code == 200
    assert scanner.post(choices, {"List-Unsubscribe": "nonsense", "withdraw": "1"}).status_code == 200
    assert why(mei) == "consent"  # only the button or the one click counts
    answer = scanner.post(choices, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200 and not answer.content
    assert why(mei) == "withdrawn"
    assert mei.consents.order_by("-id")[0].proof["form"] == "one click (RFC 8058)"


def test_customers_choose_for_themselves(mei: Party, client: Client, choices: str) -> None:
    page = client.get(choices).content.decode()
    assert 'value="marketing.mail" id="choice-marketing.mail" checked' in page and "service." not in page
    client.post(choices, {"save": "yes", "choice": ["marketing.phone", "research.mail"]})
    assert (why(mei), why(mei, channel="phone"), why(mei, "research")) == ("withdrawn", "consent", "consent")
    assert mei.consents.filter(purpose="research").get().proof["text"]
    count = mei.consents.count()
    client.post(choices, {"save": "yes", "choice": ["marketing.phone", "research.mail"]})
    assert mei.consents.count() == count  # nothing new, nothing written
    client.post(choices, {"withdraw_all": "yes"})
    assert why(mei, channel="phone") == why(mei, "research") == "withdrawn"


@pytest.mark.parametrize(("language", "words"), [("zh-hant", 'lang="zh-hant"'), ("en", "What you get from us")])
def test_the_page_speaks_three_languages(client: Client, choices: str, language: str, words: str) -> None:
    assert words in client.get(f"{choices}?language={language}").content.decode()


def test_the_page_does_not_answer_without_end(client: Client, choices: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from guanxi.customers.rights import public

    monkeypatch.setattr(public, "MOST", 3)
    assert [client.get(choices).status_code for _ in range(5)][-1] == 429


# Reports --------------------------------------------------------------------------------------------------------------


def test_the_report_counts_and_leads_to_the_customers(mei: Party, staff: User, staff_client: Client) -> None:
    asked = actions.create_party(by=staff, name="李大同", mail="lee@example.com")
    actions.request_consent(asked, "marketing", by=staff)
    old = actions.create_party(by=staff, name="陳小華", mail="chen@example.com")
    actions.give_consent(old, "marketing", "mail", by=staff, at=purposes.earlier(clock.now(), 40))
    soon = actions.create_party(by=staff, name="林志明", mail="lin@example.com")
    actions.give_consent(soon, "marketing", "mail", by=staff, at=purposes.earlier(clock.now(), 36) + timedelta(days=20))
    actions.give_consent(mei, "marketing", "mail", by=staff)
    assert staff_client.get("/rights/").status_code == 200
    names = {"given": "王美玲", "pending": "李大同", "lapsed": "陳小華"}
    for state, name in names.items():
        page = staff_client.get("/customers/", {"f.consent": f"marketing.mail.{state}"}).content.decode()
        assert name in page and not any(other in page for other in set(names.values()) - {name})
    page = staff_client.get("/customers/", {"f.lapsing": "30"}).content.decode()
    assert "林志明" in page and "王美玲" not in page
    assert "confirmed" in staff_client.get("/customers/", {"f.consent": "marketing.mail.pending"}).content.decode()
    assert staff_client.get("/consents/").status_code == 200
    assert "王美玲" in b"".join(staff_client.get("/consents/export.csv").streaming_content).decode()


def test_purposes_are_set_on_a_page(staff_client: Client) -> None:
    assert staff_client.get("/rights/purposes/").status_code == 200
    sent = {"basis": "consent", "months": "12", "name_en": "Offers", "text_en": "I agree to offers."}
    assert staff_client.post("/rights/purposes/marketing/", sent).status_code == 302
    assert purposes.every()["marketing"].months == 12
    assert purposes.text_of("marketing", "en") == purposes.Text("I agree to offers.", "en", 1)
    new = {"code": "events", "basis": "consent", "name_en": "Invitations", "public": "on"}
    assert staff_client.post("/rights/purposes/new/", new).status_code == 302
    assert "events" in purposes.every()
