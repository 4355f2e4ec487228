"""The kinds of event that leads tell of, and what tells that somebody answered."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from guanxi.foundation import visibility
from guanxi.foundation.visibility import Viewer
from guanxi.ledger.kinds import EventKind, Family
from guanxi.sales.leads import actions
from guanxi.sales.leads.models import Lead

DEALS = Family.DEALS
KINDS = [
    EventKind("lead.created", _("Lead came"), "user-search", _("Lead: %(name)s"), "%(source)s", DEALS),
    EventKind("lead.converted", _("Lead converted"), "user-check", _("Lead converted: %(name)s"), "%(source)s", DEALS),
    EventKind("lead.unconverted", _("Conversion taken back"), "arrow-back-up", _("Conversion taken back: %(name)s"),
              "", DEALS),
    EventKind("lead.dropped", _("Lead dropped"), "user-x", _("Lead dropped: %(name)s"), "%(because)s", DEALS),
    EventKind("lead.changed", _("Lead changed"), "pencil", _("Lead changed: %(name)s"), "", DEALS,
              many=_("%(count)s changes of leads")),
]  # fmt: skip
ANSWERS = (
    "note.written",
    "todo.done",
    "activity.done",
    "mail.sent",
)  # what on a lead says that somebody has turned to it


def on_record(
    kind: str, record: models.Model, *, by: Viewer, about: models.Model | None, payload: dict[str, Any]
) -> None:
    """A note, a task done or a mail sent on a lead is an answer."""
    if isinstance(record, Lead) and kind in ANSWERS and record.first_activity_at is None and record.is_open:
        with visibility.implied():
            actions.note_activity(record.pk, by=by)
