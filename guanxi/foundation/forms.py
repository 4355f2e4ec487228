"""The forms of the entrance and of one's own account."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as allauth_forms
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from guanxi.foundation.models import ApiToken, User
from guanxi.foundation.visibility import is_staff


class LoginForm(allauth_forms.LoginForm):  # type: ignore[misc]
    """Only people who work for the business get in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        login, password = self.fields["login"], self.fields["password"]
        login.label = gettext_lazy("User name or mail")
        login.widget.attrs |= {"placeholder": "", "autocomplete": "username", "autofocus": True}
        login.widget.attrs["autocapitalize"] = "none"
        password.label, password.help_text = gettext_lazy("Password"), ""
        password.widget.attrs["placeholder"] = ""
        self.fields["remember"].label = gettext_lazy("Keep me logged in")

    def clean(self) -> dict[str, Any] | None:
        cleaned: dict[str, Any] | None = super().clean()
        if self.user is not None and not is_staff(self.user):
            raise ValidationError(_("This account has no access here. Ask your administrator to let you in."))
        return cleaned


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    """Name and mail address."""

    class Meta:
        model = User
        fields = ("first_name", "last_name", "email")


class TokenForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a new token is for."""

    class Meta:
        model = ApiToken
        fields = ("name",)
        labels = {"name": gettext_lazy("What it is for")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].required = True
