"""Forms that are sent twice (a double click, an impatient reload) are done once.

A form carries a `token` made by `new_token`; whoever sends it again gets what the first sending made.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from django.db import IntegrityError, transaction

from guanxi.foundation.models import IdempotencyRecord
from guanxi.foundation.visibility import Viewer

FIELD = "once"  # the name of the hidden field
LONGEST = 64


def new_token() -> str:
    """What a form carries to be known again."""
    return secrets.token_urlsafe(18)


def made_before(viewer: Viewer, token: str) -> int | None:
    """The number of what a form with this token made; None where it was not sent yet."""
    known = IdempotencyRecord.objects.filter(user_id=viewer.pk, key=f"form:{token[:LONGEST]}").first()
    return int(known.response["made"]) if known and known.response else None


def once(viewer: Viewer, token: str, work: Callable[[], int]) -> tuple[int, bool]:
    """The number of what `work` makes, and whether it was made now; with a token that was used, what it made then.

    All in one transaction: where `work` fails, the token stays unused. Without a token `work` is simply done.
    """
    if not token or len(token) > LONGEST:
        return work(), True
    key = f"form:{token}"
    try:
        with transaction.atomic():
            claim = IdempotencyRecord.objects.create(user_id=viewer.pk, key=key, fingerprint="form")
            made = work()
            claim.status, claim.response = 201, {"made": made}
            claim.save(update_fields=["status", "response"])
        return made, True
    except IntegrityError:
        known = IdempotencyRecord.objects.filter(user_id=viewer.pk, key=key).first()
        if known is None or not known.response:  # it was `work` that failed
            raise
        return int(known.response["made"]), False
