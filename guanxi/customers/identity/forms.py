"""The form of the thresholds: written as per cent, kept as probabilities."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from guanxi.customers.models import JunkValue, MatchingSettings


class Chance(forms.FloatField):
    """A probability, written in per cent."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0, max_value=100, **options)
        self.widget.attrs |= {"step": "any", "inputmode": "decimal", "autocomplete": "off"}

    def prepare_value(self, value: Any) -> Any:
        return f"{100 * value:.8g}" if isinstance(value, float) else value

    def clean(self, value: Any) -> Any:
        """The probability, as a fraction of one."""
        cleaned = super().clean(value)
        return None if cleaned is None else round(cleaned / 100, 12)


class ThresholdsForm(forms.Form):
    """From which probability on pairs are merged by themselves, and from which on people are asked."""

    ask_from = Chance(label=_("People are asked from, in per cent"))
    merge_from = Chance(label=_("Merged by itself from, in per cent"))
    by_itself = forms.BooleanField(label=_("Merge by itself"), required=False)

    @classmethod
    def of(cls, row: MatchingSettings) -> ThresholdsForm:
        """The form with what is set."""
        return cls(initial={name: getattr(row, name) for name in cls.base_fields})


class JunkForm(forms.Form):
    """A value that says nothing of who somebody is."""

    kind = forms.ChoiceField(label=_("Kind"), choices=JunkValue.Kind.choices)
    value = forms.CharField(label=_("Value"), max_length=200)
    note = forms.CharField(label=_("Note"), max_length=200, required=False)
