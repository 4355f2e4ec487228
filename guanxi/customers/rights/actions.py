"""What can be done about the customer's rights: requests, erasures, holds, rules of retention, sensitive fields."""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from guanxi.customers import actions as customers
from guanxi.customers import normalise
from guanxi.customers.happenings import tell
from guanxi.customers.models import Party, Restriction
from guanxi.customers.rights import fields, hashing
from guanxi.customers.rights.models import (
    Erasure,
    LegalHold,
    Request,
    RetentionRule,
    SensitiveField,
    SensitiveLook,
    SuppressedKey,
)
from guanxi.foundation import audit, clock, hooks
from guanxi.foundation.actions import Refused, action, change, create, delete, occasion
from guanxi.foundation.custom_fields import known
from guanxi.foundation.visibility import Viewer, require

LONGER = 2  # months by which a request may be extended, once


# Requests -------------------------------------------------------------------------------------------------------------


@action
def open_request(
    *,
    by: Viewer,
    kind: str,
    party: Party | None = None,
    asked_by: str = "",
    verified: str = "",
    purpose: str = "",
    words: str = "",
    received_at: datetime | None = None,
) -> Request:
    """Note what a customer asks for; it has to be done within a month of `received_at` (default: now)."""
    if party is None:
        raise Refused(_("Say whose data it is about."), "party")
    moment = received_at or clock.now()
    row = create(
        Request,
        party=party,
        kind=kind,
        asked_by=asked_by,
        verified=verified,
        purpose=purpose,
        words=words,
        received_at=moment,
        due_on=month_after(clock.day_of(moment)),
    )
    tell("request.received", party, by=by, request=kind)
    return row


def month_after(day: date, months: int = 1) -> date:
    """The same day `months` later, or the last of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


@action
def edit_request(
    row_id: int, changes: dict[str, Any], expected: dict[str, Any] | None = None, *, by: Viewer
) -> Request:
    """Correct who asked, how he was recognised, what he says."""
    return change(_request(row_id, by), expected, **changes)


@action
def extend_request(row_id: int, reason: str, *, by: Viewer) -> Request:
    """Allow two months more, once; he has to be told why."""
    row = _open(row_id, by)
    if row.extension:
        raise Refused(_("It was extended before; that can be done once."), "extension")
    if not reason.strip():
        raise Refused(_("Say why it takes longer."), "extension")
    return change(row, extension=reason.strip(), due_on=month_after(row.due_on, LONGER))


@action
def refuse_request(row_id: int, answer: str, *, by: Viewer) -> Request:
    """Close a request without doing it, with the reason that he is given."""
    row = _open(row_id, by)
    if not answer.strip():
        raise Refused(_("Say why it is refused; he has a right to know."), "answer")
    return _close(row, Request.State.REFUSED, answer, by)


@action
def complete_request(row_id: int, answer: str = "", *, by: Viewer) -> Request:
    """Note that a request was answered; restrictions and objections take effect with it."""
    row = _open(row_id, by)
    if row.party is not None and row.kind in (Request.Kind.RESTRICT, Request.Kind.OBJECT):
        kind = Restriction.Kind.RESTRICT if row.kind == Request.Kind.RESTRICT else Restriction.Kind.OBJECT
        purpose = row.purpose if row.kind == Request.Kind.OBJECT else ""
        customers.restrict(row.party, kind, by=by, purpose=purpose, reason=str(row))
    return _close(row, Request.State.DONE, answer, by)


@action
def note_request_state(row_id: int, state: str, *, by: Viewer) -> Request:
    """That the work on a request has begun, or has to begin again."""
    return change(_open(row_id, by), state=state)


@action
def move_request(row_id: int, to: str, seen: Any = None, *, by: Viewer) -> Request:
    """Move a request on the board, between open and being done; it is closed on its page, by what it asks for."""
    if to not in (Request.State.OPEN, Request.State.WORKING):
        raise Refused(_("Open the request and answer or refuse it there: the customer has a right to an answer."))
    return change(_open(row_id, by), {"state": seen}, state=to)


@action
def note_file(row_id: int, name: str, until: datetime, *, by: Viewer) -> Request:
    """That the file of everything kept is there to be fetched."""
    row = change(_request(row_id, by), file=name, file_until=until)
    return _close(row, Request.State.DONE, row.answer, by) if row.is_open else row


@action
def forget_files(*, by: Viewer) -> int:
    """Delete the files of requests that are out of date; how many."""
    from django.core.files.storage import default_storage

    rows = list(Request.objects.exclude(file="").filter(file_until__lt=clock.now()))
    for row in rows:
        default_storage.delete(row.file)
        change(row, file="", file_until=None)
    return len(rows)


def _close(row: Request, state: str, answer: str, by: Viewer) -> Request:
    closed = change(row, state=state, answer=answer.strip(), done_at=clock.now(), done_by_id=by.pk)
    if row.party is not None:
        tell("request.done" if state == Request.State.DONE else "request.refused", row.party, by=by, request=row.kind)
    return closed


def _request(row_id: int, by: Viewer) -> Request:
    row = Request.objects.visible_to(by).filter(pk=row_id).first()
    if row is None:
        raise Request.DoesNotExist
    require(by, "edit", row)
    return row


def _open(row_id: int, by: Viewer) -> Request:
    row = _request(row_id, by)
    if not row.is_open:
        raise Refused(_("This request is closed."))
    return row


# Erasures -------------------------------------------------------------------------------------------------------------


@action
def begin_erasure(
    party: Party, parties: list[int], marks: list[str], keys: Iterable[tuple[str, str]], reason: str, *, by: Viewer
) -> Erasure:
    """Note that a customer is being erased, and what he will be known by if he comes back."""
    require(by, "delete", Party)
    if not Restriction.objects.filter(party=party, kind=Restriction.Kind.ERASE, lifted_at=None).exists():
        create(Restriction, party=party, kind=Restriction.Kind.ERASE)
    row = create(
        Erasure, parties=parties, marks=marks, keys=[list(key) for key in keys], reason=reason, by_name=str(by)[:200]
    )
    _suppress(row)
    return row


@action
def know_erasure(line: dict[str, Any], *, by: Viewer) -> Erasure:
    """Take in an erasure of the log beside the database, which the database does not know (any more)."""
    at = datetime.fromisoformat(line["at"])
    row = create(
        Erasure, parties=line["parties"], marks=line["marks"], keys=line["keys"], begun_at=at, reason="log",
        state=Erasure.State.DONE,
    )  # fmt: skip
    _suppress(row)
    return row


def _suppress(row: Erasure) -> None:
    known = set(
        SuppressedKey.objects.filter(digest__in=[digest for _kind, digest in row.keys]).values_list("digest", flat=True)
    )
    fresh = {digest: kind for kind, digest in row.keys if digest not in known}
    SuppressedKey.objects.bulk_create(
        SuppressedKey(digest=digest, kind=kind, erasure=row) for digest, kind in fresh.items()
    )


@action
def finish_erasure(row: Erasure, counts: dict[str, int], *, by: Viewer) -> Erasure:
    """Note that everything is gone, and how much it was."""
    again = row.replays + 1 if row.done_at is not None or row.reason == "log" else row.replays
    return change(row, state=Erasure.State.DONE, counts=counts, done_at=clock.now(), replays=again)


@action
def allow_again(kind: str, value: str, *, by: Viewer) -> int:
    """Let a key of an erased customer be taken in again, because he came back; how many entries that took away."""
    require(by, "delete", Party)
    digests = hashing.digests(f"{kind}:{normalise.key_of(kind, value)}")
    rows = SuppressedKey.objects.filter(digest__in=digests)
    count = rows.count()
    rows.delete()
    audit.record_summary(occasion(), SuppressedKey._meta.label_lower, None, kind, {"count": [count, 0]})
    return count


# Holds ----------------------------------------------------------------------------------------------------------------


@action
def hold(party: Party, reason: str, *, by: Viewer) -> LegalHold:
    """Keep everything of `party`, whatever is asked or ruled, until it is lifted."""
    if not reason.strip():
        raise Refused(_("Say why it has to be kept."), "reason")
    return create(LegalHold, party=party, reason=reason.strip(), since=clock.now())


@action
def lift_hold(row_id: int, *, by: Viewer) -> LegalHold:
    """End a hold."""
    row = LegalHold.objects.visible_to(by).filter(pk=row_id, lifted_at=None).first()
    if row is None:
        raise Refused(_("This hold has been lifted already."))
    return change(row, lifted_at=clock.now())


# Retention ------------------------------------------------------------------------------------------------------------


@action
def propose_rule(*, by: Viewer, kind: str, months: int, what: str = "") -> RetentionRule:
    """A rule that deletes nothing until somebody has confirmed it."""
    codes = [one.code for one in hooks.get("retention")]
    if kind not in codes:
        known = ", ".join(codes)
        raise Refused(
            _("There is no kind of data “%(kind)s”; known are %(known)s.") % {"kind": kind, "known": known}, "kind"
        )
    return create(RetentionRule, kind=kind, months=months, what=what)


@action
def edit_rule(
    row_id: int, changes: dict[str, Any], expected: dict[str, Any] | None = None, *, by: Viewer
) -> RetentionRule:
    """Change a rule; it is a proposal again until it is confirmed."""
    row = RetentionRule.objects.visible_to(by).get(pk=row_id)
    changed = change(row, expected, **changes)
    if set(changes) - {"state"}:
        changed = change(changed, state=RetentionRule.State.PROPOSED, confirmed_at=None, confirmed_by=None)
    return changed


@action
def confirm_rule(row_id: int, *, by: Viewer) -> RetentionRule:
    """Put a rule in force, having seen what it will delete."""
    require(by, "delete", RetentionRule)
    row = RetentionRule.objects.visible_to(by).get(pk=row_id)
    return change(row, state=RetentionRule.State.ACTIVE, confirmed_at=clock.now(), confirmed_by_id=by.pk)


@action
def pause_rule(row_id: int, *, by: Viewer) -> RetentionRule:
    """Let a rule delete nothing for the time being."""
    return change(RetentionRule.objects.visible_to(by).get(pk=row_id), state=RetentionRule.State.PAUSED)


@action
def note_run(row: RetentionRule, deleted: int, *, by: Viewer) -> RetentionRule:
    """What a rule deleted tonight."""
    return change(row, last_run=clock.now(), last_deleted=deleted, deleted=row.deleted + deleted)


# Sensitive fields -----------------------------------------------------------------------------------------------------


@action
def mark_sensitive(*, by: Viewer, field: str) -> SensitiveField:
    """Let a field of customers be shown only when asked for."""
    if field not in dict(fields.choices()):
        raise Refused(_("There is no field “%(name)s”.") % {"name": field}, "field")
    known.changed()
    return create(SensitiveField, field=field)


@action
def unmark_sensitive(row_id: int, *, by: Viewer) -> None:
    """Let a field be shown to everybody again."""
    delete(SensitiveField.objects.visible_to(by).get(pk=row_id))
    known.changed()


@action
def note_look(field: str, via: str, *, by: Viewer, party: Party | None = None, why: str = "") -> None:
    """That somebody looked at a sensitive field; written before he sees it."""
    row = SensitiveLook(
        at=clock.now(), who=str(by)[:200], user_id=by.pk, party=party, field=field[:100], via=via, why=why[:200]
    )
    row.save(force_insert=True)
    looked = {"field": [None, field], "via": [None, via], "why": [None, why]}
    label = str(party) if party is not None else ""
    audit.record_summary(occasion(), SensitiveLook._meta.label_lower, row.pk, label, looked)
