"""What the forms of mailboxes and calendars elsewhere share: a password that is kept and never shown."""

from __future__ import annotations

from typing import TypeVar

from django import forms
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from guanxi.foundation.once import new_token

M = TypeVar("M", bound=models.Model)


class ConnectionForm(forms.ModelForm[M]):
    """The form of a connection to a server, whose model has `address` and `password`."""

    password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Many providers want a password for programs here. It is kept encrypted."),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        kept = bool(self.instance.address)  # type: ignore[attr-defined]
        self.fields["password"].required = not kept
        if kept:
            self.fields["password"].help_text = _("Leave it empty to keep the one that is there.")


def shown(request: HttpRequest, form: ConnectionForm[M], row: M | None, template: str) -> HttpResponse:
    """The form, alone where it stands in a dialog: `template` is its page, whose name with “_body” is the form."""
    context = {"form": form, "row": row, "once": new_token()}
    dialog = request.GET.get("dialog") == "1" or bool(request.headers.get("HX-Request"))
    template = template.replace(".html", "_body.html") if dialog else template
    return render(request, template, context, status=422 if form.errors else 200)
