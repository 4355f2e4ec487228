"""What a report is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from django.urls import reverse

from guanxi.foundation import clock, hooks
from guanxi.foundation.visibility import Viewer


class Rhythm(StrEnum):
    """How often subscribers get it."""

    DAILY = "daily"
    MONTHLY = "monthly"

    def period(self, day: date) -> str:
        """The period that a report sent on `day` belongs to; it is sent once for each."""
        return f"{day:%Y-%m-%d}" if self is Rhythm.DAILY else f"{day:%Y-%m}"


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
    """All reports."""
    return hooks.get("report")


def find(slug: str) -> Report | None:
    """The report called `slug`."""
    return next((report for report in registered() if report.slug == slug), None)


def current_period(report: Report) -> str:
    """The period that would be sent today."""
    return report.rhythm.period(clock.today())
