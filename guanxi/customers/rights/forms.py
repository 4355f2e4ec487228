"""The form of a purpose: what it demands, its name and its text in each language."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from guanxi.customers import purposes
from guanxi.customers.models import Consent
from guanxi.customers.purposes import Purpose


class PurposeForm(forms.Form):
    """One purpose; `known` is as it is now, None for a new one."""

    code = forms.SlugField(label=_("Code"), max_length=20, help_text=_("Small letters; how programs call it."))
    basis = forms.ChoiceField(label=_("Lawful basis"), choices=Consent.Basis.choices)
    months = forms.IntegerField(
        label=_("Months that a consent holds"),
        min_value=1,
        max_value=600,
        required=False,
        help_text=_("Empty: for ever."),
    )
    least_age = forms.IntegerField(label=_("Least age in years"), min_value=0, max_value=120, required=False)
    double_opt_in = forms.BooleanField(label=_("Has to be confirmed by mail"), required=False)
    public = forms.BooleanField(label=_("On the page where customers choose"), required=False)
    quiet_from = forms.TimeField(
        label=_("Do not ring up from"), required=False, widget=forms.TimeInput({"type": "time"})
    )
    quiet_until = forms.TimeField(label=_("until"), required=False, widget=forms.TimeInput({"type": "time"}))

    def __init__(self, *args: Any, known: Purpose | None, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "initial": self._now(known)})
        self.known = known
        if known is not None:
            del self.fields["code"]
        for language, name in settings.LANGUAGES:
            part = self.part(language)
            words, text = _("Name in %(language)s"), _("Text in %(language)s")
            named = known.names.get(language, "") if known else ""
            shown = purposes.text_of(known.code, language).text if known else ""
            self.fields[f"name_{part}"] = forms.CharField(
                label=words % {"language": name}, max_length=100, required=False, initial=named
            )
            self.fields[f"text_{part}"] = forms.CharField(
                label=text % {"language": name}, max_length=4000, required=False, initial=shown,
                widget=forms.Textarea({"rows": 3}),
            )  # fmt: skip

    @staticmethod
    def part(language: str) -> str:
        """A language as a part of a field's name."""
        return language.replace("-", "_")

    @staticmethod
    def _now(known: Purpose | None) -> dict[str, Any]:
        if known is None:
            return {"basis": Consent.Basis.CONSENT, "months": 36, "double_opt_in": True, "public": True}
        names = ("basis", "months", "least_age", "double_opt_in", "public", "quiet_from", "quiet_until")
        return {name: getattr(known, name) for name in names}

    def values(self) -> dict[str, Any]:
        """What the action takes."""
        names = ("basis", "months", "least_age", "double_opt_in", "public", "quiet_from", "quiet_until")
        named = {code: self.cleaned_data[f"name_{self.part(code)}"] for code, _name in settings.LANGUAGES}
        return {name: self.cleaned_data[name] for name in names} | {"names": {k: v for k, v in named.items() if v}}

    def texts(self) -> dict[str, str]:
        """The texts by language."""
        return {code: self.cleaned_data[f"text_{self.part(code)}"] for code, _name in settings.LANGUAGES}
