"""Whose merit a deal is."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _

from guanxi.foundation.actions import Refused, action, change, create, delete
from guanxi.foundation.models import User
from guanxi.foundation.visibility import Viewer, is_staff, require
from guanxi.sales.deals.holding import locked
from guanxi.sales.deals.models import Credit

ALL = 100


@action
def set_credits(deal_id: int, shares: Mapping[User, int], *, by: Viewer) -> list[Credit]:
    """Say in percent whose merit a deal is; together they are a hundred. None: the owner's alone. Raises Refused."""
    deal = locked(deal_id, by)
    require(by, "edit", deal)
    if shares and sum(shares.values()) != ALL:
        words = _("Together they have to be 100 %%; these are %(sum)s %%.")
        raise Refused(words % {"sum": sum(shares.values())}, "credits")
    if left := [user for user in shares if not is_staff(user)]:
        raise Refused(_("%(who)s does not work here any more.") % {"who": left[0]}, "credits")
    kept = {row.user_id: row for row in deal.credits.all()}
    for number, row in kept.items():
        if number not in {user.pk for user in shares}:
            delete(row)
    for user, percent in shares.items():
        if user.pk in kept:
            change(kept[user.pk], percent=percent)
        else:
            create(Credit, deal=deal, user=user, percent=percent)
    return list(deal.credits.select_related("user").order_by("-percent", "user"))
