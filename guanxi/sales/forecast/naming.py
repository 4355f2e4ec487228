"""What kinds of change and ways of forecasting are called."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

STEPS: dict[str, Any] = {
    "added": _("New deals"),
    "moved_in": _("Moved into the period"),
    "reopened": _("Open again"),
    "handed_in": _("Taken over from others"),
    "grown": _("Larger"),
    "shrunk": _("Smaller"),
    "won": _("Won"),
    "lost": _("Lost"),
    "slipped": _("Put off"),
    "moved_out": _("Brought forward"),
    "omitted": _("Omitted"),
    "handed_out": _("Handed over"),
    "removed": _("Deleted"),
}
WAYS: dict[str, Any] = {
    "original": pgettext_lazy("forecast", "Won and commit"),
    "said": pgettext_lazy("forecast", "What people said"),
    "expected": pgettext_lazy("forecast", "By probability"),
}
