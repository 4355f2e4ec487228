"""Keyed hashes: by them an erased customer is known again, and nobody else learns anything of him.

The key is drawn from GUANXI_SECRET_KEY; after a change of it, hashes made with those in SECRET_KEY_FALLBACKS still
count.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import pyarrow as pa
from django.conf import settings

from guanxi.customers.models import Party
from guanxi.customers.rights.models import SuppressedKey

PERSON = b"guanxi.erasure"
SIZE = 16  # bytes


def digests(text: str) -> list[str]:
    """The hash of `text` with the present key, then with former ones."""
    return [_digest(key, text) for key in _keys()]


def _keys() -> list[bytes]:
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [hashlib.blake2b(str(secret).encode(), digest_size=32, person=PERSON).digest() for secret in secrets]


def _digest(key: bytes, text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=SIZE, key=key).hexdigest()


def of_key(kind: str, key: str) -> str:
    """The hash of a contact point's key."""
    return digests(f"{kind}:{key}")[0]


def mark_of(party: Party) -> str:
    """The hash that tells this record from another that has its number in another database."""
    return digests(mark_text(party))[0]


def mark_text(party: Party) -> str:
    """What the mark is made of."""
    return f"party:{party.pk}:{party.created_at.timestamp():.6f}"


def suppressed(kind: str, keys: Iterable[str] | pa.Array | pa.ChunkedArray) -> pa.Array:
    """For each key of a kind (mail, phone, card, external ...) whether an erased customer was known by it.

    For imports: keys as contact points have them. Where nobody was ever erased it costs one query.
    """
    values = keys.to_pylist() if isinstance(keys, pa.Array | pa.ChunkedArray) else list(keys)
    known = set(SuppressedKey.objects.values_list("digest", flat=True))
    if not known:
        return pa.array([False] * len(values), pa.bool_())
    secrets = _keys()
    return pa.array(
        [
            value is not None and any(_digest(secret, f"{kind}:{value}") in known for secret in secrets)
            for value in values
        ],
        pa.bool_(),
    )
