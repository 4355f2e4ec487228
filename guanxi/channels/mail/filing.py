"""To which thread, customer and record messages belong: asked for many at once, by what they answer and whom they are
with. A subject alone never files anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from guanxi.channels.mail.models import Mailbox, Message
from guanxi.channels.mail.parsing import Parsed
from guanxi.customers.models import ContactPoint

MOST_ASKED = 5_000


@dataclass
class Place:
    """Where a message belongs."""

    thread: int | None = None
    party: int | None = None
    object_type: str = ""
    object_id: int | None = None
    private: bool = False


class Filer:
    """Files messages of one mailbox, chunk by chunk; two queries a chunk."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox = mailbox
        self.own = {mailbox.address.lower()}

    def places(self, chunk: Sequence[Parsed]) -> list[Place]:
        """The place of each; messages of the chunk may answer each other."""
        known = self._known({one for parsed in chunk for one in parsed.answers})
        parties = parties_at({address for parsed in chunk for address in self.others(parsed)})
        placed: list[Place] = []
        for parsed in chunk:
            answered = next((known[one] for one in parsed.answers if one in known), None)
            place = Place(**vars(answered)) if answered else Place()
            if place.party is None:
                place.party = next((parties[one] for one in self.others(parsed) if one in parties), None)
            known[parsed.message_id] = place
            placed.append(place)
        return placed

    def others(self, parsed: Parsed) -> list[str]:
        """Whom it is with, without the mailbox's owner: who wrote it, then to whom it goes."""
        found = [parsed.sender, *(address for field, address, _name in parsed.recipients if field != "bcc")]
        return list(dict.fromkeys(one for one in found if one and one not in self.own))

    def _known(self, ids: set[str]) -> dict[str, Place]:
        """Messages that are here already, of this mailbox before others: a colleague may have begun the thread."""
        rows = Message.objects.filter(message_id__in=list(ids)[:MOST_ASKED]).order_by("id")
        found: dict[str, Place] = {}
        for row in sorted(rows, key=lambda row: row.mailbox_id == self.mailbox.pk):
            found[row.message_id] = Place(row.thread_id, row.party_id, row.object_type, row.object_id, row.private)
        return found


def parties_at(addresses: set[str]) -> dict[str, int]:
    """Which customer has an address; one that several have is nobody's, for that would be a guess."""
    found: dict[str, set[int]] = {}
    keys = [one[:250] for one in addresses][:MOST_ASKED]
    points = ContactPoint.objects.filter(kind=ContactPoint.Kind.MAIL, key__in=keys, party__merged_into=None)
    for key, party in points.values_list("key", "party_id"):
        found.setdefault(key, set()).add(party)
    return {key: next(iter(parties)) for key, parties in found.items() if len(parties) == 1}
