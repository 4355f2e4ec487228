"""Who has which consent, and what will lapse: counted in the database, over all customers at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from guanxi.customers import purposes
from guanxi.customers.actions.consents import CHANNELS
from guanxi.customers.contacting import moment
from guanxi.customers.models import Consent, OptIn, Party
from guanxi.customers.panels import CHANNEL_LABELS
from guanxi.customers.purposes import Purpose
from guanxi.foundation import clock
from guanxi.foundation.actions import Refused
from guanxi.foundation.desk import Question, list_url

STATES: dict[str, Any] = {
    "given": gettext_lazy("given"),
    "withdrawn": gettext_lazy("withdrawn"),
    "pending": gettext_lazy("asked, not confirmed yet"),
    "lapsed": gettext_lazy("lapsed"),
    "never": gettext_lazy("never"),
}
SOON = (30, 90)  # days


@dataclass(frozen=True)
class Row:
    """How many customers are in which state for one purpose and channel; each number leads to the customers."""

    purpose: str
    channel: str
    cells: list[tuple[str, int, str]]  # state, how many, where to


@dataclass(frozen=True)
class Lapsing:
    """How many consents end of themselves within so many days."""

    days: int
    count: int
    url: str


def state_sql(rule: Purpose, channel: str, at: datetime) -> str:
    """SQL for `party_id` and `state` of the customers who were ever asked for this on this channel."""
    now = moment(connection.vendor, at)
    before = rule.lapsed_before(at)
    old = f"basis = 'consent' AND at <= {moment(connection.vendor, before)}" if before else "1 = 0"
    lapsed = f"CASE WHEN lapses_at IS NOT NULL THEN lapses_at <= {now} ELSE {old} END"
    yes = "given" if connection.vendor == "postgresql" else "given = 1"
    said = (
        f"SELECT party_id, CASE WHEN {yes} AND NOT ({lapsed}) THEN 1 WHEN {yes} THEN 3 ELSE 4 END AS rank FROM ("
        "SELECT party_id, given, basis, at, lapses_at, row_number() OVER (PARTITION BY party_id ORDER BY at DESC, id "
        f"DESC) AS place FROM customers_consent WHERE purpose = '{rule.code}' AND channel = '{channel}' AND at <= {now}"
        ") AS ranked WHERE place = 1"
    )
    asked = (
        f"SELECT party_id, 2 AS rank FROM customers_optin WHERE purpose = '{rule.code}' AND channel = '{channel}' "
        f"AND confirmed_at IS NULL AND asked_at <= {now} AND expires_at > {now}"
    )
    return (
        "SELECT party_id, CASE min(rank) WHEN 1 THEN 'given' WHEN 2 THEN 'pending' WHEN 3 THEN 'lapsed' "
        f"ELSE 'withdrawn' END AS state FROM ({said} UNION ALL {asked}) AS words GROUP BY party_id"
    )


def matrix() -> list[Row]:
    """Every purpose and channel that anybody was asked for."""
    at, everybody = clock.now(), Party.objects.filter(merged_into=None).count()
    pairs = set(Consent.objects.order_by().values_list("purpose", "channel").distinct())
    pairs |= set(OptIn.objects.order_by().values_list("purpose", "channel").distinct())
    return [
        _row(rule, channel, at, everybody)
        for rule in purposes.every().values()
        for channel in CHANNELS
        if (rule.code, channel) in pairs or (rule.public and channel == "mail")
    ]


def _row(rule: Purpose, channel: str, at: datetime, everybody: int) -> Row:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT state, count(*) FROM ({state_sql(rule, channel, at)}) AS found GROUP BY state")
        counts = dict(cursor.fetchall())
    counts["never"] = max(0, everybody - sum(counts.values()))
    cells = [
        (state, counts.get(state, 0), list_url("customers", {"f.consent": f"{rule.code}.{channel}.{state}"}))
        for state in STATES
    ]
    return Row(purposes.label_of(rule.code), str(CHANNEL_LABELS[channel]), cells)


def lapsing() -> list[Lapsing]:
    """What ends within the next 30 and 90 days."""
    return [
        Lapsing(days, Consent.objects.filter(_ending(days)).values("party").distinct().count(),
                list_url("customers", {"f.lapsing": str(days)}))
        for days in SOON
    ]  # fmt: skip


def _ending(days: int) -> Q:
    """Consents that hold now and will not in `days`, and that no later word follows."""
    now = clock.now()
    until = now + timedelta(days=days)
    condition = Q(lapses_at__gt=now, lapses_at__lte=until)
    for rule in purposes.every().values():
        first, last = rule.lapsed_before(now), rule.lapsed_before(until)
        if first and last:
            condition |= Q(purpose=rule.code, basis="consent", lapses_at=None, at__gt=first, at__lte=last)
    later = Consent.objects.filter(party=OuterRef("party"), purpose=OuterRef("purpose"), channel=OuterRef("channel"))
    later = later.filter(Q(at__gt=OuterRef("at")) | Q(at=OuterRef("at"), pk__gt=OuterRef("pk")))
    rows = Consent.objects.filter(condition, ~Exists(later), given=True)
    return Q(pk__in=rows.values("pk"))


# Behind the numbers ---------------------------------------------------------------------------------------------------


def _asked(text: str) -> tuple[Purpose, str, str]:
    code, _dot, rest = text.partition(".")
    channel, _dot, state = rest.partition(".")
    rule = purposes.find(code)
    if rule is None or channel not in CHANNELS or state not in STATES:
        raise Refused(_("“%(text)s” names no consent; write purpose.channel.state.") % {"text": text[:60]})
    return rule, channel, state


def _condition(text: str) -> Q:
    rule, channel, state = _asked(text)
    found = state_sql(rule, channel, clock.now())
    if state == "never":
        return ~Q(pk__in=RawSQL(f"SELECT party_id FROM ({found}) AS asked", []))  # noqa: S611  names of our own
    return Q(pk__in=RawSQL(f"SELECT party_id FROM ({found}) AS asked WHERE state = %s", [state]))  # noqa: S611


def _words(text: str) -> str:
    rule, channel, state = _asked(text)
    return f"{purposes.label_of(rule.code)} · {CHANNEL_LABELS[channel]}: {STATES[state]}"


def _lapsing(text: str) -> Q:
    if text not in {str(days) for days in SOON}:
        raise Refused(_("“%(text)s” is no number of days; write 30 or 90.") % {"text": text[:20]})
    return Q(pk__in=Consent.objects.filter(_ending(int(text))).values("party"))


def _lapsing_words(text: str) -> str:
    _lapsing(text)
    return _("A consent lapses within %(days)s days") % {"days": text}


QUESTIONS = [Question("consent", _condition, _words), Question("lapsing", _lapsing, _lapsing_words)]


def context(viewer: Any, parameters: Any) -> dict[str, Any]:
    """The report “Consents”."""
    return {
        "heading": _("Consents"),
        "subheading": _("Who may be contacted for what"),
        "states": list(STATES.values()),
        "matrix": matrix(),
        "lapsing": lapsing(),
        "proofs": list_url("consents"),
    }
