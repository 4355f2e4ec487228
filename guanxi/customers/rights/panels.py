"""What the record pages of customers, requests and rules show of rights."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from guanxi.customers import profile, purposes
from guanxi.customers.models import Party, Restriction
from guanxi.customers.rights import erasing, fields, retention
from guanxi.customers.rights.models import LegalHold, Request, RetentionRule, SensitiveLook
from guanxi.customers.survivorship import FIELDS
from guanxi.foundation import clock
from guanxi.foundation.tasks.models import BackgroundTask, State
from guanxi.foundation.visibility import Viewer, may

FEW = 5


def of_customer(party: Party, viewer: Viewer) -> dict[str, Any]:
    """What stands against using his data, what he asked for, who looked at what is sensitive."""
    kinds = (Restriction.Kind.RESTRICT, Restriction.Kind.OBJECT)
    standing = Restriction.objects.visible_to(viewer).filter(party=party, lifted_at=None).order_by("id")
    known = purposes.every()
    return {
        "party": party,
        "restrictions": [
            {
                "row": row,
                "against": purposes.label_of(row.purpose, known) if row.purpose else "",
                "may_lift": row.kind in kinds,
            }
            for row in standing
        ],
        "holds": LegalHold.objects.visible_to(viewer).filter(party=party, lifted_at=None),
        "requests": Request.objects.visible_to(viewer).filter(party=party).order_by("-received_at")[:FEW],
        "looks": SensitiveLook.objects.visible_to(viewer).filter(party=party).order_by("-at", "-id")[:FEW],
        "may_edit": may(viewer, "edit", party),
    }


def of_request(row: Request, viewer: Viewer) -> dict[str, Any]:
    """What there is to be done for a request."""
    party = row.party
    under_way = BackgroundTask.objects.visible_to(viewer).filter(
        function__startswith="guanxi.customers.rights.tasks.", state__in=[State.WAITING, State.RUNNING], args__0=row.pk
    )
    erased = party if row.kind == Request.Kind.ERASE and row.is_open else None
    return {
        "row": row,
        "party": party,
        "task": under_way.first() if row.state == Request.State.WORKING else None,
        "lines": erasing.preview(erased) if erased else [],
        "held": erasing.held(erased) if erased else None,
        "file_ready": bool(row.file and row.file_until and row.file_until > clock.now()),
        "fields": _fields() if row.kind == Request.Kind.CORRECT else [],
        "may_edit": may(viewer, "edit", row),
    }


def _fields() -> list[tuple[str, str]]:
    own = [(name, str(fields.worded(name))) for name in FIELDS if name != "kind"]
    return own + [(field.path, str(field.label)) for field in profile.fields()]


def of_rule(row: RetentionRule, viewer: Viewer) -> dict[str, Any]:
    """What a rule would delete now."""
    return {"rule": row, "preview": retention.preview(row), "may_edit": may(viewer, "delete", row)}


def overdue_tile(viewer: Viewer) -> dict[str, Any] | None:
    """Requests that are due, on Today; nothing where there are none."""
    soon = Request.objects.visible_to(viewer).filter(
        state__in=[Request.State.OPEN, Request.State.WORKING], due_on__lte=clock.today()
    )
    rows = list(soon.select_related("party").order_by("due_on", "id")[:FEW])
    if not rows:
        return None
    return {"template": "rights/today.html", "rows": rows, "words": _("Due or overdue")}
