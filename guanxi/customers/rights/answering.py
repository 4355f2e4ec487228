"""Doing what a request asks for: the file of everything kept, a correction by himself, a restriction, an erasure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from guanxi.customers import actions as customers
from guanxi.customers import corrections
from guanxi.customers.rights import actions, erasing, retention, tasks
from guanxi.customers.rights.models import Request, RetentionRule
from guanxi.foundation import audit
from guanxi.foundation import tasks as queue
from guanxi.foundation.actions import Refused, action, occasion
from guanxi.foundation.visibility import Viewer, require

Sent = Mapping[str, str]


def do(row: Request, what: str, sent: Sent, *, by: Viewer) -> str:
    """Do `what` (gather, correct, restrict, erase, extend, refuse, complete) for a request; a sentence on what was
    done. Raises Refused.
    """
    require(by, "edit", row)
    if what not in DOING:
        raise Refused(_("“%(what)s” is nothing that can be done.") % {"what": what[:40]}, "what")
    return DOING[what](row, sent, by)


def _gather(row: Request, sent: Sent, by: Viewer) -> str:
    if row.kind not in (Request.Kind.ACCESS, Request.Kind.PORTABILITY) or row.party is None:
        raise Refused(_("This request asks for something else."), "what")
    if row.is_open:
        actions.note_request_state(row.pk, Request.State.WORKING, by=by)
    queue.enqueue(tasks.gather, row.pk, by.pk, by=by, key=f"rights:gather:{row.pk}")
    return _("The file is put together in the background; you are told when it is there.")


def _correct(row: Request, sent: Sent, by: Viewer) -> str:
    if row.kind != Request.Kind.CORRECT or row.party is None:
        raise Refused(_("This request asks for something else."), "what")
    correct_himself(row.party.pk, {sent.get("field", ""): sent.get("value", "") or None}, by=by)
    return _("Corrected as he says; no import undoes it.")


@action
def correct_himself(party_id: int, changes: dict[str, Any], *, by: Viewer) -> None:
    """Correct facts of a customer by his own word, which is believed before that of everybody else."""
    party = customers.edit_party(party_id, changes, by=by)
    corrections.keep(party, changes, corrections.HIMSELF)


def _restrict(row: Request, sent: Sent, by: Viewer) -> str:
    if row.kind not in (Request.Kind.RESTRICT, Request.Kind.OBJECT):
        raise Refused(_("This request asks for something else."), "what")
    actions.complete_request(row.pk, sent.get("answer", ""), by=by)
    return _("Done: it counts from now on, everywhere.")


def _erase(row: Request, sent: Sent, by: Viewer) -> str:
    if row.kind != Request.Kind.ERASE or row.party is None:
        raise Refused(_("This request asks for something else."), "what")
    if not row.verified.strip():
        raise Refused(_("First write down how you know that it is he who asks."), "verified")
    actions.note_request_state(row.pk, Request.State.WORKING, by=by)
    begun = erasing.begin(row.party, by=by, reason="request")
    queue.enqueue(tasks.erase, begun.pk, row.pk, by=by, key=f"rights:erase:{begun.pk}")
    return _("He is being erased in the background. From now on nobody is to contact him.")


def _extend(row: Request, sent: Sent, by: Viewer) -> str:
    actions.extend_request(row.pk, sent.get("reason", ""), by=by)
    return _("Extended by two months. Tell him why.")


def _refuse(row: Request, sent: Sent, by: Viewer) -> str:
    actions.refuse_request(row.pk, sent.get("reason", ""), by=by)
    return _("Closed. Tell him why.")


def _complete(row: Request, sent: Sent, by: Viewer) -> str:
    if row.kind == Request.Kind.ERASE:
        raise Refused(_("An erasure is done when he is erased."), "what")
    actions.complete_request(row.pk, sent.get("answer", ""), by=by)
    return _("Done.")


DOING = {
    "gather": _gather,
    "correct": _correct,
    "restrict": _restrict,
    "erase": _erase,
    "extend": _extend,
    "refuse": _refuse,
    "complete": _complete,
}


@action
def note_fetched(row: Request, *, by: Viewer) -> None:
    """Enter into the audit log that somebody took the file of a request out."""
    audit.record_summary(occasion(), Request._meta.label_lower, row.pk, str(row), {"file": [None, "fetched"]})


def do_rule(rule: RetentionRule, what: str, *, by: Viewer) -> str:
    """Confirm, pause or run a rule; a sentence on what was done."""
    require(by, "edit", rule)
    if what == "confirm":
        actions.confirm_rule(rule.pk, by=by)
        return _("The rule is in force; it runs every night.")
    if what == "pause":
        actions.pause_rule(rule.pk, by=by)
        return _("The rule deletes nothing until it is confirmed again.")
    if what == "run":
        count = retention.run(rule, by=by)
        return _("%(count)s rows deleted.") % {"count": f"{count:,}"}
    raise Refused(_("“%(what)s” is nothing that can be done.") % {"what": what[:40]}, "what")
