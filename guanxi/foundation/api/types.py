"""The types of values that the API takes, with the bounds that database and calendar set."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Generic, TypeVar

from ninja import Schema
from pydantic import AfterValidator, AwareDatetime, Field

T = TypeVar("T")
FIRST, LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
MOST = 200


def _sensible(moment: datetime) -> datetime:
    if not FIRST <= moment < LAST:
        raise ValueError("Times lie between the years 1900 and 2200.")
    return moment.astimezone(UTC)


def _sensible_day(day: date) -> date:
    if not 1800 <= day.year < 2200:
        raise ValueError("Dates lie between the years 1800 and 2200.")
    return day


Number = Annotated[int, Field(ge=1, le=2**63 - 1, description="The number of a record.")]
ObjectType = Annotated[
    str, Field(max_length=60, pattern="^[a-z]+\\.[a-z]+$", description="A record's type, such as `customers.party`.")
]
SourceCode = Annotated[
    str, Field(min_length=1, max_length=50, pattern="^[A-Za-z0-9_-]+$", description="Who says so: `shop`, `erp`.")
]
ExternalId = Annotated[
    str, Field(min_length=1, max_length=150, pattern="^[!-~]+$", description="The number that this source has for it.")
]
Moment = Annotated[AwareDatetime, AfterValidator(_sensible), Field(description="ISO 8601 with offset.")]
Day = Annotated[date, AfterValidator(_sensible_day)]
Money = Annotated[
    Decimal, Field(ge=-(10**11), le=10**11, decimal_places=4, description="An exact amount; send and get it as text.")
]
Quantity = Annotated[Decimal, Field(ge=-(10**11), le=10**11, decimal_places=4)]
Limit = Annotated[int, Field(ge=1, le=MOST, description=f"How many at most, up to {MOST}.")]
Cursor = Annotated[str, Field(max_length=500, description="`next` of the page before.")]


class Page(Schema, Generic[T]):
    """One page of a list. `next` is the cursor of the following page, null at the end."""

    items: list[T]
    next: str | None = None
