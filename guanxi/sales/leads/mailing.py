"""Leads from mail: what a stranger writes to a mailbox that is set so becomes a lead; all that he writes, the same."""

from __future__ import annotations

from django.utils import translation
from django.utils.translation import gettext as _

from guanxi.channels.mail.models import Message
from guanxi.foundation import notifications, one_at_a_time, visibility
from guanxi.foundation.actions import action, create
from guanxi.foundation.notices.kinds import ASSIGNED
from guanxi.foundation.visibility import Viewer, may
from guanxi.sales.leads import recognising
from guanxi.sales.leads.actions.making import create_lead
from guanxi.sales.leads.models import Lead, LeadSource

LONGEST = 5_000  # characters of a mail that stand on the lead; the mail itself is filed with it


def may_take(viewer: Viewer) -> bool:
    """Whether somebody may let a mailbox make leads."""
    return may(viewer, "create", Lead)


@action
def take(message: Message, *, by: Viewer) -> Lead:
    """The lead of whoever wrote `message`: the one that is there, or a new one, given to somebody by the rules."""
    one_at_a_time.hold(f"lead:{message.sender}")
    known = _known(message)
    if known is not None:
        _say(known, message)
        return known
    with visibility.implied():
        return create_lead(
            by=by,
            name=message.sender_name[:200] or message.sender[:200],
            mail=message.sender[:254],
            message="\n\n".join(part for part in (message.subject, message.text) if part)[:LONGEST],
            source=_source(message.mailbox.address),
        )


def _known(message: Message) -> Lead | None:
    """By the mail address; one that tells nobody (info@…) by the leads on which its earlier mails are."""
    key = recognising.keys({"mail": message.sender})["mail_key"]
    if key:
        return Lead.objects.filter(mail_key=key).order_by("-created_at", "-id").first()
    earlier = Message.objects.filter(sender=message.sender, party=None, object_type=Lead._meta.label_lower)
    numbers = earlier.order_by("-id").values_list("object_id", flat=True)[:1]
    return Lead.objects.filter(pk__in=list(numbers)).first()


def _source(address: str) -> LeadSource:
    name = f"Mail {address}"[:80]
    return LeadSource.objects.filter(name=name).first() or create(LeadSource, name=name)


def _say(lead: Lead, message: Message) -> None:
    """Tell whose lead it is that he wrote once more."""
    user = lead.owner
    if user is not None and lead.is_open:
        with translation.override(user.language or None):
            title = _("%(name)s wrote once more") % {"name": lead}
            notifications.notify(user, title, message.subject[:200], f"/leads/{lead.pk}/", kind=ASSIGNED)
