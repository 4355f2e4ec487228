"""Makers of custom fields for tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from guanxi.foundation.custom_fields import actions
from guanxi.foundation.custom_fields.models import CustomField
from guanxi.foundation.visibility import SYSTEM

COLOURED = [
    {"code": "gold", "names": {"en": "Gold", "zh-hant": "金"}, "colour": "amber"},
    {"code": "silver", "names": {"en": "Silver", "zh-hant": "銀"}, "colour": "grey"},
]
OPTIONS: dict[str, dict[str, Any]] = {"choice": {"choices": COLOURED}, "choices": {"choices": COLOURED}}


@pytest.fixture
def field(db: None) -> Callable[..., CustomField]:
    """Make a field: `field("customers.party", "tier", "choice")`."""

    def make(object_type: str, key: str, kind: str, **more: Any) -> CustomField:
        more.setdefault("options", OPTIONS.get(kind, {}))
        name = key.replace("_", " ").capitalize()
        return actions.add_field(object_type, {"en": name}, kind, key=key, by=SYSTEM, **more)

    return make
