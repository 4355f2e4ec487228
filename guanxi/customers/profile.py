"""The declared keys of `Party.profile`: age, income, household and what other packages add through "profile_field".

A declared field has a label in the reader's language and, where it is a choice, an order: reports show age bands from
young to old, not by alphabet. Sources may say what was never declared as a choice; such values are kept and shown as
they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.foundation import hooks

CHOICE, NUMBER, TEXT, YES_NO, LIST = "choice", "number", "text", "yes_no", "list"
KINDS = (CHOICE, NUMBER, TEXT, YES_NO, LIST)
LONGEST = 200
PATH = "profile."  # before the name of a profile field, where it stands among the fields of a party


@dataclass(frozen=True)
class ProfileField:
    """One key of the profile. `choices` are (code, label) in their natural order."""

    name: str
    label: Any
    kind: str = TEXT
    choices: Sequence[tuple[str, Any]] = ()
    sensitive: bool = False  # shown only when asked for, each look recorded

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"The profile field “{self.name}” is of kind “{self.kind}”; known are {', '.join(KINDS)}.")

    @property
    def custom(self) -> Any:
        """The custom field that it is, if an administrator made it (guanxi.customers.custom)."""
        return None

    @property
    def path(self) -> str:
        """The field as a dotted path from a party."""
        return f"profile.{self.name}"

    def label_of(self, value: Any) -> str:
        """`value` as people read it."""
        if value is None or value == "":
            return ""
        if self.kind == YES_NO:
            return _now("yes") if value else _now("no")
        return str(dict(self.choices).get(str(value), value))

    def rank_of(self, value: Any) -> tuple[int, str]:
        """A sort key: declared choices in their order, then free values by alphabet, then what is not known."""
        if value is None or value == "":
            return len(self.choices) + 1, ""
        codes = [code for code, _label in self.choices]
        return (codes.index(str(value)), "") if str(value) in codes else (len(codes), str(value))

    def clean(self, value: Any) -> Any:
        """`value` as it is stored, None for nothing. Raises ValidationError where it cannot be of this kind."""
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        if self.kind == YES_NO:
            return _truth(value)
        if self.kind == NUMBER:
            return _number(value)
        text = str(value).strip()
        if len(text) > LONGEST:
            raise ValidationError(_("At most %(limit)s characters."), params={"limit": LONGEST})
        return text


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    words = {
        "yes": True,
        "true": True,
        "1": True,
        "y": True,
        "no": False,
        "false": False,
        "0": False,
        "n": False,
    }
    known = words.get(str(value).strip().lower())
    if known is None:
        raise ValidationError(_("“%(value)s” is neither yes nor no."), params={"value": value})
    return known


def _number(value: Any) -> int | float:
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number) > Decimal(10**15):
        raise ValidationError(_("“%(value)s” is not a number."), params={"value": value})
    return int(number) if number == number.to_integral_value() else float(number)


def fields() -> list[ProfileField]:
    """All declared profile fields, in order; on the door hang fields, and functions that give some."""
    found: list[ProfileField] = []
    for value in hooks.get("profile_field"):
        found.extend([value] if isinstance(value, ProfileField) else value())
    return found


def find(name: str) -> ProfileField | None:
    """The declared field called `name`."""
    return next((field for field in fields() if field.name == name), None)


def _same(*codes: str) -> list[tuple[str, str]]:
    return [(code, code.replace("-", "–")) for code in codes]


# What retailers commonly know of a household; codes as the most used public data spell them.
READY_MADE = [
    ProfileField(
        "age",
        _("Age"),
        CHOICE,
        _same("19-24", "25-34", "35-44", "45-54", "55-64", "65+"),
    ),
    ProfileField(
        "income",
        _("Household income"),
        CHOICE,
        [
            ("Under 15K", _("Under 15K")),
            *_same(
                "15-24K",
                "25-34K",
                "35-49K",
                "50-74K",
                "75-99K",
                "100-124K",
                "125-149K",
                "150-174K",
            ),
            *_same("175-199K", "200-249K", "250K+"),
        ],
    ),
    ProfileField(
        "household_size",
        _("Persons in household"),
        CHOICE,
        _same("1", "2", "3", "4", "5+"),
    ),
    ProfileField(
        "household_composition",
        _("Household"),
        CHOICE,
        [
            ("1 Adult No Kids", _("1 adult, no children")),
            ("1 Adult Kids", _("1 adult with children")),
            ("2 Adults No Kids", _("2 adults, no children")),
            ("2 Adults Kids", _("2 adults with children")),
        ],
    ),
    ProfileField(
        "marital_status",
        _("Marital status"),
        CHOICE,
        [("Married", _("Married")), ("Unmarried", _("Not married"))],
    ),
    ProfileField(
        "home_ownership",
        _("Home"),
        CHOICE,
        [
            ("Homeowner", _("Owner")),
            ("Probable Homeowner", _("Probably owner")),
            ("Renter", _("Tenant")),
            ("Probable Renter", _("Probably tenant")),
        ],
    ),
    ProfileField("kids", _("Children"), CHOICE, _same("0", "1", "2", "3+")),
]
