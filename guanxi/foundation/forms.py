"""The forms of the entrance and of one's own account."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from allauth.account import forms as allauth_forms
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from guanxi.foundation import clock
from guanxi.foundation.api import scopes
from guanxi.foundation.models import ApiToken, User
from guanxi.foundation.visibility import is_staff


class Labelled(forms.Form):
    """Fields with a label and no placeholder: that would say the same again, and vanish as one types."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)


class LoginForm(Labelled, allauth_forms.LoginForm):  # type: ignore[misc]
    """Only people who work for the business get in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        login, password = self.fields["login"], self.fields["password"]
        login.label = gettext_lazy("User name or mail")
        login.widget.attrs |= {"autocomplete": "username", "autocapitalize": "none", "autofocus": True}
        password.label, password.help_text = gettext_lazy("Password"), ""
        self.fields["remember"].label = gettext_lazy("Keep me logged in")

    def clean(self) -> dict[str, Any] | None:
        cleaned: dict[str, Any] | None = super().clean()
        if self.user is not None and not is_staff(self.user):
            raise ValidationError(_("This account has no access here. Ask your administrator to let you in."))
        return cleaned


class ChangePasswordForm(Labelled, allauth_forms.ChangePasswordForm):  # type: ignore[misc]
    """One's own password."""


class ResetPasswordForm(Labelled, allauth_forms.ResetPasswordForm):  # type: ignore[misc]
    """Where to send the link."""


class ResetPasswordKeyForm(Labelled, allauth_forms.ResetPasswordKeyForm):  # type: ignore[misc]
    """The new password, by the link in the mail."""


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    """Name and mail address."""

    class Meta:
        model = User
        fields = ("first_name", "last_name", "email")


class TokenForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a new token is for, what it may, until when and from where."""

    scope = forms.ChoiceField(
        label=gettext_lazy("What it may"), choices=list(scopes.VERBS.items()), initial=scopes.READ, required=False
    )
    kinds = forms.MultipleChoiceField(
        label=gettext_lazy("Only of these"),
        choices=lambda: [(kind, kind) for kind in scopes.kinds()],
        required=False,
        help_text=gettext_lazy("None chosen: of everything that you may."),
        widget=forms.SelectMultiple(attrs={"size": 4}),
    )
    expires_on = forms.DateField(
        label=gettext_lazy("Until the end of"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("Empty: until it is revoked."),
    )

    class Meta:
        model = ApiToken
        fields = ("name", "addresses")
        labels = {"name": gettext_lazy("What it is for"), "addresses": gettext_lazy("Only from")}
        help_texts = {"addresses": gettext_lazy("Addresses or networks, such as 192.0.2.0/24. Empty: from everywhere.")}

    field_order = ("name", "scope", "kinds", "expires_on", "addresses")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].required = True

    def asked(self) -> dict[str, Any]:
        """What `people.create_token` takes."""
        verb = self.cleaned_data["scope"] or scopes.READ
        kinds = self.cleaned_data["kinds"] if verb != scopes.ADMIN else []
        given = [f"{verb}:{kind}" for kind in kinds] or [verb]
        if verb == scopes.ADMIN:
            given = [scopes.READ, scopes.WRITE, scopes.ADMIN]
        day = self.cleaned_data["expires_on"]
        until = clock.start_of(day + timedelta(days=1)) if day else None
        return {"scopes": given, "expires_at": until, "addresses": self.cleaned_data["addresses"]}
