"""Reports by mail, for programs: which there are, and which of them the caller gets how often."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from guanxi.foundation.api.types import Moment
from guanxi.foundation.reports import Report, actions, queries
from guanxi.foundation.reports.models import Subscription

router = Router(tags=["Reports"])
Slug = Annotated[str, Field(max_length=50, pattern=r"^[-a-zA-Z0-9_]+$", description="The last part of its address.")]
Often = Literal["daily", "weekly", "monthly"]


class ReportOut(Schema):
    """A report, and how often the caller gets it by mail."""

    slug: str
    title: str
    url: str
    rhythm: Often = Field(description="Its own.")
    subscribed: Often | None = Field(description="How often you get it by mail; null: not at all.")
    since: Moment | None


class SubscriptionIn(Schema):
    """How often it is to come."""

    rhythm: Often | None = Field(None, description="Left out: as the report itself says.")


@router.get("", response=list[ReportOut], summary="List reports", operation_id="list_reports")
def list_reports(request: HttpRequest) -> list[dict[str, Any]]:
    """The ready-made ones, then those made by people that you get by mail."""
    return [_told(report, row) for report, row in queries.reports(request.user)]


@router.put(
    "/{slug}/subscription", response=ReportOut, summary="Get a report by mail", operation_id="subscribe_to_report"
)
def subscribe(request: HttpRequest, slug: Slug, body: SubscriptionIn) -> dict[str, Any]:
    """From its next period on. 422 where your account has no mail address."""
    report = queries.report(slug, request.user)
    row = actions.subscribe(report, body.rhythm or "", by=request.user)  # type: ignore[arg-type]
    return _told(report, row)


@router.delete(
    "/{slug}/subscription",
    response={204: None},
    summary="Get a report by mail no more",
    operation_id="unsubscribe_from_report",
)
def unsubscribe(request: HttpRequest, slug: Slug) -> Status[None]:
    """Nothing happens where you did not get it."""
    actions.unsubscribe(queries.report(slug, request.user), by=request.user)  # type: ignore[arg-type]
    return Status(204, None)


def _told(report: Report, row: Subscription | None) -> dict[str, Any]:
    return {
        "slug": report.slug,
        "title": str(report.title),
        "url": report.url,
        "rhythm": report.rhythm,
        "subscribed": (row.rhythm or report.rhythm) if row else None,
        "since": row and row.since,
    }
