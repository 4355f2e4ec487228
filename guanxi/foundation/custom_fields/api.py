"""Custom fields for programs: `custom` in answers and in what is sent, lists narrowed by the pills' filters; and the
definitions themselves.
"""

from __future__ import annotations

from typing import Annotated, Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema, Status

from guanxi.foundation import typed_json
from guanxi.foundation.actions import Refused
from guanxi.foundation.api.types import Number
from guanxi.foundation.custom_fields import actions, homes, values
from guanxi.foundation.custom_fields.models import CustomField

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


@router.get("", response=list[FieldOut], summary="List custom fields", operation_id="list_custom_fields")
def list_fields(request: HttpRequest, object_type: str = "") -> QuerySet[CustomField]:
    """Of one type, or of all; those that were removed are left out."""
    rows = CustomField.objects.visible_to(request.user).filter(archived_at=None).order_by("object_type", "position")
    return rows.filter(object_type=object_type) if object_type else rows


@router.post("", response={201: FieldOut}, summary="Add a custom field", operation_id="add_custom_field")
def add_field(request: HttpRequest, body: FieldIn) -> Status[CustomField]:
    """It is there for every record of its type at once."""
    return Status(201, actions.add_field(**body.model_dump(), by=request.user))


@router.patch("/{number}", response=FieldOut, summary="Change a custom field", operation_id="change_custom_field")
def change_field(request: HttpRequest, number: Number, body: FieldChange) -> CustomField:
    """Names, options and flags; no data is touched."""
    return actions.edit_field(number, body.model_dump(exclude_unset=True), by=request.user)


@router.delete("/{number}", response={204: None}, summary="Remove a custom field", operation_id="remove_custom_field")
def remove_field(request: HttpRequest, number: Number) -> Status[None]:
    """All values are kept; it can be brought back."""
    actions.archive(number, by=request.user)
    return Status(204, None)
