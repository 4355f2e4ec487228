"""Which keys recognise nobody: shared mailboxes, drawn numbers, and what the business put on its junk list."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from guanxi.customers import junk
from guanxi.customers.models import JunkValue

_MAILBOX = rf"^(?i:{'|'.join(sorted(junk.MAILBOXES))})(\+.*)?@"


def own_junk(kind: str) -> set[str]:
    """What the business says tells nothing; for mail also “@domain”."""
    return set(JunkValue.objects.filter(kind=kind).values_list("key", flat=True))


def tells_nothing(kind: str, key: str) -> bool:
    """Whether a contact key (mail, phone) says nothing of who has it."""
    return bool(tell_nothing(pa.array([kind]), pa.array([key]))[0].as_py())


def tell_nothing(kinds: pa.Array, keys: pa.Array) -> pa.Array:
    """The same for many, as a mask."""
    mails, phones = own_junk(JunkValue.Kind.MAIL), own_junk(JunkValue.Kind.PHONE)
    is_mail, is_phone = (pc.is_in(kinds, value_set=pa.array([kind])) for kind in ("mail", "phone"))
    shared = pc.match_substring_regex(keys, _MAILBOX)
    if mails:
        domain = pc.replace_substring_regex(keys, "^.*@", "@")
        listed = pa.array(sorted(mails), pa.string())
        shared = pc.or_(shared, pc.or_(pc.is_in(keys, value_set=listed), pc.is_in(domain, value_set=listed)))
    suspect = pc.and_(is_phone, pc.match_substring_regex(keys, junk.SUSPECT[junk.is_junk_telephone]))
    drawn = {key for key in set(keys.filter(suspect).to_pylist()) if junk.is_junk_telephone(key)} | phones
    dead = pc.is_in(keys, value_set=pa.array(sorted(drawn), pa.string()))
    return pc.or_(pc.and_(is_mail, shared), pc.and_(is_phone, dead))
