"""The mail and the link of an invitation."""

from __future__ import annotations

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from guanxi.foundation.access.models import Invitation

SALT = "guanxi.invitation"


def link(invitation: Invitation) -> str:
    """The address that the mail leads to."""
    token = signing.dumps([invitation.pk, invitation.nonce], salt=SALT)
    return f"{settings.GUANXI_URL}{reverse('access:accept', args=[token])}"


def find(token: str) -> Invitation | None:
    """The invitation of a link: signed by us, in time, not used, not withdrawn."""
    try:
        number, nonce = signing.loads(token, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    open_ones = Invitation.objects.filter(accepted_at=None, expires_at__gt=timezone.now())
    return open_ones.select_related("invited_by").filter(pk=number, nonce=nonce).first()


def send(invitation: Invitation) -> None:
    """Mail the link. Raises OSError or SMTPException where the server does not take it."""
    with translation.override(invitation.language or None):
        context = {"invitation": invitation, "link": link(invitation)}
        EmailMessage(
            subject=_("You are invited to Guanxi"),
            body=render_to_string("access/invitation.txt", context),
            to=[invitation.email],
            headers={"Auto-Submitted": "auto-generated"},
        ).send()
