"""Keyed digests of entries: whoever writes to the database but does not know GUANXI_SECRET_KEY cannot make them."""

from __future__ import annotations

import functools
import hashlib
import hmac
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.conf import settings

PERSON = b"guanxi.audit"
FRAME = ("id", "at", "actor_id", "actor_name", "action", "request_id", "object_type", "object_id", "address")
VALUES = ("object_label", "changes")
COLUMNS = (*FRAME, *VALUES)


class Key(NamedTuple):
    """A key, and the mark by which it is known again."""

    secret: bytes
    mark: str


@functools.cache
def _key(secret: str) -> Key:
    derived = hashlib.blake2b(secret.encode(), digest_size=32, person=PERSON).digest()
    return Key(derived, hmac.digest(derived, b"mark", "sha256").hex()[:16])


def present_key() -> Key:
    """The key for new seals."""
    return _key(str(settings.SECRET_KEY))


def known_keys() -> dict[str, Key]:
    """The present key and former ones (GUANXI_OLD_SECRET_KEYS), by their marks."""
    keys = [_key(str(secret)) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    return {key.mark: key for key in keys}


def _digest(key: Key, *parts: Any) -> str:
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain)
    return hmac.digest(key.secret, text.encode("utf-8", "surrogatepass"), "sha256").hex()


def _plain(value: Any) -> str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)


def of_frame(key: Key, row: tuple[Any, ...]) -> str:
    """The digest of who, when, which action, on which record; `row` has COLUMNS."""
    return _digest(key, "frame", *row[: len(FRAME)])


def of_values(key: Key, salt: str, label: str, changes: Any) -> str:
    """The digest of what an entry was about, from, to."""
    return _digest(key, "values", salt, label, changes)


Times = tuple[datetime | None, datetime | None]


def of_seal(key: Key, before: str, sequence: int, entry: int, times: Times, frame: str, values: str) -> str:
    """The hash of one link of the chain."""
    return _digest(key, "seal", before, sequence, entry, times, frame, values)


def of_head(key: Key, sequence: int, hash_: str, mark: int, times: Times) -> str:
    """The proof that a head was made by us."""
    return _digest(key, "head", sequence, hash_, mark, times)


def of_list(key: Key, kind: str, content: Iterable[Any]) -> str:
    """The proof that a record of what was taken out was made by us."""
    return _digest(key, kind, list(content))
