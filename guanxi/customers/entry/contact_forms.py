"""The fields of one contact point on the record page: telephones with their country, addresses in parts."""

from __future__ import annotations

from typing import Any

import phonenumbers
from django.conf import settings
from django.http import QueryDict

from guanxi.customers import postal, telephones
from guanxi.customers.entry import draft as drafts
from guanxi.customers.models import ContactPoint, Party

NAMES = ("kind", "value", "label", "preferred", "phone_country", "address_country", "address")
PARTS = tuple(f"part.{name}" for name in postal.PARTS)


def typed(sent: QueryDict, kind: str = "") -> dict[str, Any]:
    """What was sent, by field; `kind` is that of a contact point that is there already."""
    draft: dict[str, Any] = {name: sent.get(name, "") for name in (*NAMES, *PARTS)}
    return {**draft, "kind": kind} if kind else draft


def of_point(point: ContactPoint) -> dict[str, Any]:
    """What stands in the editor of a contact point."""
    draft: dict[str, Any] = {"kind": point.kind, "value": point.value, "label": point.label}
    draft["preferred"] = point.preferred
    if point.kind == ContactPoint.Kind.PHONE and point.key.startswith("+"):
        number = phonenumbers.parse(point.key)
        draft["phone_country"] = phonenumbers.region_code_for_number(number) or ""
    if point.kind == ContactPoint.Kind.ADDRESS:
        parts = dict(point.parts or {})
        draft |= {"address_country": parts.get("country", ""), "address": point.value}
        draft |= {f"part.{name}": parts.get(name, "") for name in postal.PARTS}
    return draft


def meant(draft: dict[str, Any]) -> dict[str, Any]:
    """The value, or the parts of an address, that the fields stand for. Raises Refused."""
    kind, value = draft["kind"], draft["value"]
    if kind == ContactPoint.Kind.PHONE and value.strip() and draft.get("phone_country"):
        bare = value.strip().startswith(("+", "00"))
        return {"value": value if bare else telephones.whole(value, draft["phone_country"])}
    if kind != ContactPoint.Kind.ADDRESS:
        return {"value": value}
    country = draft.get("address_country", "")
    if country and postal.form_of(country):
        parts = {name: draft.get(f"part.{name}", "") for name in postal.PARTS}
        return {"parts": {**parts, "country": country}}
    return {"value": draft.get("address") or value}


def fields(draft: dict[str, Any], party: Party, wrong: str, error: str) -> dict[str, Any]:
    """What the form shows beyond the draft itself."""
    own = party.country or settings.GUANXI_COUNTRY.upper()
    form = drafts.Draft(address_country=draft.get("address_country", own))
    form.parts = {name: draft.get(f"part.{name}", "") for name in postal.PARTS}
    form.texts = {"address": draft.get("address", "")}
    form.errors = {wrong: error} if wrong.startswith("parts.") else {}
    lines = drafts.address_lines(form)
    return {
        "address": {"draft": form, "address_lines": lines, "countries": drafts.country_choices()},
        "codes": telephones.codes(),
        "phone_country": draft.get("phone_country") or own,
        "example": telephones.example(draft.get("phone_country") or own),
        "error": "" if wrong.startswith("parts.") and lines else error,
    }
