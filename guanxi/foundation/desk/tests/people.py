"""A desk over a real type of object with all kinds of columns.

The models are of higher floors, which this floor must not import; so they are asked for by name.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.apps import apps

from guanxi.foundation import actions
from guanxi.foundation.desk import Column, Desk, Filter, Pill

Party: Any = apps.get_model("customers", "Party")
PartyRole: Any = apps.get_model("customers", "PartyRole")
PurchaseSummary: Any = apps.get_model("orders", "PurchaseSummary")

START = datetime(2017, 1, 1, 12, tzinfo=UTC)
NAMES = ["王美玲", "陳建宏", "林怡君", "Laura Whitfield", "黃志明", "張淑芬", "Ana Sofía Reyes", "李雅婷"]
CITIES = ["臺北", "高雄", "", "Taipei"]


@actions.action
def edit_party(row_id: int, changes: dict[str, Any], expected: dict[str, Any], *, by: Any) -> Any:
    """Change a party; its name may not hold digits."""
    if any(letter.isdigit() for letter in str(changes.get("name", ""))):
        raise actions.Refused("A name holds no digits.", "name")
    return actions.change(Party.objects.get(pk=row_id), expected, **changes)


@actions.action
def create_party(*, by: Any, phone: str | None = None, **values: Any) -> Any:
    """Make a party; the telephone number must begin with +."""
    if phone and not phone.startswith("+"):
        raise actions.Refused("Begin the number with + and the country.", "phone")
    return actions.create(Party, **{name: value for name, value in values.items() if value is not None})


class People(Desk):
    model = Party
    slug = "people"
    columns = (
        Column("name", link=True),
        "city",
        "kind",
        "purchases.revenue",
        "purchases.last_day",
        Column("purchases.gap_mean", shown=False),
        Column("roles.role", many=True),
        Column("home", label="Home", render=lambda row: f"<{row.city}>", needs=["city"], shown=False),
        Column("profile.age", label="Age", shown=False),
        "created_at",
    )
    default_sort = "name"
    filters = (
        "name",
        "kind",
        "city",
        "made_up",
        "created_at",
        "date_of_birth",
        "purchases.revenue",
        "purchases.order_count",
        "purchases.gap_mean",
        Filter("roles.role"),
        Filter("profile.age", choices=[("25-34", "25 to 34"), ("35-44", "35 to 44")]),
    )
    facts = (
        "name",
        "latin_name",
        "kind",
        "gender",
        "date_of_birth",
        "made_up",
        "created_at",
        Column("profile.age", label="Age"),
        Column("purchases.revenue"),
    )
    edit = edit_party
    new = ("kind", "name", "city", "date_of_birth", Column("phone", kind="text", label="Telephone"))
    create = create_party

    def subtitle(self, row: Any) -> str:
        return str(row.latin_name)

    def pills(self, row: Any) -> list[Pill]:
        return [Pill(str(role), "accent") for role in row.roles.all()]
