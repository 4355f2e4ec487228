"""The form of a mailbox."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from guanxi.channels.mail.models import Mailbox


class MailboxForm(forms.ModelForm[Mailbox]):
    """Where the mailbox is and how one gets in."""

    password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Many providers want a password for programs here. It is kept encrypted."),
    )

    class Meta:
        model = Mailbox
        fields = (
            "address", "name", "username", "password", "imap_host", "imap_port", "imap_security",
            "smtp_host", "smtp_port", "smtp_security", "since", "strangers",
        )  # fmt: skip
        widgets = {"since": forms.DateInput(attrs={"type": "date"})}

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        kept = bool(self.instance.address)
        self.fields["password"].required = not kept
        if kept:
            self.fields["password"].help_text = _("Leave it empty to keep the one that is there.")
