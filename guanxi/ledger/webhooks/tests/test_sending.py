"""Telling real receivers: what, to whom, how often, and what becomes of those that do not hear."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from guanxi.customers import actions as customers
from guanxi.foundation.actions import Refused
from guanxi.foundation.models import Notification, User
from guanxi.foundation.visibility import SYSTEM
from guanxi.ledger.actions import record
from guanxi.ledger.models import Event
from guanxi.ledger.webhooks import actions, outbox, posting, queue, sending
from guanxi.ledger.webhooks.models import Attempt, Delivery, Webhook
from guanxi.ledger.webhooks.posting import Message
from guanxi.ledger.webhooks.tests.receiver import Receiver

pytestmark = pytest.mark.django_db(transaction=True)


def told(webhook: Webhook) -> list[Delivery]:
    return list(Delivery.objects.filter(webhook=webhook).order_by("id"))


def overdue(**which: Any) -> None:
    """As if the time until the next attempt had passed."""
    Delivery.objects.filter(state="waiting", **which).update(due_at=timezone.now())
    Webhook.objects.update(held_until=None)


def test_the_signature_is_that_of_the_specification() -> None:
    message = Message(
        1, 1, "https://example.com", "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}',
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )  # fmt: skip
    headers = posting.headers_of(message, datetime.fromtimestamp(1614265330, UTC))
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-timestamp"] == "1614265330"


def test_what_happens_is_told_once_signed(staff: User, receiver: Receiver) -> None:
    record("call", by=staff, payload={"text": "before"})
    webhook = actions.create_webhook("Shop", receiver.url(), by=staff)
    party = customers.create_party(by=staff, name="王美玲", mail="mei@example.com")
    assert sending.run()["arrived"] == len(receiver.got) > 0
    bodies = receiver.verified(webhook.secret)
    assert "call" not in [body["type"] for body in bodies], "what happened before is not told"
    created = next(body for body in bodies if body["type"] == "party.created")
    assert created["data"]["party"] == party.pk
    assert sending.run() == {"sent": 0, "arrived": 0}
    assert {row.state for row in told(webhook)} == {"delivered"}
    log = Attempt.objects.first()
    assert log is not None and log.answer == "thank you" and log.request_headers["webhook-id"] == receiver.ids()[0]


def test_kinds_and_filters_narrow_what_is_told(staff: User, receiver: Receiver) -> None:
    address = "http://crm/events/?f.channel=web&f.party.city=Taipei&sort=-occurred_at&cols=what"
    actions.create_webhook("Web", receiver.url(), kinds=["web.visit"], query=address, by=staff)
    here = customers.create_party(by=staff, name="A", city="Taipei")
    there = customers.create_party(by=staff, name="B", city="Paris")
    wanted = record("web.visit", by=staff, party=here, channel="web")
    record("web.visit", by=staff, party=there, channel="web")
    record("web.visit", by=staff, party=here, channel="mail")
    record("call", by=staff, party=here, channel="web")
    sending.run()
    assert [headers["webhook-id"] for headers, _ in receiver.at("/ok")] == [told(Webhook.objects.get())[0].message_id]
    assert told(Webhook.objects.get())[0].event_id == wanted.pk


def test_a_failure_is_tried_again_later_with_the_same_id(staff: User, receiver: Receiver) -> None:
    webhook = actions.create_webhook("Shop", receiver.url("/fail"), by=staff)
    record("call", by=staff)
    sending.run()
    (row,) = told(webhook)
    assert (row.state, row.attempts, row.status) == ("waiting", 1, 500)
    assert timedelta(0) < row.due_at - timezone.now() <= queue.DELAYS[0]
    assert Attempt.objects.get().answer == "壞了"
    Webhook.objects.update(url=receiver.url())
    overdue()
    sending.run()
    assert receiver.ids("/ok") == receiver.ids("/fail") == [row.message_id]
    assert told(webhook)[0].state == "delivered"


def test_delays_grow_up_to_a_day_and_end(staff: User, receiver: Receiver) -> None:
    assert sorted(queue.DELAYS) == queue.DELAYS and queue.DELAYS[-1] == timedelta(days=1)
    webhook = actions.create_webhook("Shop", receiver.url("/fail"), by=staff)
    record("call", by=staff)
    sending.run()
    Delivery.objects.update(attempts=len(queue.DELAYS))
    overdue()
    sending.run()
    (row,) = told(webhook)
    assert row.state == "dead" and row.ended_at is not None
    assert "given up" in Notification.objects.get(user=staff).title
    Webhook.objects.update(url=receiver.url(), failures=0, held_until=None)
    assert actions.resend([row.pk], by=staff) == 1
    sending.run()
    assert receiver.ids("/ok") == [row.message_id]


def test_a_receiver_says_when_it_wants_to_be_asked_again(staff: User, receiver: Receiver) -> None:
    webhook = actions.create_webhook("Shop", receiver.url("/busy"), by=staff)
    record("call", by=staff)
    sending.run()
    assert told(webhook)[0].due_at - timezone.now() > timedelta(minutes=110)


def test_a_receiver_that_never_answers_is_left_alone_and_then_switched_off(
    staff: User, receiver: Receiver, settings: Any
) -> None:
    settings.GUANXI_WEBHOOK_ROUNDS = 2
    webhook = actions.create_webhook("Shop", receiver.url("/fail"), by=staff)
    for number in range(queue.FAILING + 3):
        record("call", by=staff, payload={"n": number})
    sending.run()
    webhook.refresh_from_db()
    assert webhook.failures >= queue.FAILING and webhook.held_until is not None
    before = len(receiver.got)
    Delivery.objects.update(due_at=timezone.now())
    assert sending.run()["sent"] == 0, "it is left alone"
    overdue()
    sending.run()
    assert len(receiver.got) == before + 1, "one message tries whether it is back"
    overdue()
    sending.run()
    webhook.refresh_from_db()
    assert webhook.state == "disabled" and "500" in webhook.why
    assert Notification.objects.filter(user=staff, level="error").count() == 1
    missed = record("call", by=staff, payload={"n": "missed"})
    assert sending.run()["sent"] == 0
    Webhook.objects.update(url=receiver.url())
    actions.resume_webhook(webhook.pk, by=staff)
    sending.run()
    assert len(set(receiver.ids())) == len(receiver.ids()) == queue.FAILING + 4
    assert any(row.event_id == missed.pk for row in told(webhook)), "what happened meanwhile is told too"


def test_gone_means_gone(staff: User, receiver: Receiver) -> None:
    webhook = actions.create_webhook("Shop", receiver.url("/gone"), by=staff)
    record("call", by=staff)
    sending.run()
    webhook.refresh_from_db()
    assert webhook.state == "disabled" and "410" in webhook.why


def test_redirects_are_not_followed(staff: User, receiver: Receiver) -> None:
    webhook = actions.create_webhook("Shop", receiver.url("/redirect"), by=staff)
    record("call", by=staff)
    sending.run()
    assert told(webhook)[0].status == 302 and "redirects" in told(webhook)[0].error


def test_an_endless_answer_is_cut_off(staff: User, receiver: Receiver) -> None:
    webhook = actions.create_webhook("Shop", receiver.url("/endless"), by=staff)
    record("call", by=staff)
    sending.run()
    assert told(webhook)[0].state == "delivered"
    assert len(Attempt.objects.get().answer) == posting.READ
    assert receiver.poured < 50_000_000


A_BUSY_MACHINE = 120.0  # seconds that a machine with much else to do may take


def test_a_slow_receiver_holds_up_nobody_else(staff: User, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = actions.create_webhook("Slow", receiver.url("/slow"), by=staff)
    quick = actions.create_webhook("Quick", receiver.url("/ok"), by=staff)
    for number in range(3 * sending.EACH):
        record("call", by=staff, payload={"n": number})
    settled = queue.settle

    def settle(outcomes: Any) -> None:
        settled(outcomes)
        arrived = Delivery.objects.filter(webhook=quick, state="delivered").count()
        if arrived == 3 * sending.EACH and not receiver.release.is_set():
            assert not Delivery.objects.filter(webhook=slow, state="delivered").exists()
            receiver.release.set()

    monkeypatch.setattr(queue, "settle", settle)
    monkeypatch.setattr(posting.post, "__defaults__", (A_BUSY_MACHINE,))
    sending.run(A_BUSY_MACHINE)
    assert receiver.release.is_set(), "the quick one had everything while the slow one had answered nothing"
    assert {row.state for row in told(slow)} == {"delivered"}


def test_an_answer_that_takes_too_long_is_a_failure(
    staff: User, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting.post, "__defaults__", (0.05,))
    webhook = actions.create_webhook("Slow", receiver.url("/slow"), by=staff)
    record("call", by=staff)
    sending.run()
    assert "longer than 0.05 seconds" in told(webhook)[0].error


def test_both_secrets_sign_after_a_change(staff: User, receiver: Receiver) -> None:
    webhook = actions.create_webhook("Shop", receiver.url(), by=staff)
    changed = actions.rotate_secret(webhook.pk, by=staff)
    record("call", by=staff)
    sending.run()
    assert changed.secret != webhook.secret
    assert receiver.verified(webhook.secret) == receiver.verified(changed.secret)
    Webhook.objects.update(old_secret_until=timezone.now())
    record("call", by=staff)
    sending.run()
    assert len(receiver.got[-1][1]["webhook-signature"].split()) == 1


def test_what_happens_in_a_pause_is_told_after_it_or_skipped(staff: User, receiver: Receiver) -> None:
    webhook = actions.create_webhook("Shop", receiver.url(), by=staff)
    actions.pause_webhook(webhook.pk, by=staff)
    record("call", by=staff)
    assert sending.run()["sent"] == 0
    actions.resume_webhook(webhook.pk, by=staff)
    assert sending.run()["arrived"] == 1
    actions.pause_webhook(webhook.pk, by=staff)
    record("call", by=staff)
    actions.resume_webhook(webhook.pk, skip=True, by=staff)
    assert sending.run()["sent"] == 0


def test_an_owner_who_may_see_nothing_is_told_nothing(staff: User, receiver: Receiver) -> None:
    webhook = actions.create_webhook("Shop", receiver.url(), by=staff)
    record("call", by=SYSTEM)
    User.objects.update(is_active=False)
    sending.run()
    webhook.refresh_from_db()
    assert webhook.state == "disabled" and not receiver.got


def test_an_event_taken_back_is_not_told(staff: User, receiver: Receiver) -> None:
    webhook = actions.create_webhook("Shop", receiver.url(), by=staff)
    event = record("call", by=staff)
    outbox.note_events(webhook)
    Event.objects.filter(pk=event.pk).delete()
    sending.run()
    assert told(webhook)[0].state == "dropped" and not receiver.got


def test_a_large_number_is_read_in_pieces(staff: User, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "PIECE", 7)
    webhook = actions.create_webhook("Shop", receiver.url(), by=staff)
    for number in range(30):
        record("call", by=staff, payload={"n": number})
    assert outbox.note_events(webhook) == 7
    sending.run()
    assert sorted(body["data"]["payload"]["n"] for body in receiver.verified(webhook.secret)) == list(range(30))


def test_a_kept_test_message_goes_out_whatever_the_filter_says(staff: User, receiver: Receiver) -> None:
    webhook = actions.create_webhook("Shop", receiver.url(), kinds=["order.placed"], by=staff)
    actions.send_test(webhook.pk, by=staff)
    sending.run()
    assert receiver.verified(webhook.secret)[0]["type"] == "webhook.test"


def test_nothing_is_queued_where_nothing_is_to_be_told(staff: User, receiver: Receiver) -> None:
    from guanxi.ledger.webhooks.tasks import is_needed

    record("call", by=staff)
    assert not is_needed()
    actions.create_webhook("Shop", receiver.url(), by=staff)
    assert not is_needed()
    record("call", by=staff)
    assert is_needed()
    sending.run()
    assert not is_needed()


def stored(name: str = "secret") -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {name} FROM webhooks_webhook")
        return str(cursor.fetchone()[0])


def test_secrets_are_stored_encrypted_and_read_with_former_keys(staff: User, receiver: Receiver, settings: Any) -> None:
    webhook = actions.create_webhook("Shop", receiver.url(), by=staff)
    assert webhook.secret not in stored() and stored().startswith("gAAAA")
    former, settings.SECRET_KEY = settings.SECRET_KEY, "another-key"
    settings.SECRET_KEY_FALLBACKS = [former]
    assert Webhook.objects.get().secret == webhook.secret
    settings.SECRET_KEY_FALLBACKS = []
    record("call", by=staff)
    sending.run()
    lost = Webhook.objects.get()
    assert not receiver.got and (lost.secret, lost.state) == ("", "disabled") and "secret" in lost.why
    with pytest.raises(Refused, match="secret"):
        actions.resume_webhook(webhook.pk, by=staff)
    fresh = actions.rotate_secret(webhook.pk, by=staff)
    actions.resume_webhook(webhook.pk, by=staff)
    sending.run()
    assert [body["type"] for body in receiver.verified(fresh.secret)] == ["call"], "nothing was lost"


def test_secrets_that_stood_in_clear_are_encrypted_by_the_migration(staff: User) -> None:
    webhook = actions.create_webhook("Shop", "https://example.com/x", by=staff)
    migration = import_module("guanxi.ledger.webhooks.migrations.0002_encrypt_secrets")
    with connection.schema_editor() as editor:
        migration.backwards(None, editor)
        assert stored() == webhook.secret and stored("old_secret") == ""
        migration.forwards(None, editor)
    assert webhook.secret not in stored() and Webhook.objects.get().secret == webhook.secret
