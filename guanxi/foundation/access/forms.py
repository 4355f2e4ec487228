"""The forms of second factors, invitations and rules."""

from __future__ import annotations

from typing import Any

from allauth.core import context
from allauth.mfa.base import forms as base
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import password_validators_help_text_html
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from guanxi.foundation.access import actions, locking
from guanxi.foundation.middleware import address_of
from guanxi.foundation.models import User
from guanxi.foundation.visibility import Viewer

CODE = {"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True, "spellcheck": "false"}


class Code(forms.Form):
    """A field for a code; while the account is locked none is looked at."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["code"]
        field.label = _("Code")
        field.widget = forms.TextInput(attrs=CODE)

    def clean_code(self) -> str:
        """Raises ValidationError where the code is wrong or the account locked."""
        until = locking.locked_until(f"user:{self.user.pk}", address_of(context.request))  # type: ignore[attr-defined]
        if until is not None:
            raise ValidationError(locking.words(until))
        code: str = super().clean_code()  # type: ignore[misc]
        return code


class AuthenticateForm(Code, base.AuthenticateForm):  # type: ignore[misc]
    """The code at log-in; of the app, or a recovery code."""


class ReauthenticateForm(Code, base.ReauthenticateForm):  # type: ignore[misc]
    """The code before something that matters."""


class ActivateForm(Code, totp.ActivateTOTPForm):  # type: ignore[misc]
    """The first code of an app."""


class AddPasskeyForm(webauthn.AddWebAuthnForm):  # type: ignore[misc]
    """A new passkey."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("Name")
        self.fields["name"].help_text = _("So that you tell it from others, such as “telephone” or “office key”.")
        if "passwordless" in self.fields:
            field = self.fields["passwordless"]
            field.label, field.initial = _("Log in with it alone, without a password"), True
            field.help_text = _("It then asks for your finger, face or PIN.")


class RenamePasskeyForm(webauthn.EditWebAuthnForm):  # type: ignore[misc]
    """Another name for a passkey."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("Name")


class InviteForm(forms.Form):
    """Whom to invite, and as what."""

    email = forms.EmailField(label=_("Mail address"), widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    role = forms.ChoiceField(label=_("Role"))
    language = forms.ChoiceField(label=_("Language of the mail"), choices=settings.LANGUAGES)

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roles = actions.roles(viewer)
        if roles:
            self.fields["role"].choices = roles  # type: ignore[attr-defined]
        else:
            del self.fields["role"]


class AcceptForm(forms.ModelForm):  # type: ignore[type-arg]
    """How somebody who was invited is called, and his password."""

    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=_("Password once more"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    class Meta:
        model = User
        fields = ("first_name", "last_name", "username")
        labels = {"username": _("User name")}
        help_texts = {"username": _("You log in with it, or with your mail address.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = password_validators_help_text_html()
        self.fields["username"].widget.attrs["autocomplete"] = "username"

    def clean_again(self) -> str:
        """Raises ValidationError where the two differ."""
        again = str(self.cleaned_data["again"])
        if again != self.cleaned_data.get("password"):
            raise ValidationError(_("The two passwords are not the same."))
        return again


class RulesForm(forms.Form):
    """What holds for everybody."""

    second_factor = forms.BooleanField(label=_("Everybody needs a second factor"), required=False)
