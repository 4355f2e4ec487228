"""What Explore does: it takes figures out of the house, which the audit log remembers."""

from __future__ import annotations

from django.utils.translation import gettext as _

from guanxi.foundation import audit, visibility
from guanxi.foundation.actions import action, occasion
from guanxi.foundation.visibility import Viewer


@action
def note_export(shape: str, query: str, *, by: Viewer) -> None:
    """Enter into the audit log that `by` takes out what `query` shows; refuses who may not."""
    visibility.require(by, "export", "reports")
    label = _("%(list)s as %(shape)s") % {"list": _("Explore"), "shape": shape.upper()}
    audit.record_summary(occasion(), "orders.orderline", None, label, {"query": [None, query]})
