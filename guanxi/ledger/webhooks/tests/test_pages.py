"""The screen and the API of webhooks: allowed and denied."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from guanxi.foundation.models import AuditEntry, User
from guanxi.ledger.actions import record
from guanxi.ledger.webhooks import actions, sending
from guanxi.ledger.webhooks.models import Delivery, Webhook
from guanxi.ledger.webhooks.tests.receiver import Receiver

JSON = "application/json"


def test_a_webhook_is_made_tried_and_looked_into(
    staff_client: Client, receiver: Receiver, staff: User, transactional_db: None
) -> None:
    sent = {"name": "Shop", "url": receiver.url(), "kinds": ["call"], "query": "/events/?f.channel=web"}
    answer = staff_client.post("/webhooks/new/", sent)
    webhook = Webhook.objects.get()
    assert answer.status_code == 200 and webhook.secret in answer.content.decode()
    assert (webhook.kinds, webhook.query, webhook.owner) == (["call"], "f.channel=web", staff)
    staff_client.post(f"/webhooks/{webhook.pk}/do/", {"what": "test"})
    sending.run()
    page = staff_client.get(f"/webhooks/{webhook.pk}/").content.decode()
    assert "Test" in page and "Delivered" in page and webhook.secret not in page
    rotated = staff_client.post(f"/webhooks/{webhook.pk}/rotate/").content.decode()
    fresh = Webhook.objects.get()
    assert (
        fresh.secret in rotated and fresh.secret != webhook.secret == fresh.old_secret and webhook.secret not in rotated
    )
    assert AuditEntry.objects.filter(action="ledger.webhooks.rotate_secret").exists()
    delivery = Delivery.objects.get()
    page = staff_client.get(f"/deliveries/{delivery.pk}/").content.decode()
    assert "thank you" in page and "webhook-signature" in page and "webhook.test" in page
    staff_client.post(f"/deliveries/{delivery.pk}/resend/")
    sending.run()
    assert receiver.ids() == [delivery.message_id] * 2
    page = staff_client.get("/webhooks/").content.decode()
    assert "Shop" in page and "Active" in page and 'href="/webhooks/new/"' in page


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"url": "https://10.0.0.1/x"}, "within this network"),
        ({"url": "http://example.com/x"}, "https://"),
        ({"query": "f.nothing=1"}, "no filter"),
        ({"query": "f.channel=pigeon"}, "is not one of"),
        ({"name": ""}, "This field is required"),
    ],
)
def test_what_is_wrong_stands_at_its_field(staff_client: Client, change: dict[str, str], words: str) -> None:
    sent = {"name": "Shop", "url": "https://example.com/x", "query": "", **change}
    answer = staff_client.post("/webhooks/new/", sent)
    assert answer.status_code == 422 and words in answer.content.decode()
    assert not Webhook.objects.exists()


def test_strangers_see_and_do_nothing(client: Client, stranger: User, staff: User) -> None:
    webhook = actions.create_webhook("Shop", "https://example.com/x", by=staff)
    client.force_login(stranger)
    for path in ("/webhooks/", f"/webhooks/{webhook.pk}/", "/deliveries/"):
        assert client.get(path).status_code in (302, 403, 404)
    for path in (f"/webhooks/{webhook.pk}/rotate/", f"/webhooks/{webhook.pk}/do/"):
        answer = client.post(path, {"what": "pause"})
        assert answer.status_code in (302, 403, 404) and webhook.secret not in answer.content.decode()
    webhook.refresh_from_db()
    assert webhook.state == "active"


def test_who_changes_it_is_in_whose_name_it_tells(staff: User) -> None:
    webhook = actions.create_webhook("Shop", "https://example.com/x", by=staff)
    other = User.objects.create_user("other", is_staff=True)
    assert actions.edit_webhook(webhook.pk, {"name": "Store"}, by=other).owner == staff
    assert actions.edit_webhook(webhook.pk, {"url": "https://example.com/y"}, by=other).owner == other


def test_the_api(api: Client, receiver: Receiver, staff: User, transactional_db: None) -> None:
    def call(method: str, path: str, body: Any = None, status: int = 200) -> Any:
        answer = getattr(api, method)(f"/api/v1/webhooks{path}", body, content_type=JSON)
        assert answer.status_code == status, answer.content
        return answer.json() if answer.content else None

    body = {"name": "Shop", "url": receiver.url(), "kinds": ["web.visit"], "filter": "f.channel=web"}
    made = call("post", "", body, 201)
    assert made["secret"].startswith("whsec_")
    here = f"/{made['id']}"
    assert "secret" not in call("get", here)
    record("web.visit", channel="web", by=staff)
    sending.run()
    assert receiver.verified(made["secret"])[0]["type"] == "web.visit"
    (delivery,) = api.get(f"/api/v1/webhooks{here}/deliveries").json()["items"]
    assert delivery["state"] == "delivered" and delivery["message_id"] == receiver.ids()[0]
    assert call("get", f"{here}/deliveries/{delivery['id']}")["log"][0]["status"] == 200
    call("post", f"{here}/deliveries/{delivery['id']}/resend", {}, 202)
    call("post", f"{here}/test", {}, 202)
    assert sending.run()["arrived"] == 2
    assert call("patch", here, {"filter": "", "kinds": []})["filter"] == ""
    assert call("post", f"{here}/rotate-secret", {})["secret"] != made["secret"]
    assert call("post", f"{here}/pause", {})["state"] == "paused"
    assert call("post", f"{here}/resume", {})["state"] == "active"
    call("patch", here, {"url": "https://[::1]/"}, 422)
    call("delete", here, status=204)
    call("get", here, status=404)
