"""How far below list prices somebody may go, and who has to agree beyond that.

Where no limit is written, nobody is limited. Where any is, those whose roles have none may give nothing away. Beyond
his own limit every rung agrees in turn, from the lowest above it to the first that reaches far enough; where none does,
an administrator, who is limited by nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from guanxi.foundation.models import User
from guanxi.foundation.roles.models import Holding
from guanxi.foundation.visibility import Viewer, rights_of
from guanxi.orders.quotes.models import DiscountLimit, QuoteLine
from guanxi.orders.sums import NOTHING, Position, sums

ALL = Decimal(100)


def limit_of(viewer: Viewer) -> Decimal | None:
    """How many per cent `viewer` may give away by himself; None: as many as he likes."""
    if rights_of(viewer).everything or not DiscountLimit.objects.exists():
        return None
    roles = Holding.objects.filter(user_id=viewer.pk).values("role")
    held: list[Any] = list(DiscountLimit.objects.filter(role__in=roles).values_list("percent", flat=True))
    return max(held, default=NOTHING)


def may_give(viewer: Viewer, percent: Decimal) -> bool:
    """Whether `viewer` may give so much away by himself."""
    limit = limit_of(viewer)
    return limit is None or percent <= limit


def rungs(percent: Decimal, limit: Decimal) -> list[Decimal]:
    """The limits that have to agree in turn, for who may give `limit` himself."""
    above: list[Any] = sorted(set(DiscountLimit.objects.filter(percent__gt=limit).values_list("percent", flat=True)))
    needed = [rung for rung in above if rung < percent]
    reaching = [rung for rung in above if rung >= percent]
    return [*needed, reaching[0] if reaching else ALL]


def who_may(percent: Decimal) -> list[User]:
    """The colleagues who are asked on a rung: those whose limit it is, else administrators."""
    limits: Any = DiscountLimit.objects
    reaching = limits.filter(percent=percent).values("role")
    held = Holding.objects.filter(user__is_active=True, user__is_staff=True)
    found = held.filter(role__in=reaching)
    rows = found if found.exists() else held.filter(role__is_administrator=True)
    return list(User.objects.filter(pk__in=rows.values("user")).order_by("pk"))


def reduction_of(lines: Sequence[QuoteLine], percent: Decimal, amount: Decimal, currency: str) -> Decimal:
    """How many per cent below list prices a quote is, to the hundredth, with its options and without: the larger."""
    required = [line for line in lines if not line.optional]
    return max((_below(some, percent, amount, currency) for some in (required, lines) if some), default=NOTHING)


def _below(lines: Sequence[QuoteLine], percent: Decimal, amount: Decimal, currency: str) -> Decimal:
    full = sum((line.full for line in lines), NOTHING)
    asked = sums([Position(line.amount) for line in lines], False, currency, percent, amount).net
    return max(((full - asked) / full * ALL).quantize(Decimal("0.01")), NOTHING) if full else NOTHING
