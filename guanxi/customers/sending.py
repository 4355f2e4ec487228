"""The one door through which anything goes out to a customer. It asks first whether we may.

A house rule (tests/test_house_rules.py) keeps everybody else from Django's mail. Reports to colleagues do not pass
here.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMultiAlternatives
from django.urls import reverse
from django.utils.translation import gettext as _

from guanxi.customers import contacting, purposes
from guanxi.customers.contacting import Contactable
from guanxi.customers.models import ContactPoint, Party
from guanxi.foundation.actions import Refused
from guanxi.foundation.visibility import Viewer

PREFERENCES = "customers.preferences"  # the salt of links to the page of choices


def require_contactable(party: Party | int, purpose: str, channel: str, *, by: Viewer) -> Contactable:
    """The answer of `contacting.may_contact`; raises Refused with the reason where we may not."""
    answer = contacting.may_contact(party, purpose, channel, by)
    if not answer:
        raise Refused(_("This may not be sent: %(why)s") % {"why": answer.words}, "party")
    return answer


def preferences_url(party: Party | int, purpose: str = "", channel: str = "") -> str:
    """The page where somebody chooses what he gets, without log-in; whoever has the link may choose.

    With purpose and channel, the one click of a mail program takes back only this; else everything.
    """
    number = party if isinstance(party, int) else party.pk
    token = signing.dumps([number, purpose, channel], salt=PREFERENCES)
    return f"{settings.GUANXI_URL}{reverse('rights:preferences', args=[token])}"


def addresses_of(party: Party) -> list[str]:
    """The mail addresses of a customer, the preferred first."""
    mails = ContactPoint.objects.filter(party=party, kind=ContactPoint.Kind.MAIL).order_by("-preferred", "id")
    return list(mails.values_list("key", flat=True))


def send_mail(
    party: Party,
    purpose: str,
    subject: str,
    body: str,
    *,
    by: Viewer,
    html: str = "",
    address: str = "",
    files: Sequence[tuple[str, bytes, str]] = (),
) -> str:
    """Send one mail to a customer, if we may; returns the address that it went to.

    `address` is one of his own (default: the preferred), `files` are name, content and type. What he can take back
    carries the headers by which mail programs do so with one click (RFC 8058). Raises Refused where we may not,
    OSError or SMTPException where the server does not take it.
    """
    answer = require_contactable(party, purpose, "mail", by=by)
    known = addresses_of(party)
    to = address or known[0]
    if to not in known:
        raise Refused(_("“%(address)s” is no address of this customer.") % {"address": to}, "address")
    message = EmailMultiAlternatives(" ".join(subject.split()), body, to=[to], headers=_headers(party, answer))
    if html:
        message.attach_alternative(html, "text/html")
    for name, content, media_type in files:
        message.attach(name, content, media_type)
    message.send()
    return to


def _headers(party: Party, answer: Contactable) -> dict[str, str]:
    purpose = answer.purpose
    if purpose is None or not purpose.public or purpose.code == purposes.CONFIRMATION:
        return {"Auto-Submitted": "auto-generated"}
    return {
        "List-Unsubscribe": f"<{preferences_url(party, purpose.code, 'mail')}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
