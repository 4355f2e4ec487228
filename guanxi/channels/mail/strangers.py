"""What becomes of mail from people whom nobody knows: whoever wants it takes it by the door `stranger_wrote`.

Nothing that a program or a list wrote is ever handed on (RFC 3834), nothing of the house's own addresses, nothing that
answers a known message: so no loop begins here, and nothing here answers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from django.db import models
from django.db.models.functions import Lower

from guanxi.channels.mail.models import Folder, Mailbox, Message
from guanxi.channels.mail.parsing import Parsed
from guanxi.foundation import hooks
from guanxi.foundation.models import User
from guanxi.foundation.visibility import Viewer

DOOR = "stranger_wrote"
# Local parts that no person answers; compared without signs between the letters.
ROBOTS = {"noreply", "donotreply", "mailerdaemon", "postmaster", "bounce", "bounces", "notification", "notifications"}
READ = (Folder.Kind.INBOX, Folder.Kind.OTHER)


@dataclass(frozen=True)
class Taker:
    """Who makes something of mail from strangers.

    `may` says whether somebody may let a mailbox do so; `take` (message, by=) gives the record to which the message and
    its thread belong from then on, one and the same for all that one sender writes.
    """

    may: Callable[[Viewer], bool]
    take: Callable[[Message, Viewer], models.Model | None]


def taker() -> Taker | None:
    """Who is registered."""
    found: list[Taker] = hooks.get(DOOR)
    return found[0] if found else None


def may_be_taken(viewer: Viewer) -> bool:
    """Whether `viewer` may let a mailbox hand on mail of strangers."""
    found = taker()
    return found is not None and found.may(viewer)


def addresses_of_the_house(among: Collection[str]) -> set[str]:
    """Those of `among` that are colleagues' or mailboxes'."""
    asked = {one for one in among if one}
    boxes = Mailbox.objects.annotate(low=Lower("address")).filter(low__in=asked).values_list("low", flat=True)
    users = User.objects.annotate(low=Lower("email")).filter(low__in=asked).values_list("low", flat=True)
    return {*boxes, *users}


def wrote(mailbox: Mailbox, folder: Folder, parsed: Parsed) -> bool:
    """Whether a message may be that of a stranger who wants something; whether he is known is asked elsewhere."""
    if not mailbox.makes_leads or folder.kind not in READ or parsed.automatic or not parsed.sender:
        return False
    if mailbox.leads_since and (parsed.sent_at is not None and parsed.sent_at < mailbox.leads_since):
        return False
    local = "".join(sign for sign in parsed.sender.partition("@")[0] if sign.isalnum())
    if local in ROBOTS or parsed.sender == mailbox.address.lower():
        return False
    wanted = addresses_in(mailbox.lead_addresses)
    return not wanted or any(address in wanted for _field, address, _name in parsed.recipients)


def addresses_in(text: str) -> list[str]:
    """Addresses by commas, semicolons or spaces."""
    words = text.replace(",", " ").replace(";", " ").replace("，", " ").replace("、", " ").split()
    return [one.lower() for one in words]
