"""May we contact this party for this purpose on this channel now, and why (not)?

Nothing is sent to a customer without it (guanxi.customers.sending). The rule stands here twice, for one party
(`may_contact`) and for many at once (`contactable`); a test holds them equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from guanxi.customers import purposes
from guanxi.customers.models import Consent, ContactPoint, OptIn, Party, Restriction
from guanxi.customers.purposes import Purpose
from guanxi.foundation import clock
from guanxi.foundation.bulk import BulkSession
from guanxi.foundation.visibility import Viewer, may

# Which contact points a channel needs.
NEEDS: dict[str, tuple[str, ...]] = {
    "mail": (ContactPoint.Kind.MAIL,),
    "phone": (ContactPoint.Kind.PHONE,),
    "sms": (ContactPoint.Kind.PHONE,),
    "post": (ContactPoint.Kind.ADDRESS,),
    "chat": (ContactPoint.Kind.SOCIAL,),
    "app": (ContactPoint.Kind.DEVICE,),
}
NEEDS["any"] = tuple(dict.fromkeys(kind for kinds in NEEDS.values() for kind in kinds))

WHY: dict[str, Any] = {
    "gone": _("There is no such customer."),
    "purpose": _("Nobody declared this purpose or this channel."),
    "erasing": _("What is kept of this customer is being erased."),
    "restricted": _("The customer had the use of his data restricted."),
    "objected": _("The customer objects to this."),
    "minor": _("The customer is too young for this."),
    "pending": _("The customer was asked and has not confirmed yet."),
    "lapsed": _("The consent has lapsed."),
    "withdrawn": _("The customer withdrew his consent."),
    "never": _("The customer has not agreed to this."),
    "no_address": _("No address is known for this channel."),
    "quiet": _("It is a quiet hour."),
    "consent": _("The customer agreed."),
    "contract": _("It belongs to a contract with the customer."),
    "legitimate_interest": _("There is a legitimate interest, and the customer has not objected."),
    "legal_duty": _("The law demands it."),
}
OUTCOME = pa.schema([("party_id", pa.int64()), ("why", pa.string())])


@dataclass(frozen=True)
class Contactable:
    """The answer: whether we may, why (not), under which purpose, and the consent that counted."""

    allowed: bool
    why: str
    purpose: Purpose | None = None
    consent: Consent | None = None

    @property
    def words(self) -> str:
        """Why (not), for people."""
        return str(WHY[self.why])

    def __bool__(self) -> bool:
        return self.allowed


def may_contact(
    party: Party | int, purpose: str, channel: str, viewer: Viewer, *, at: datetime | None = None
) -> Contactable:
    """Whether `party` may be contacted for `purpose` through `channel` at a moment (now), and why (not).

    A party that became part of another is answered for by that one, so that what was withdrawn there counts here.
    """
    moment = at or clock.now()
    rule = purposes.find(purpose)
    if rule is None or channel not in NEEDS:
        return Contactable(False, "purpose", rule)
    row = _root(party)
    if row is None or not may(viewer, "view", Party):
        return Contactable(False, "gone", rule)
    against = _against(row, rule, moment)
    if against:
        return Contactable(False, against, rule)
    why, consent = _agreed(row, rule, channel, moment)
    if why not in Consent.Basis.values:
        return Contactable(False, why, rule, consent)
    if not ContactPoint.objects.filter(party=row, kind__in=NEEDS[channel]).exists():
        return Contactable(False, "no_address", rule, consent)
    if rule.is_quiet(channel, moment):
        return Contactable(False, "quiet", rule, consent)
    return Contactable(True, why, rule, consent)


def _root(party: Party | int) -> Party | None:
    row = Party.objects.filter(pk=party if isinstance(party, int) else party.pk).first()
    while row is not None and row.merged_into_id is not None:
        row = Party.objects.filter(pk=row.merged_into_id).first()
    return row


def _against(row: Party, rule: Purpose, moment: datetime) -> str:
    """What forbids it whatever was agreed; empty for nothing."""
    rows = Restriction.objects.filter(party=row, since__lte=moment)
    standing = set(rows.filter(Q(lifted_at=None) | Q(lifted_at__gt=moment)).values_list("kind", "purpose"))
    kinds = {kind for kind, _purpose in standing}
    if kinds & {Restriction.Kind.ERASE, Restriction.Kind.ANONYMOUS}:
        return "erasing"
    if Restriction.Kind.RESTRICT in kinds:
        return "restricted"
    objections = {purpose for kind, purpose in standing if kind == Restriction.Kind.OBJECT}
    if rule.code in objections or ("" in objections and rule.may_be_objected):
        return "objected"
    youngest = rule.born_until(moment)
    return "minor" if youngest and row.date_of_birth and row.date_of_birth > youngest else ""


def _agreed(row: Party, rule: Purpose, channel: str, moment: datetime) -> tuple[str, Consent | None]:
    """The lawful basis, else why there is none; and the row that says so."""
    rows = Consent.objects.filter(party=row, purpose=rule.code, channel__in={channel, "any"}, at__lte=moment)
    newest = rows.order_by("-at", "-id").first()
    if newest is not None and newest.given and not _lapsed(newest, rule, moment):
        return newest.basis, newest
    asked = OptIn.objects.filter(party=row, purpose=rule.code, channel__in={channel, "any"}, confirmed_at=None)
    if asked.filter(asked_at__lte=moment, expires_at__gt=moment).exists():
        return "pending", newest
    if newest is not None:
        return ("lapsed" if newest.given else "withdrawn"), newest
    return ("never" if rule.needs_consent else rule.basis), None


def _lapsed(row: Consent, rule: Purpose, moment: datetime) -> bool:
    if row.lapses_at is not None:
        return row.lapses_at <= moment
    before = rule.lapsed_before(moment)
    return row.basis == Consent.Basis.CONSENT and before is not None and row.at <= before


RESTRICTED = Q(kind__in=[Restriction.Kind.RESTRICT, Restriction.Kind.ERASE, Restriction.Kind.ANONYMOUS])
UNPROFILED = RESTRICTED | Q(kind=Restriction.Kind.OBJECT, purpose__in=["", Consent.Purpose.PROFILING])


def is_restricted(party: Party | int) -> bool:
    """Whether what we know of `party` is kept but must not be used: nothing is worked out of it or shown."""
    return Restriction.objects.filter(RESTRICTED, party=party, lifted_at=None).exists()


@dataclass(frozen=True)
class Stands:
    """What stands against using what we know of a party."""

    restricted: bool
    unprofiled: bool  # nothing may be worked out of it


def stands_against(party: Party) -> Stands:
    """Both at once, for pages: asked once for each object, however often it is looked at."""
    if not hasattr(party, "_stands_against"):
        rows = Restriction.objects.filter(UNPROFILED, party=party, lifted_at=None)
        kinds = set(rows.values_list("kind", flat=True))
        party._stands_against = Stands(bool(kinds - {Restriction.Kind.OBJECT}), bool(kinds))  # type: ignore[attr-defined]
    return party._stands_against  # type: ignore[attr-defined, no-any-return]


def objects_to(party: Party | int, purpose: str) -> bool:
    """Whether `party` objects to one purpose, or to all."""
    rows = Restriction.objects.filter(party=party, lifted_at=None, kind=Restriction.Kind.OBJECT)
    return rows.filter(purpose__in=["", purpose]).exists()


def nobody() -> list[int]:
    """The number of the record that orders of erased customers hang on, where there is one."""
    return list(Restriction.objects.filter(kind=Restriction.Kind.ANONYMOUS).values_list("party_id", flat=True))


def unprofiled() -> Any:
    """The numbers of the parties of whom nothing may be worked out: restricted, or objecting to it."""
    return Restriction.objects.filter(UNPROFILED, lifted_at=None).values("party")


# Many at once ---------------------------------------------------------------------------------------------------------


def contactable(
    db: BulkSession, purpose: str, channel: str, *, parties: pa.Array | None = None, at: datetime | None = None
) -> pa.Table:
    """`party_id`, `allowed` and `why` of all parties, or of those named; parts of others are left out.

    `parties` are distinct numbers. Raises ValueError for a purpose or channel that nobody declared.
    """
    if parties is not None:
        db.stage("asked_parties", pa.table({"id": parties.cast(pa.int64())}))
    found = db.read(
        contactable_sql(db.vendor, purpose, channel, "asked_parties" if parties is not None else "", at), OUTCOME
    )
    allowed = pa.compute.is_in(found["why"], value_set=pa.array(Consent.Basis.values))
    return found.add_column(1, "allowed", allowed)


def contactable_sql(vendor: str, purpose: str, channel: str, asked: str = "", at: datetime | None = None) -> str:
    """SQL for `party_id` and `why` (a key of WHY; a lawful basis where we may) of the parties in the table `asked`
    (column `id`), or of all. `vendor` is sqlite or postgresql.
    """
    rule = purposes.find(purpose)
    if rule is None or channel not in NEEDS:
        raise ValueError(f"There is no purpose “{purpose}” or no channel “{channel}”.")
    at = at or clock.now()
    now, code = moment(vendor, at), f"'{rule.code}'"
    channels = f"('{channel}', 'any')"
    kinds = ", ".join(f"'{kind}'" for kind in NEEDS[channel])
    yes = "true" if vendor == "postgresql" else "1"
    before = rule.lapsed_before(at)
    old = f"c.basis = 'consent' AND c.at <= {moment(vendor, before)}" if before else "1 = 0"
    lapsed = f"CASE WHEN c.lapses_at IS NOT NULL THEN c.lapses_at <= {now} ELSE {old} END"
    youngest = rule.born_until(at)
    standing = f"r.party_id = p.id AND r.since <= {now} AND (r.lifted_at IS NULL OR r.lifted_at > {now})"
    against = f"EXISTS (SELECT 1 FROM customers_restriction AS r WHERE {standing} AND r.kind"
    reached = f"(r.purpose = {code}" + (" OR r.purpose = '')" if rule.may_be_objected else ")")
    quiet = "WHEN 1 = 1 THEN 'quiet' " if rule.is_quiet(channel, at) else ""
    nothing = "'never'" if rule.needs_consent else "NULL"
    agreed = (
        f"CASE WHEN c.given = {yes} AND NOT ({lapsed}) THEN NULL "
        "WHEN EXISTS (SELECT 1 FROM customers_optin AS o WHERE o.party_id = p.id AND o.purpose = "
        f"{code} AND o.channel IN {channels} AND o.confirmed_at IS NULL AND o.asked_at <= {now} AND "
        f"o.expires_at > {now}) THEN 'pending' "
        f"WHEN c.given = {yes} THEN 'lapsed' WHEN c.party_id IS NOT NULL THEN 'withdrawn' ELSE {nothing} END"
    )
    minor = f"WHEN p.date_of_birth > '{youngest}' THEN 'minor' " if youngest else ""
    scope = f"{asked} AS a JOIN customers_party AS p ON p.id = a.id" if asked else "customers_party AS p"
    return (
        f"SELECT party_id, CASE WHEN no IS NOT NULL THEN no "
        f"WHEN NOT reached THEN 'no_address' {quiet}ELSE coalesce(yes, '{rule.basis}') END AS why FROM ("
        "SELECT p.id AS party_id, "
        f"CASE WHEN {against} IN ('erase', 'anonymous')) THEN 'erasing' WHEN {against} = 'restrict') THEN 'restricted' "
        f"WHEN {against} = 'object' AND {reached}) THEN 'objected' {minor}ELSE {agreed} END AS no, "
        f"c.basis AS yes, EXISTS (SELECT 1 FROM customers_contactpoint AS k WHERE k.party_id = p.id AND k.kind IN "
        f"({kinds})) AS reached FROM {scope} LEFT JOIN (SELECT party_id, given, basis, at, lapses_at FROM ("
        "SELECT party_id, given, basis, at, lapses_at, row_number() OVER (PARTITION BY party_id ORDER BY at DESC, id "
        f"DESC) AS place FROM customers_consent WHERE purpose = {code} AND channel IN {channels} AND at <= {now}"
        ") AS ranked WHERE place = 1) AS c ON c.party_id = p.id WHERE p.merged_into_id IS NULL) AS asked"
    )


def moment(vendor: str, at: datetime) -> str:
    """A moment as a literal that compares with how Django stores it."""
    text = str(at.astimezone(UTC).replace(tzinfo=None))
    return f"TIMESTAMPTZ '{text}+00'" if vendor == "postgresql" else f"'{text}'"
