"""To which thread, customer and record messages belong: asked for many at once, by what they answer and whom they are
with. A subject alone never files anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from guanxi.channels.mail.models import Mailbox, Message
from guanxi.channels.mail.parsing import Parsed
from guanxi.customers.models import ContactPoint

ASKED = 2_000  # ids or addresses that are asked for in one query


@dataclass
class Place:
    """Where a message belongs."""

    thread: int | None = None
    party: int | None = None
    object_type: str = ""
    object_id: int | None = None
    private: bool = False
    joined: set[int] = field(default_factory=set)  # other threads that turn out to be of this one


class Filer:
    """Files messages of one mailbox, chunk by chunk; some queries a chunk."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox = mailbox
        self.own = {mailbox.address.lower()}

    def places(self, chunk: Sequence[Parsed]) -> list[Place]:
        """The place of each; messages of the chunk may answer each other, in any order, and what is here already may
        answer them: a folder of what was sent is read after the answers to it."""
        known = self._known({one for parsed in chunk for one in parsed.answers})
        followers = self._followers({parsed.message_id for parsed in chunk})
        parties = parties_at({address for parsed in chunk for address in self.others(parsed)})
        placed: list[Place] = []
        for parsed in chunk:
            related = [known[one] for one in parsed.answers if one in known] + followers.get(parsed.message_id, [])
            place = Place(**vars(related[0])) if related else Place()
            place.private = any(one.private for one in related)
            place.joined = {one.thread for one in related if one.thread} - {place.thread}
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
        return {one: places[-1] for one, places in self._places("message_id", ids).items()}

    def _followers(self, ids: set[str]) -> dict[str, list[Place]]:
        """What is here already and answers these."""
        return {one: places[::-1] for one, places in self._places("in_reply_to", ids).items()}

    def _places(self, field: str, ids: set[str]) -> dict[str, list[Place]]:
        """The places of messages by a field; those of this mailbox last."""
        found: dict[str, list[Place]] = {}
        for some in batched(sorted(ids), ASKED):
            rows = Message.objects.filter(**{f"{field}__in": some}).order_by("id")
            columns = rows.values_list(
                field, "mailbox_id", "thread_id", "party_id", "object_type", "object_id", "private"
            )
            for key, _mailbox, *place in sorted(columns, key=lambda row: row[1] == self.mailbox.pk):
                found.setdefault(key, []).append(Place(*place))
        return found


def batched(values: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """`values` in pieces."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def parties_at(addresses: set[str]) -> dict[str, int]:
    """Which customer has an address; one that several have is nobody's, for that would be a guess."""
    found: dict[str, set[int]] = {}
    for keys in batched(sorted({one[:250] for one in addresses}), ASKED):
        points = ContactPoint.objects.filter(kind=ContactPoint.Kind.MAIL, key__in=keys, party__merged_into=None)
        for key, party in points.values_list("key", "party_id"):
            found.setdefault(key, set()).add(party)
    return {key: next(iter(parties)) for key, parties in found.items() if len(parties) == 1}
