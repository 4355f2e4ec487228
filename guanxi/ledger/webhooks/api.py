"""Webhooks, for programs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status

from guanxi.foundation.api import keyset
from guanxi.foundation.api.types import Cursor, Limit, Moment, Number, Page
from guanxi.ledger.api import Kind
from guanxi.ledger.webhooks import actions
from guanxi.ledger.webhooks.models import Delivery, Webhook

router = Router(tags=["Webhooks"])
FILTER = "As in the address of the list of events: `f.channel=web&f.party.country=TW`."


class WebhookIn(Schema):
    """Where it listens and what it is told of."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    url: Annotated[str, Field(max_length=1000, description="`https://…`")]
    kinds: Annotated[list[Kind], Field(max_length=100, description="Kinds of events; none: all.")] = []
    filter: Annotated[str, Field(max_length=2000, description=FILTER)] = ""


class WebhookChange(Schema):
    name: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    url: Annotated[str, Field(max_length=1000)] | None = None
    kinds: Annotated[list[Kind], Field(max_length=100)] | None = None
    filter: Annotated[str, Field(max_length=2000, description=FILTER)] | None = None


class WebhookOut(Schema):
    id: int
    name: str
    url: str
    kinds: list[str]
    filter: str = Field(alias="query")
    owner: int = Field(alias="owner_id", description="In whose name it is told: what he may see.")
    state: str
    why: str
    failures: int
    held_until: Moment | None
    reached_at: Moment | None
    created_at: Moment


class WebhookMade(WebhookOut):
    """With the secret, which is told here and nowhere else."""

    secret: str


class DeliveryOut(Schema):
    id: int
    webhook: int = Field(alias="webhook_id")
    message_id: str
    event: int | None = Field(alias="event_id")
    kind: str
    state: str
    attempts: int
    due_at: Moment
    status: int | None
    error: str
    created_at: Moment
    ended_at: Moment | None


class AttemptOut(Schema):
    at: Moment
    milliseconds: int
    status: int | None
    error: str
    request_headers: dict[str, str]
    answer_headers: dict[str, str]
    answer: str = Field(description="Its beginning.")


class DeliveryWithLog(DeliveryOut):
    log: list[AttemptOut]

    @staticmethod
    def resolve_log(delivery: Delivery) -> list[Any]:
        return list(delivery.log.order_by("id"))


class DeliveryFilter(Schema):
    state: Literal["waiting", "delivered", "dead", "dropped"] | None = None
    cursor: Cursor | None = None
    limit: Limit = 50


class Paging(Schema):
    cursor: Cursor | None = None
    limit: Limit = 50


class Resume(Schema):
    skip: bool = Field(False, description="Leave out what happened while it was not told, and what waits.")


def _webhook(request: HttpRequest, number: int) -> Webhook:
    return Webhook.objects.visible_to(request.user).get(pk=number)


def _deliveries(request: HttpRequest, number: int) -> Any:
    return Delivery.objects.visible_to(request.user).filter(webhook=_webhook(request, number))


@router.get("", response=Page[WebhookOut], summary="List webhooks", operation_id="list_webhooks")
def list_webhooks(request: HttpRequest, asked: Query[Paging]) -> dict[str, Any]:
    """By number."""
    items, following = keyset.page(Webhook.objects.visible_to(request.user), ["id"], asked.cursor, asked.limit)
    return {"items": items, "next": following}


@router.post("", response={201: WebhookMade}, summary="Add a webhook", operation_id="create_webhook")
def create_webhook(request: HttpRequest, body: WebhookIn) -> Status[Webhook]:
    """It is told of what happens from now on, in your name. Keep the secret: it is not told again."""
    made = actions.create_webhook(body.name, body.url, kinds=body.kinds, query=body.filter, by=request.user)
    return Status(201, made)


@router.get("/{number}", response=WebhookOut, summary="Get a webhook", operation_id="get_webhook")
def get_webhook(request: HttpRequest, number: Number) -> Webhook:
    """One webhook."""
    return _webhook(request, number)


@router.patch("/{number}", response=WebhookOut, summary="Change a webhook", operation_id="change_webhook")
def change_webhook(request: HttpRequest, number: Number, body: WebhookChange) -> Webhook:
    """What is given is changed; from then on it is told in your name."""
    values = {name: value for name, value in body.model_dump(exclude_unset=True).items() if value is not None}
    if "filter" in values:
        values["query"] = values.pop("filter")
    return actions.edit_webhook(number, values, by=request.user)


@router.delete("/{number}", response={204: None}, summary="Take a webhook away", operation_id="remove_webhook")
def remove_webhook(request: HttpRequest, number: Number) -> Status[None]:
    """With its deliveries."""
    actions.remove_webhook(number, by=request.user)
    return Status(204, None)


@router.post("/{number}/pause", response=WebhookOut, summary="Pause a webhook", operation_id="pause_webhook")
def pause_webhook(request: HttpRequest, number: Number) -> Webhook:
    """What happens meanwhile is told when it goes on."""
    return actions.pause_webhook(number, by=request.user)


@router.post("/{number}/resume", response=WebhookOut, summary="Let a webhook go on", operation_id="resume_webhook")
def resume_webhook(request: HttpRequest, number: Number, body: Resume) -> Webhook:
    """After a pause, or after it was switched off because it did not answer."""
    return actions.resume_webhook(number, skip=body.skip, by=request.user)


@router.post("/{number}/test", response={202: DeliveryOut}, summary="Send a test", operation_id="test_webhook")
def test_webhook(request: HttpRequest, number: Number) -> Status[Delivery]:
    """A message of the kind `webhook.test`, at once."""
    return Status(202, actions.send_test(number, by=request.user))


@router.post(
    "/{number}/rotate-secret", response=WebhookMade, summary="Give a webhook a new secret", operation_id="rotate_secret"
)
def rotate_secret(request: HttpRequest, number: Number) -> Webhook:
    """For a day the old secret signs too."""
    return actions.rotate_secret(number, by=request.user)


@router.get(
    "/{number}/deliveries", response=Page[DeliveryOut], summary="List deliveries", operation_id="list_deliveries"
)
def list_deliveries(request: HttpRequest, number: Number, asked: Query[DeliveryFilter]) -> dict[str, Any]:
    """Newest first."""
    rows = _deliveries(request, number)
    rows = rows.filter(state=asked.state) if asked.state else rows
    items, following = keyset.page(rows, ["-id"], asked.cursor, asked.limit)
    return {"items": items, "next": following}


@router.get(
    "/{number}/deliveries/{delivery}", response=DeliveryWithLog, summary="Get a delivery", operation_id="get_delivery"
)
def get_delivery(request: HttpRequest, number: Number, delivery: Number) -> Delivery:
    """With every attempt: what was sent, what came back, how long it took."""
    row: Delivery = _deliveries(request, number).select_related("webhook").get(pk=delivery)
    return row


@router.post(
    "/{number}/deliveries/{delivery}/resend",
    response={202: DeliveryOut},
    summary="Send a delivery again",
    operation_id="resend_delivery",
)
def resend_delivery(request: HttpRequest, number: Number, delivery: Number) -> Status[Delivery]:
    """With the id that it had."""
    row = _deliveries(request, number).get(pk=delivery)
    actions.resend([row.pk], by=request.user)
    return Status(202, _deliveries(request, number).select_related("webhook").get(pk=delivery))
