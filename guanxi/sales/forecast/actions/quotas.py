"""Making, changing and removing quotas."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from guanxi.catalog.exchange import converted, own_currency
from guanxi.catalog.models import a_currency
from guanxi.foundation import clock
from guanxi.foundation.actions import Refused, action
from guanxi.foundation.desk import standard
from guanxi.foundation.visibility import Viewer
from guanxi.sales.forecast import periods
from guanxi.sales.forecast.models import Quota

create_row, edit_row = standard.creating(Quota), standard.editing(Quota)
remove_quota = standard.removing(Quota)


@action
def create_quota(*, by: Viewer, **values: Any) -> Any:
    """Give a person or a team a quota. Raises Refused with the field that is wrong."""
    values = _cleaned(values)
    return create_row(by=by, **values, amount=_amount(values.get("value"), values["currency"]))


@action
def edit_quota(row_id: int, changes: dict[str, Any], expected: dict[str, Any] | None = None, *, by: Viewer) -> Any:
    """Change a quota. Raises Conflict, Refused."""
    row = Quota.objects.visible_to(by).get(pk=row_id)
    said = _cleaned({"currency": row.currency, **changes})
    changes = {name: said[name] for name in changes}
    if {"value", "currency"} & set(changes):
        changes["amount"] = _amount(said.get("value", row.value), said["currency"])
    return edit_row(row_id, changes, expected, by=by)


def _cleaned(values: dict[str, Any]) -> dict[str, Any]:
    found = dict(values)
    found["currency"] = (found.get("currency") or own_currency()).strip().upper()
    try:
        a_currency(found["currency"])
    except ValidationError as error:
        raise Refused(error.messages[0], "currency") from error
    if found.get("period"):
        try:
            found["period"] = periods.read(found["period"]).key
        except ValidationError as error:
            raise Refused(error.messages[0], "period") from error
    return found


def _amount(value: Decimal | None, currency: str) -> Decimal:
    """In the business's currency, by the rate of today. Raises Refused where there is none."""
    if value is None:
        raise Refused(_("Say how much."), "value")
    if value < 0:
        raise Refused(_("A quota is not less than nothing."), "value")
    return converted(value, currency, own_currency(), clock.today())
