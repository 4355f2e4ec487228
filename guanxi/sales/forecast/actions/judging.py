"""Saying another number than deals add up to."""

from __future__ import annotations

from decimal import Decimal
from typing import cast

from django.urls import reverse
from django.utils.translation import gettext as _

from guanxi.catalog.exchange import own_currency
from guanxi.foundation import clock
from guanxi.foundation.actions import Refused, action
from guanxi.foundation.desk import display, standard
from guanxi.foundation.models import User
from guanxi.foundation.money import rounded
from guanxi.foundation.notifications import notify
from guanxi.foundation.roles.models import Team
from guanxi.foundation.visibility import Viewer, require
from guanxi.sales.forecast import outlook
from guanxi.sales.forecast.models import Judgement
from guanxi.sales.forecast.periods import Period

create_judgement = standard.creating(Judgement)


@action
def judge(
    period: Period,
    value: Decimal | None,
    reason: str = "",
    *,
    user: User | None = None,
    team: Team | None = None,
    by: Viewer,
) -> Judgement:
    """Say what a person or a team will sell in a period, in the business's currency; None takes back what was said.

    What the deals add up to is kept beside it. Who is above a person overrides him; he himself only his own number.
    Raises NotAllowed, and Refused with the field that is wrong.
    """
    if (user is None) == (team is None):
        raise Refused(_("Say whose forecast it is: a colleague's or a team's."), "user")
    himself = user is not None and user.pk == by.pk
    row = Judgement(user=user, team=team, period=period.key)
    require(by, "edit", row)
    reason = " ".join(reason.split())
    if value is None:
        _refuse_nothing_said(row, himself)
    elif value < 0:
        raise Refused(_("Nobody sells less than nothing."), "value")
    elif not reason:
        raise Refused(_("Say why."), "reason")
    made = create_judgement(
        user=user, team=team, period=period.key, value=None if value is None else rounded(value, own_currency()),
        original=outlook.original_of(period, user.pk if user else None, team.pk if team else None),
        reason=reason, by_himself=himself, author_id=by.pk, at=clock.now(), by=by,
    )  # fmt: skip
    if user is not None and not himself:
        _tell(user, period, made, by)
    return cast("Judgement", made)


def _refuse_nothing_said(row: Judgement, himself: bool) -> None:
    standing = outlook.standings_of(row.period).get(outlook.unit_of(row))
    layer = (standing.own if himself else standing.above) if standing else None
    if layer is None or layer.value is None:
        raise Refused(_("Nothing was said that could be taken back."), "value")


def _tell(user: User, period: Period, made: Judgement, by: Viewer) -> None:
    words = {"name": by, "period": period, "reason": made.reason}
    if made.value is None:
        title = _("%(name)s took back what was said of your forecast, %(period)s") % words
    else:
        amount = {"amount": display.number(made.value, 2), "currency": own_currency()}
        title = _("%(name)s set your forecast, %(period)s, to %(amount)s %(currency)s") % (words | amount)
    notify(user, title, made.reason, reverse("forecast:person", args=[user.pk]) + f"?period={period.key}")
