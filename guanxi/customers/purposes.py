"""What we may use what we know for: the ready-made purposes, and what the administrator made of them.

A row of `ConsentPurpose` takes the place of the ready-made purpose of its code, or adds one. A consent for a purpose
holds for so many months; which text was shown when it was asked for is a row of `ConsentText`, or version 0: ours.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from django.utils.translation import get_language, override
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.customers.models import Consent, ConsentPurpose, ConsentText
from guanxi.foundation import clock

CONFIRMATION = "confirmation"  # the mail that asks whether somebody agrees
DUTIES = (Consent.Basis.CONTRACT, Consent.Basis.LEGAL_DUTY)  # what an objection does not reach


@dataclass(frozen=True)
class Purpose:
    """What one purpose demands before anybody is contacted, or anything worked out, for it."""

    code: str
    label: Any
    basis: str = Consent.Basis.CONSENT
    months: int | None = None  # that a consent holds
    double_opt_in: bool = False
    public: bool = True  # shown on the page of choices
    least_age: int | None = None
    quiet_from: time | None = None
    quiet_until: time | None = None
    names: dict[str, str] = field(default_factory=dict, hash=False)

    @property
    def needs_consent(self) -> bool:
        return self.basis == Consent.Basis.CONSENT

    @property
    def may_be_objected(self) -> bool:
        """Whether an objection against everything reaches it."""
        return self.basis not in DUTIES

    def lapsed_before(self, moment: datetime) -> datetime | None:
        """A consent given at or before this has lapsed at `moment`; None where consents do not lapse."""
        return earlier(moment, self.months) if self.months else None

    def born_until(self, moment: datetime) -> date | None:
        """Who was born later is too young at `moment`; None where age does not matter."""
        return years_before(clock.day_of(moment), self.least_age) if self.least_age else None

    def is_quiet(self, channel: str, moment: datetime) -> bool:
        """Whether nobody is to be rung up now."""
        if channel not in ("phone", "sms", "app") or self.quiet_from is None or self.quiet_until is None:
            return False
        now = moment.astimezone(clock.zone()).time()
        if self.quiet_from <= self.quiet_until:
            return self.quiet_from <= now < self.quiet_until
        return now >= self.quiet_from or now < self.quiet_until


READY_MADE = (
    Purpose("marketing", Consent.Purpose.MARKETING.label, months=36, double_opt_in=True, least_age=18),
    Purpose("service", Consent.Purpose.SERVICE.label, basis=Consent.Basis.CONTRACT, public=False),
    Purpose("research", Consent.Purpose.RESEARCH.label, months=36, double_opt_in=True, least_age=18),
    Purpose("profiling", Consent.Purpose.PROFILING.label, months=36, least_age=18),
)
ASKING = Purpose(CONFIRMATION, _("Confirmation of a consent"), basis=Consent.Basis.LEGAL_DUTY, public=False)


def every() -> dict[str, Purpose]:
    """All purposes by code, the ready-made ones first; one query."""
    known = {purpose.code: purpose for purpose in READY_MADE}
    for row in ConsentPurpose.objects.order_by("id"):
        known[row.code] = _of(row, known.get(row.code))
    return known


def find(code: str) -> Purpose | None:
    """The purpose of that code."""
    return ASKING if code == CONFIRMATION else every().get(code)


def label_of(code: str, known: dict[str, Purpose] | None = None) -> str:
    """How a purpose is called, in the reader's language; its code where nobody knows it."""
    purpose = ASKING if code == CONFIRMATION else (every() if known is None else known).get(code)
    return code if purpose is None else purpose.names.get(get_language() or "") or str(purpose.label)


def _of(row: ConsentPurpose, ready_made: Purpose | None) -> Purpose:
    names = {language: name for language, name in row.names.items() if name}
    return Purpose(
        row.code,
        ready_made.label if ready_made else next(iter(names.values()), row.code),
        row.basis,
        row.months,
        row.double_opt_in,
        row.public,
        row.least_age,
        row.quiet_from,
        row.quiet_until,
        names,
    )


# Texts ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Text:
    """The words by which consent to a purpose is asked for."""

    text: str
    language: str
    version: int = 0


def text_of(purpose: str, language: str) -> Text:
    """The newest text of a purpose in a language, ours where none was written."""
    newest = ConsentText.objects.filter(purpose=purpose, language=language).order_by("-version").first()
    if newest is not None:
        return Text(newest.text, language, newest.version)
    with override(language):
        words = _now(
            "I agree that what is known of me may be used for “%(purpose)s”. I can take this back at any time, with "
            "effect for what comes after."
        )
        return Text(words % {"purpose": label_of(purpose)}, language)


# Months and years -----------------------------------------------------------------------------------------------------


def earlier(moment: datetime, months: int) -> datetime:
    """The same time of day `months` before, on the last day of a month that is shorter."""
    return _moved(moment, -months)


def later(moment: datetime, months: int) -> datetime:
    """The same time of day `months` after."""
    return _moved(moment, months)


def years_before(day: date, years: int) -> date:
    """The same day so many years before; 28 February for the 29th."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def _moved(moment: datetime, months: int) -> datetime:
    count = moment.year * 12 + moment.month - 1 + months
    year, month = divmod(count, 12)
    for day in (moment.day, 30, 29, 28):
        try:
            return moment.replace(year=year, month=month + 1, day=min(day, moment.day))
        except ValueError:
            continue
    raise ValueError(f"{moment} moved by {months} months")


def ends_at(row: Consent, known: dict[str, Purpose] | None = None) -> datetime | None:
    """When a consent that was given ends of itself; None where it does not."""
    if not row.given:
        return None
    if row.lapses_at:
        return row.lapses_at
    purpose = (every() if known is None else known).get(row.purpose)
    if row.basis != Consent.Basis.CONSENT or purpose is None or not purpose.months:
        return None
    return later(row.at, purpose.months)
