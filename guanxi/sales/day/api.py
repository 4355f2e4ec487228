"""The day for programs."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema

from guanxi.foundation import clock
from guanxi.foundation.api.types import Day, Money
from guanxi.foundation.todos.models import Todo
from guanxi.foundation.visibility import require
from guanxi.sales.day import queries

router = Router(tags=["My day"])


class DayLineOut(Schema):
    """Something to do or to look at."""

    title: str
    why: list[str] = Field(description="Why it stands here, in the language asked for.")
    about: str = Field(description="The record that it is about, in words.")
    object_type: str
    object_id: int | None
    amount: Money | None = Field(description="In the business's currency.")
    late: bool
    does: str = Field(description="`todo`: a task, done by PATCH /todos/{number}; `mention`: a notification; or empty.")
    number: int | None = Field(description="The number of the task or notification.")
    url: str


class DaySectionOut(Schema):
    key: str = Field(description="next, tasks, meetings, leads, ageing, slipping, mentions; others may come.")
    title: str
    lines: list[DayLineOut]


class DayOut(Schema):
    day: Day
    sections: list[DaySectionOut]


@router.get("", response=DayOut, summary="My day", operation_id="my_day")
def my_day(request: HttpRequest) -> dict[str, Any]:
    """What is to be done next and why, and what else waits for you today."""
    require(request.user, "view", Todo)
    return {"day": clock.today(), "sections": queries.sections(request.user)}
