"""Secrets that must be known again in clear: encrypted where they are stored, with keys drawn from GUANXI_SECRET_KEY.

After a change of it, what was encrypted with those in SECRET_KEY_FALLBACKS (GUANXI_OLD_SECRET_KEYS) can still be read.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models


def encrypt(text: str, purpose: bytes) -> str:
    """`text` as it may be stored; each purpose has a key of its own."""
    return _cipher(purpose).encrypt(text.encode()).decode()


def decrypt(stored: str, purpose: bytes) -> str:
    """What `encrypt` was given. Raises InvalidToken where no known key fits."""
    return _cipher(purpose).decrypt(stored.encode()).decode()


def _cipher(purpose: bytes) -> MultiFernet:
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    keys = [hashlib.blake2b(str(secret).encode(), digest_size=32, person=purpose).digest() for secret in secrets]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])


class EncryptedField(models.TextField):  # type: ignore[type-arg]
    """A text that the database holds encrypted and a row gives in clear; empty where no known key can read it.

    `purpose` has at most 16 bytes. It cannot be looked for, and exports leave it out.
    """

    def __init__(self, *args: Any, purpose: bytes = b"", **kwargs: Any) -> None:
        self.purpose = purpose
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """As Django writes it into migrations."""
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "purpose": self.purpose}

    def get_prep_value(self, value: Any) -> Any:
        """What is stored."""
        text = super().get_prep_value(value)
        return encrypt(text, self.purpose) if text else text

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """What the row gives."""
        try:
            return decrypt(value, self.purpose) if value else value
        except InvalidToken:
            return ""
