"""Links to customers, as the lists and records of all packages show them."""

from __future__ import annotations

from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from guanxi.foundation.desk import record_url


def link_to_party(row: Any) -> SafeString | str:
    """A link to the customer of a row; nothing where it has none."""
    if row.party_id is None:
        return ""
    return format_html('<a href="{}">{}</a>', record_url("customers", row.party_id), row.party.name)
