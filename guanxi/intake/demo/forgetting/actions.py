"""The one write: runs, drafts, what the ledger tells of their taking back, and sources that nothing is of."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from guanxi.customers.models import Source
from guanxi.foundation import audit
from guanxi.foundation.actions import action, occasion
from guanxi.foundation.visibility import Viewer, require
from guanxi.intake.drafts import ImportDraft
from guanxi.intake.models import ImportRun
from guanxi.ledger.models import Event
from guanxi.orders.models import Order


@action
def forget(runs: Sequence[int], sources: Sequence[int], *, by: Viewer) -> None:
    """Delete what told of the demonstration data, in one transaction, audited in sum."""
    require(by, "delete", ImportRun)
    audit.record_summary(occasion(), "intake.importrun", None, _("Sample data"), {"runs": [len(runs), None]})
    Event.objects.filter(object_type="intake.importrun", object_id__in=runs, kind="import.reverted").delete()
    ImportDraft.objects.filter(run__in=runs).delete()
    ImportRun.objects.filter(pk__in=runs).delete()
    used = Order.objects.filter(source__in=sources).values("source")
    Source.objects.filter(pk__in=sources).exclude(pk__in=used).delete()
