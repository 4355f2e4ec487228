"""Who gives more than he may asks; whose limit reaches far enough decides, one rung after the other."""

from __future__ import annotations

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from guanxi.foundation import notifications
from guanxi.foundation.actions import Refused, action, change, create
from guanxi.foundation.desk import record_url
from guanxi.foundation.desk.display import number
from guanxi.foundation.visibility import Viewer, implied, rights_of
from guanxi.orders.quotes import limits
from guanxi.orders.quotes.actions.making import locked
from guanxi.orders.quotes.models import Approval, Quote
from guanxi.orders.quotes.telling import APPROVALS, tell


@action
def ask_approval(quote_id: int, words: str = "", *, by: Viewer) -> Quote:
    """Ask for the discount of a draft. Raises Refused where it needs none."""
    quote = locked(quote_id, by)
    if quote.state != Quote.State.DRAFT:
        raise Refused(_("Only a draft is put forward for approval."))
    limit = limits.limit_of(by)
    if limit is None or quote.reduction <= limit:
        raise Refused(_("This discount needs no approval; it can be sent."))
    for position, rung in enumerate(limits.rungs(quote.reduction, limit), 1):
        create(
            Approval,
            quote=quote,
            position=position,
            percent=rung,
            reduction=quote.reduction,
            asked_by_id=by.pk,
            words=words.strip()[:500],
        )
    quote = change(quote, state=Quote.State.WAITING)
    _call(quote)
    tell("quote.approval_asked", quote, by, reduction=quote.reduction, words=words.strip()[:500])
    return quote


@action
def decide(quote_id: int, approved: bool, words: str = "", *, by: Viewer) -> Quote:
    """Agree to the step that is due, or refuse. Raises Refused where one's own limit does not reach so far.

    Nobody agrees to what he asked for himself; who refuses says why.
    """
    quote = Quote.objects.visible_to(by).select_for_update(of=("self",)).select_related("party").get(pk=quote_id)
    step = due(quote)
    if step is None:
        raise Refused(_("Nothing of this quote waits for approval."))
    if not may_decide(step, by):
        raise Refused(_("Your limit does not reach %(percent)s %%; somebody else has to decide.") % {
            "percent": number(step.percent)
        })  # fmt: skip
    if not approved and not words.strip():
        raise Refused(_("Say why, so that the offer can be mended."), "words")
    with implied():
        change(
            step,
            approved=approved,
            decided_by_id=by.pk,
            decided_at=timezone.now(),
            answer=words.strip()[:500],
        )
        if not approved:
            for other in quote.approvals.filter(void=False):
                change(other, void=True)
        following = due(quote)
        state = Quote.State.DRAFT if not approved else Quote.State.WAITING if following else Quote.State.APPROVED
        quote = change(quote, state=state)
    if approved and following:
        _call(quote)
    else:
        _answer(quote, step, approved, words)
    tell("quote.approved" if approved else "quote.not_approved", quote, by, reduction=step.reduction, words=words[:500])
    return quote


def due(quote: Quote) -> Approval | None:
    """The step that has to be taken next."""
    if quote.state != Quote.State.WAITING:
        return None
    return quote.approvals.filter(void=False, approved=None).order_by("position").first()


def may_decide(step: Approval, viewer: Viewer) -> bool:
    """Whether the limit of `viewer` reaches a step that he did not ask for himself."""
    if rights_of(viewer).everything:
        return True
    return step.asked_by_id != viewer.pk and limits.may_give(viewer, step.percent)


def _call(quote: Quote) -> None:
    """Tell those who may take the next step."""
    step = due(quote)
    for user in limits.who_may(step.percent) if step else []:
        if step and user.pk != step.asked_by_id:
            with translation.override(user.language or None):
                title = _("Quote %(number)s, %(percent)s %% below list prices, waits for your approval")
                words = title % {"number": quote, "percent": number(step.reduction)}
            notifications.notify(user, words, step.words, record_url("quotes", quote.pk), kind=APPROVALS)


def _answer(quote: Quote, step: Approval, approved: bool, words: str) -> None:
    user = step.asked_by
    if user is None:
        return
    with translation.override(user.language or None):
        title = _("Quote %(number)s is approved") if approved else _("Quote %(number)s is not approved")
        url = record_url("quotes", quote.pk)
    notifications.notify(user, title % {"number": quote}, words, url, kind=APPROVALS)
