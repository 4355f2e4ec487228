"""What a party agreed to: a ledger of its own, in which the newest row counts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.customers.actions.locking import locked
from guanxi.customers.happenings import tell
from guanxi.customers.models import Consent, Party
from guanxi.foundation import clock
from guanxi.foundation.actions import Refused, action, create
from guanxi.foundation.visibility import Viewer

# Through what a party may agree to be reached; the ledger's channels, of which customers must not know.
CHANNELS = ("mail", "phone", "sms", "post", "chat", "app", "any")


@action
def record_consent(
    party: Party,
    purpose: str,
    channel: str,
    given: bool,
    *,
    by: Viewer,
    basis: str = Consent.Basis.CONSENT,
    source: str = "",
    proof: dict[str, Any] | None = None,
    at: datetime | None = None,
) -> Consent:
    """Note that `party` agreed to, or withdrew, `purpose` through `channel`. Nothing is overwritten: the newest
    counts.
    """
    party = locked(party.pk, by)
    if channel not in CHANNELS:
        message = _("“%(channel)s” is no channel for consents; known are %(known)s.")
        raise Refused(message % {"channel": channel, "known": ", ".join(CHANNELS)}, "channel")
    if at and at > max(clock.now(), timezone.now()) + timedelta(days=1):
        raise Refused(_("A consent has been given; this time lies in the future."), "at")
    row = create(
        Consent,
        party=party,
        purpose=purpose,
        channel=channel,
        given=given,
        basis=basis,
        source=source,
        proof=proof or {},
        at=at or clock.now(),
    )
    tell("consent.given" if given else "consent.withdrawn", party, by=by, purpose=purpose, channel=channel, basis=basis)
    return row


@action
def give_consent(party: Party, purpose: str, channel: str, *, by: Viewer, **details: Any) -> Consent:
    """Note that `party` agreed; see `record_consent`."""
    return record_consent(party, purpose, channel, True, by=by, **details)


@action
def withdraw_consent(party: Party, purpose: str, channel: str, *, by: Viewer, **details: Any) -> Consent:
    """Note that `party` withdrew; see `record_consent`."""
    return record_consent(party, purpose, channel, False, by=by, **details)
