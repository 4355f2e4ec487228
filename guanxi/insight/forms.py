"""The form of what values rest on."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.foundation.audit import plain
from guanxi.insight.models import Assumptions


class PercentField(forms.FloatField):
    """A share, written as per cent and kept as a fraction."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0, max_value=100, **options)
        self.widget.attrs |= {"step": "any", "inputmode": "decimal"}

    def prepare_value(self, value: Any) -> Any:
        return f"{100 * value:.10g}" if isinstance(value, float) else value

    def clean(self, value: Any) -> Any:
        """The fraction."""
        cleaned = super().clean(value)
        return None if cleaned is None else round(cleaned / 100, 12)


@dataclass
class Group:
    """Some fields of a form that belong together, as `shell/fields.html` shows them."""

    title: Any
    words: Any
    visible_fields: list[Any]
    hidden_fields: list[Any] = field(default_factory=list)
    non_field_errors: list[Any] = field(default_factory=list)


class AssumptionsForm(forms.ModelForm):  # type: ignore[type-arg]
    """All assumptions; it remembers what was shown, so that nobody overwrites unseen what another changed."""

    discount_rate = PercentField(
        label=_("Discount a year, in per cent"),
        help_text=_("What a sum is worth less for coming a year later: interest, and the risk of the business."),
    )
    margin_rate = PercentField(
        label=_("Margin where the cost is not known, in per cent"),
        help_text=_("Of the price. It counts only for sales whose lines say nothing of their cost."),
    )
    share_a = PercentField(label=_("Value that grade A brings, in per cent"))
    share_b = PercentField(label=_("Value that A and B bring together, in per cent"))
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Assumptions
        exclude = ("id",)  # noqa: DJ006  all of them are for people to change
        labels = {
            "horizon_years": _("Horizon in years"),
            "bond": _("Kind of relationship"),
            "contract_days": _("Length of a contract period in days"),
            "risk_days": _("Days ahead that the risk looks"),
            "resources_a": _("What grade A is given"),
            "resources_b": _("What grade B is given"),
            "resources_c": _("What grade C is given"),
        }
        help_texts = {
            "horizon_years": _("How far expected values look ahead. Leave it empty for a value without end."),
            "bond": _("By contract, the model counts renewals; without, it infers from silence who has left."),
            "contract_days": _("Only for relationships by contract: 30 for a month, 365 for a year."),
            "risk_days": _("Risk is the chance of no purchase in these days."),
            "resources_a": _("Such as “own representative, call each month”; it stands on each customer's page."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["seen"] = json.dumps({name: plain(getattr(self.instance, name)) for name in self.names})

    @property
    def names(self) -> list[str]:
        """The fields that are assumptions."""
        return [name for name in self.fields if name != "seen"]

    def _post_clean(self) -> None:
        """Nothing: the action checks the values, and says what is wrong with them."""

    def expected(self) -> dict[str, Any]:
        """The values that the sender saw."""
        try:
            seen = json.loads(self.data.get("seen") or "{}")
        except ValueError:
            return {}
        return {name: seen[name] for name in self.names if name in seen} if isinstance(seen, dict) else {}

    def changes(self) -> dict[str, Any]:
        """What the sender changed: the rest is left as it is, whoever changed it meanwhile."""
        seen = self.expected()
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if name in self.names and (name not in seen or plain(value) != seen[name])
        }

    def now_seen(self, name: str | None, value: Any) -> None:
        """The sender is shown `value` of the field; what he typed stays."""
        data = dict(self.data.items())
        data["seen"] = json.dumps(self.expected() | {name: value})
        self.data = data

    def groups(self) -> list[Group]:
        """The fields in the order of the page."""
        parts = [
            (
                _now("Time and money"),
                _now("What a sum is worth today."),
                ["discount_rate", "horizon_years", "margin_rate"],
            ),
            (_now("Kind of business"), _now("How relationships end."), ["bond", "contract_days", "risk_days"]),
            (
                _now("Grades and their resources"),
                _now("Who gets how much of our time."),
                ["share_a", "share_b", "resources_a", "resources_b", "resources_c"],
            ),
        ]
        return [Group(title, words, [self[name] for name in names]) for title, words, names in parts]
