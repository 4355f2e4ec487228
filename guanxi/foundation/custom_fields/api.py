"""Custom fields for programs: `custom` in answers and in what is sent, lists narrowed by the pills' filters; and the
definitions themselves.
"""

from __future__ import annotations

from typing import Annotated, Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema, Status

from guanxi.foundation import typed_json
from guanxi.foundation.actions import Refused
from guanxi.foundation.api.types import Moment, Number
from guanxi.foundation.custom_fields import actions, homes, uses, values
from guanxi.foundation.custom_fields.models import CustomField
from guanxi.foundation.custom_fields.retyping import Outlook
from guanxi.foundation.visibility import require

router = Router(tags=["Custom fields"])
K = CustomField.Kind

# What is sent: by key; null empties a field.
Custom = Annotated[
    dict[str, Any],
    Field(description="Custom fields by key; null empties one. Choices by code, days and times in ISO 8601."),
]


class WithCustom(Schema):
    """Answers that tell the custom fields of a record; sensitive ones are left out."""

    custom: dict[str, Any] = Field(default_factory=dict, description="Custom fields by key, worked-out ones too.")

    @staticmethod
    def resolve_custom(row: Any) -> dict[str, Any]:
        if isinstance(row, dict) or not hasattr(row, "_meta"):
            return {}
        home = homes.find(row._meta.label_lower)
        if home is None:
            return {}
        stored = homes.values_of(row, home)
        return {field.key: told(field, stored[field.key]) for field in home.fields() if not field.sensitive}


def told(field: CustomField, value: Any) -> Any:
    """A stored value as answers tell it: money as text with its currency, as everywhere in the API."""
    if field.result == K.MONEY and value is not None:
        amount = typed_json.exact(value)
        return {"amount": f"{amount:f}", "currency": field.options.get("currency")}
    return value


def said(object_type: str, given: dict[str, Any]) -> dict[str, Any]:
    """What was sent, as the actions take it: of money the amount, if the currency is the field's."""
    taken = {}
    for key, value in given.items():
        if isinstance(value, dict) and set(value) == {"amount", "currency"}:
            field = next((one for one in homes.of(object_type).fields() if one.key == key), None)
            if field is not None and value["currency"] != field.options.get("currency"):
                words = _("Amounts of “%(name)s” are in %(currency)s.")
                about = {"name": field.label, "currency": field.options.get("currency")}
                raise Refused(words % about, f"custom.{key}")
            value = value["amount"]
        taken[key] = value
    return taken


def keep(row: Any, given: dict[str, Any] | None, request: HttpRequest) -> None:
    """Set what was sent as `custom` of a record."""
    if given:
        values.set_values(row, said(row._meta.label_lower, given), by=request.user)


class FieldOut(Schema):
    id: int
    object_type: str
    key: str
    names: dict[str, str]
    kind: str
    options: dict[str, Any]
    required: bool
    default: Any = None
    help: str
    section: str
    position: int
    in_list: bool
    searchable: bool
    filterable: bool
    sensitive: bool
    index_state: str
    removed_at: Moment | None = Field(alias="archived_at")


class FieldUse(Schema):
    what: str
    name: str


class FieldWhole(FieldOut):
    """A field, how many records have a value, and where it is used."""

    count: int = Field(description="How many records have a value, or one kept aside; what deleting it asks for.")
    used_in: list[FieldUse]


class FieldIn(Schema):
    """A new field."""

    object_type: Annotated[str, Field(max_length=60, description="Such as `customers.party`.")]
    names: dict[str, str]
    kind: Annotated[str, Field(max_length=10)]
    key: Annotated[str, Field(max_length=40, description="Empty: made of the name.")] = ""
    options: dict[str, Any] = {}
    required: bool = False
    default: Any = None
    help: Annotated[str, Field(max_length=300)] = ""
    section: Annotated[str, Field(max_length=60)] = ""
    in_list: bool = False
    searchable: bool = False
    filterable: bool = True
    sensitive: bool = False


class FieldChange(Schema):
    """What is to change; leave out the rest. Key and kind never change here."""

    names: dict[str, str] | None = None
    options: dict[str, Any] | None = None
    required: bool | None = None
    default: Any = None
    help: Annotated[str, Field(max_length=300)] | None = None
    section: Annotated[str, Field(max_length=60)] | None = None
    in_list: bool | None = None
    searchable: bool | None = None
    filterable: bool | None = None
    sensitive: bool | None = None


class FieldOrder(Schema):
    """In which order the fields of a type stand; those not named come behind."""

    object_type: Annotated[str, Field(max_length=60, description="Such as `customers.party`.")]
    keys: Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=1000)]


class RetypingAsked(Schema):
    """Into what."""

    kind: Annotated[str, Field(max_length=10)]
    currency: Annotated[str, Field(max_length=3, description="Of money.")] = ""


class RetypingIn(Schema):
    """Into what."""

    kind: Annotated[str, Field(max_length=10)]
    options: dict[str, Any] = Field({}, description="Of the new kind. Choices left out are made of the values.")


class TurnOut(Schema):
    value: str
    count: int
    becomes: str
    reason: str = Field(description="Why it cannot be converted and would be kept aside; empty where it can.")


class RetypingOutlook(Schema):
    """What retyping would make of the values."""

    fine: int = Field(description="Records whose value would be converted.")
    aside: int = Field(description="Records whose value would be kept aside; it comes back with the kind of before.")
    turns: list[TurnOut] = Field(description="The different values, those that cannot be before all.")
    more: int = Field(description="How many different values are not shown.")


class ChoiceGone(Schema):
    """Which choice goes, and what records get that have it."""

    code: Annotated[str, Field(max_length=60)]
    instead: Annotated[str, Field(max_length=60, description="Another choice; empty: nothing.")] = ""


class DestroyIn(Schema):
    """How many values go with it, as you were told."""

    count: Annotated[int, Field(ge=0, le=2**53)]


class FieldChanged(Schema):
    """How many records were changed."""

    changed: int


@router.get("", response=list[FieldOut], summary="List custom fields", operation_id="list_custom_fields")
def list_fields(request: HttpRequest, object_type: str = "", removed: bool = False) -> QuerySet[CustomField]:
    """Of one type, or of all; `removed`: those that were removed instead."""
    rows = CustomField.objects.visible_to(request.user).filter(archived_at__isnull=not removed)
    rows = rows.order_by("object_type", "position")
    return rows.filter(object_type=object_type) if object_type else rows


@router.post("", response={201: FieldOut}, summary="Add a custom field", operation_id="add_custom_field")
def add_field(request: HttpRequest, body: FieldIn) -> Status[CustomField]:
    """It is there for every record of its type at once."""
    return Status(201, actions.add_field(**body.model_dump(), by=request.user))


@router.put("/order", response=list[FieldOut], summary="Order custom fields", operation_id="order_custom_fields")
def order_fields(request: HttpRequest, body: FieldOrder) -> QuerySet[CustomField]:
    """As they stand on records and in lists."""
    homes.of(body.object_type)
    actions.reorder(body.object_type, body.keys, by=request.user)
    return list_fields(request, body.object_type)


@router.get("/{number}", response=FieldWhole, summary="Get a custom field", operation_id="get_custom_field")
def get_field(request: HttpRequest, number: Number) -> CustomField:
    """With how many records have a value, and where it is used; also one that was removed."""
    field = _field(request, number)
    field.count, field.used_in = actions.count_values(field), uses.of(field, request.user)  # type: ignore[attr-defined]
    return field


@router.patch("/{number}", response=FieldOut, summary="Change a custom field", operation_id="change_custom_field")
def change_field(request: HttpRequest, number: Number, body: FieldChange) -> CustomField:
    """Names, options and flags; no data is touched."""
    return actions.edit_field(number, body.model_dump(exclude_unset=True), by=request.user)


@router.delete("/{number}", response={204: None}, summary="Remove a custom field", operation_id="remove_custom_field")
def remove_field(request: HttpRequest, number: Number) -> Status[None]:
    """All values are kept; it can be brought back."""
    actions.archive(number, by=request.user)
    return Status(204, None)


@router.post("/{number}/restore", response=FieldOut, summary="Bring a field back", operation_id="restore_custom_field")
def restore_field(request: HttpRequest, number: Number) -> CustomField:
    """One that was removed, with all its values."""
    return actions.restore(number, by=request.user)


@router.post(
    "/{number}/destroy", response=FieldChanged, summary="Delete a field for good", operation_id="destroy_custom_field"
)
def destroy_field(request: HttpRequest, number: Number, body: DestroyIn) -> dict[str, int]:
    """One that was removed, with its values. 422 where it has other values by now than you were told."""
    return {"changed": actions.destroy(number, body.count, by=request.user)}


@router.post(
    "/{number}/refresh", response={202: FieldOut}, summary="Work a field out anew", operation_id="refresh_custom_field"
)
def refresh_field(request: HttpRequest, number: Number) -> Status[CustomField]:
    """A formula or roll-up, for all records, in the background."""
    return Status(202, actions.refresh(number, by=request.user))


@router.get(
    "/{number}/outlook", response=RetypingOutlook, summary="What retyping would do", operation_id="retyping_outlook"
)
def retyping_outlook(request: HttpRequest, number: Number, asked: Query[RetypingAsked]) -> Outlook:
    """To each value; nothing is changed."""
    options = {"currency": asked.currency} if asked.currency else {}
    return actions.outlook(_field(request, number), asked.kind, options, by=request.user)


@router.post("/{number}/retype", response=FieldOut, summary="Retype a field", operation_id="retype_custom_field")
def retype_field(request: HttpRequest, number: Number, body: RetypingIn) -> CustomField:
    """Give it another kind. What cannot be converted is kept aside; many values are converted in the background."""
    return actions.retype(number, body.kind, body.options, by=request.user)


@router.post(
    "/{number}/replace", response=FieldChanged, summary="Remove a choice", operation_id="replace_custom_choice"
)
def replace_choice(request: HttpRequest, number: Number, body: ChoiceGone) -> dict[str, int]:
    """And put another in its place where it is in use."""
    return {"changed": actions.replace_choice(number, body.code, body.instead, by=request.user)}


def _field(request: HttpRequest, number: int) -> CustomField:
    require(request.user, "view", CustomField)
    return CustomField.objects.visible_to(request.user).get(pk=number)
