"""Second factors: who has one, whether everybody must, and how their secrets are kept."""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Iterable
from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from guanxi.foundation import encrypting
from guanxi.foundation.access.models import Rules
from guanxi.foundation.models import User

PERSON = b"guanxi.totp"
MAIN = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
LABELS: dict[str, Any] = {
    "totp": gettext_lazy("Codes of an app"),
    "webauthn": gettext_lazy("Passkey"),
    "recovery_codes": gettext_lazy("Recovery codes"),
}
READ_EVERY = 10.0  # seconds
_rules: tuple[float, bool] | None = None


class Adapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Secrets are stored encrypted; nobody takes away his last factor where everybody must have one."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": gettext_lazy("This code is wrong or was used already. Wait for the next one."),
        "cannot_delete_authenticator": gettext_lazy("Everybody needs a second factor here; add another one first."),
    }

    def encrypt(self, text: str) -> str:
        return encrypting.encrypt(text, PERSON)

    def decrypt(self, encrypted_text: str) -> str:
        return encrypting.decrypt(encrypted_text, PERSON)

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        others = Authenticator.objects.filter(user=authenticator.user, type__in=MAIN).exclude(pk=authenticator.pk)
        return authenticator.type not in MAIN or not required() or others.exists()

    def _get_site_name(self) -> str:
        return "Guanxi"

    def generate_authenticator_name(self, user: Any, type: str) -> str:  # noqa: A002 - allauth calls it so
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return _("Passkey %(number)s") % {"number": count + 1}


def required() -> bool:
    """Whether everybody must have a second factor; asked of the database every ten seconds at most."""
    global _rules
    now = time.monotonic()
    if _rules is None or now - _rules[0] > READ_EVERY:
        _rules = now, Rules.objects.filter(second_factor=True).exists()
    return _rules[1]


def forget(*, none: bool = False) -> None:
    """The rules changed: read them anew; with `none`, know for good that nobody must (tests)."""
    global _rules
    _rules = (math.inf, False) if none else None


def has(user: User) -> bool:
    """Whether `user` has a second factor (recovery codes alone are none)."""
    return bool(Authenticator.objects.filter(user_id=user.pk, type__in=MAIN).exists())


def of(ids: Collection[int]) -> dict[int, list[str]]:
    """The kinds of factors that users have, in words."""
    found: dict[int, list[str]] = {number: [] for number in ids}
    kinds: Iterable[tuple[int, str]] = (
        Authenticator.objects.filter(user__in=ids).order_by("type").values_list("user_id", "type").distinct()
    )
    for number, kind in kinds:
        found[number].append(str(LABELS[kind]))
    return found
