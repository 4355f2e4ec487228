"""The form of a webhook."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from guanxi.ledger import kinds


class WebhookForm(forms.Form):
    """Where it listens and what it is told of."""

    name = forms.CharField(label=_("Name"), max_length=100)
    url = forms.CharField(
        label=_("Address"),
        max_length=1000,
        help_text=_("Where the other program listens; it begins with https://."),
        widget=forms.TextInput({"placeholder": "https://example.com/hook", "inputmode": "url", "spellcheck": "false"}),
    )
    kinds = forms.MultipleChoiceField(
        label=_("What of"),
        required=False,
        choices=kinds.labels,
        widget=forms.SelectMultiple({"size": "9"}),
        help_text=_("Several with Ctrl or Shift; none: everything that happens."),
    )
    query = forms.CharField(
        label=_("Filter"),
        max_length=4000,
        required=False,
        help_text=_(
            "Narrow the list “What happened” with its filters and paste its address here. Empty: no further condition."
        ),
        widget=forms.TextInput({"placeholder": "f.channel=web&f.party.country=TW", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = [kind for kind in (self.initial.get("kinds") or []) if kind not in dict(kinds.labels())]
        self.fields["kinds"].choices = [*kinds.labels(), *[(kind, kind) for kind in own]]  # type: ignore[attr-defined]
