"""The form in which a relationship is changed: on the record page and in the chart."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from guanxi.customers.models import Relationship
from guanxi.customers.relations import charts
from guanxi.foundation import audit
from guanxi.foundation.visibility import Viewer

INFLUENCES = ((1, _("1 – little")), (2, "2"), (3, "3"), (4, "4"), (5, _("5 – decisive")))
UNSAID = ("", "—")
COLLEAGUES = 500  # to choose a superior from
_ALWAYS = ("since", "until")
_OF = {Relationship.Kind.WORKS_AT: None, Relationship.Kind.HOUSEHOLD: ("title", *_ALWAYS)}


def _day() -> forms.DateField:
    return forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))


class TieForm(forms.Form):
    """What is said of a relationship beside who and of what kind; only the fields that its kind has."""

    title = forms.CharField(label=_("Title"), required=False, max_length=100)
    department = forms.CharField(
        label=_("Department"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"list": "tie-departments", "autocomplete": "off"}),
    )
    reports_to = forms.TypedChoiceField(label=_("Reports to"), required=False, coerce=int, empty_value=None)
    buying_role = forms.ChoiceField(
        label=_("Buying role"), required=False, choices=[UNSAID, *Relationship.BuyingRole.choices]
    )
    stance = forms.TypedChoiceField(
        label=_("Stance"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[UNSAID, *((value, words[0]) for value, words in charts.STANCES.items())],
    )
    influence = forms.TypedChoiceField(
        label=_("Influence"), required=False, coerce=int, empty_value=None, choices=[UNSAID, *INFLUENCES]
    )
    since, until = _day(), _day()
    seen = forms.JSONField(required=False, widget=forms.HiddenInput)

    def __init__(self, row: Relationship, viewer: Viewer, data: Any = None) -> None:
        initial = {name: getattr(row, name) for name in self.base_fields if name not in ("seen", "reports_to")}
        initial["reports_to"] = row.reports_to_id
        seen = {name: audit.plain(value) for name, value in initial.items()}
        super().__init__(data, initial={**initial, "seen": seen}, auto_id="tie-%s")
        self.fields["since"].label, self.fields["until"].label = _("Since"), _("Until")
        wanted = _OF.get(Relationship.Kind(row.kind), _ALWAYS)
        for name in [name for name in self.fields if wanted is not None and name not in (*wanted, "seen")]:
            del self.fields[name]
        self.departments: list[str] = []
        if row.kind == Relationship.Kind.WORKS_AT:
            self._offer_colleagues(row, viewer)

    def changes(self) -> dict[str, Any]:
        """The values of the form by field of the relationship; `reports_to` as a number."""
        return {name: value for name, value in self.cleaned_data.items() if name != "seen"}

    def expected(self) -> dict[str, Any]:
        """What whoever filled the form in had seen; empty where that was not sent in order."""
        seen = self.cleaned_data.get("seen")
        return {name: seen[name] for name in self.changes() if name in seen} if isinstance(seen, dict) else {}

    def now_seen(self, name: str, value: Any) -> None:
        """Let the form, sent again, replace `value`, which somebody else wrote meanwhile."""
        seen = json.dumps({**self.expected(), name: value}, ensure_ascii=False)
        self.data = {**{field: self.data.get(field) for field in self.fields}, "seen": seen}

    def _offer_colleagues(self, row: Relationship, viewer: Viewer) -> None:
        colleagues = {one.party_id: one for one in charts.workers(row.other, viewer)[:COLLEAGUES]}
        colleagues.pop(row.party_id, None)
        offered = {number: _called(one) for number, one in colleagues.items()}
        if row.reports_to is not None and row.reports_to_id != row.party_id:
            offered.setdefault(row.reports_to.pk, row.reports_to.name)
        self.fields["reports_to"].choices = [("", _("nobody")), *sorted(offered.items(), key=lambda pair: pair[1])]  # type: ignore[attr-defined]
        self.departments = sorted({one.department for one in colleagues.values() if one.department})


def _called(row: Relationship) -> str:
    return f"{row.party.name} · {row.title}" if row.title else row.party.name
