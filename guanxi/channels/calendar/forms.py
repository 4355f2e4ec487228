"""The form of a calendar elsewhere."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from guanxi.channels.calendar.models import Account


class AccountForm(forms.ModelForm[Account]):
    """Where the calendar is and how one gets in."""

    password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Many providers want a password for programs here. It is kept encrypted."),
    )

    class Meta:
        model = Account
        fields = ("address", "username", "password", "name", "shared")
        help_texts = {
            "address": _("As your provider names it for CalDAV, such as https://calendar.example.com/."),
            "name": _("Only needed where there are several calendars."),
        }

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        kept = bool(self.instance.address)
        self.fields["password"].required = not kept
        if kept:
            self.fields["password"].help_text = _("Leave it empty to keep the one that is there.")
