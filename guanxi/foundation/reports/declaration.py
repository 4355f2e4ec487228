"""What a report is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from guanxi.foundation import clock, hooks
from guanxi.foundation.actions import Refused
from guanxi.foundation.visibility import Viewer


class Rhythm(StrEnum):
    """How often subscribers get it."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"

    def period(self, day: date) -> str:
        """The period that a report sent on `day` belongs to; it is sent once for each."""
        if self is Rhythm.WEEKLY:
            year, week, _day = day.isocalendar()
            return f"{year}-W{week:02}"
        return f"{day:%Y-%m-%d}" if self is Rhythm.DAILY else f"{day:%Y-%m}"


class Gone(Refused):
    """What a report is about is not there any more, or not for this viewer."""

    def __init__(self) -> None:
        super().__init__(_("This report is not there any more, or is not shared with you any more."))


@dataclass(frozen=True)
class Report:
    """A report: `template` rendered with `context(viewer, parameters)`, on the screen, as PDF and in a mail.

    `parameters` are those of the address (`?month=2017-12`); without any the report is about the newest period.
    The context holds `heading`, `subheading` and whatever the template needs. `path` is its address, if not the usual.
    """

    slug: str
    title: Any
    template: str
    context: Callable[[Viewer, Mapping[str, str]], dict[str, Any]]
    rhythm: Rhythm
    icon: str = "report"
    path: str = ""

    @property
    def url(self) -> str:
        return self.path or reverse("reports:page", args=[self.slug])


def registered() -> list[Report]:
    """All reports that are declared; those that people make for themselves are found by the door “report_finder”."""
    return hooks.get("report")


def find(slug: str) -> Report | None:
    """The report called `slug`: a declared one, or one that somebody made (door “report_finder”: slug → Report)."""
    declared = next((report for report in registered() if report.slug == slug), None)
    return declared or next((found for find in hooks.get("report_finder") if (found := find(slug)) is not None), None)


def current_period(report: Report, rhythm: str = "") -> str:
    """The period that would be sent today, by the report's own rhythm or another."""
    return Rhythm(rhythm or report.rhythm).period(clock.today())
