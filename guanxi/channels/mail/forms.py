"""The form of a mailbox."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from guanxi.channels.connecting import ConnectionForm
from guanxi.channels.mail import strangers
from guanxi.channels.mail.models import Mailbox
from guanxi.foundation.visibility import Viewer


class MailboxForm(ConnectionForm[Mailbox]):
    """Where the mailbox is and how one gets in."""

    class Meta:
        model = Mailbox
        fields = (
            "address", "name", "username", "password", "imap_host", "imap_port", "imap_security",
            "smtp_host", "smtp_port", "smtp_security", "since", "strangers", "makes_leads", "lead_addresses",
            "signature",
        )  # fmt: skip
        widgets = {"since": forms.DateInput(attrs={"type": "date"}), "signature": forms.Textarea(attrs={"rows": 4})}
        help_texts = {
            "makes_leads": _("Only mail that people write and that comes from now on; lists and automatic mail never."),
            "lead_addresses": _("By commas; empty: mail to any address."),
            "signature": _("It stands below every mail that you write from here."),
        }

    def __init__(self, *args: object, viewer: Viewer, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        if not strangers.may_be_taken(viewer) and not self.instance.makes_leads:
            del self.fields["makes_leads"], self.fields["lead_addresses"]
