"""Moving deals from stage to stage, and to their end: each step is kept, and told."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from guanxi.customers.actions import add_role
from guanxi.customers.happenings import tell
from guanxi.customers.models import Party, PartyRole
from guanxi.foundation import clock, search, visibility
from guanxi.foundation.actions import Conflict, Refused, action, change, create
from guanxi.foundation.desk import conditions
from guanxi.foundation.visibility import Viewer
from guanxi.sales.deals import amounts, queries
from guanxi.sales.deals.holding import locked
from guanxi.sales.deals.models import Deal, LostReason, Stage, StageChange, State


@action
def move(deal_id: int, stage: Stage | int, seen: Any = ..., *, by: Viewer) -> Deal:
    """Move a deal to a stage; one that was won or lost is open again there. `seen` is the number of the stage in which
    the caller saw it.

    Raises Conflict where somebody else moved it meanwhile, Refused where the deal does not fulfil what the stage, or
    one before it, asks for.
    """
    to = Stage.objects.select_related("pipeline").get(pk=getattr(stage, "pk", stage))
    deal = locked(deal_id, by)
    seen = getattr(seen, "pk", seen)
    if seen is not ... and deal.stage_id not in (seen, to.pk):
        raise Conflict("stage", seen, to.pk, deal.stage_id)
    if deal.state != State.OPEN:
        deal = reopen(deal_id, by=by)
    if deal.stage_id == to.pk:
        return deal
    before = deal.stage
    refuse_unmet(deal, before, to)
    deal = _to(deal, stage=to, pipeline=to.pipeline, probability=to.probability, stage_since=clock.now())
    remember(deal, before, State.OPEN, by)
    tell("deal.moved", deal.party, by=by, about=deal, **{"from": before.name, "to": to.name}, **told(deal))
    return deal


@action
def move_to_lane(deal_id: int, to: str, seen: str | None = None, *, by: Viewer) -> Deal:
    """Move a card of the board by stage: to “stage-7”, “won” or “lost”; `seen` is the lane that it stood in.

    Lost asks for a reason and is refused from here.
    """
    deal = locked(deal_id, by)
    if seen is not None and lane_key(deal) not in (seen, to):
        raise Conflict("stage", seen, to, lane_key(deal))
    if to == State.WON:
        return win(deal_id, by=by)
    if to == State.LOST:
        raise Refused(_("Open the deal and choose “Lost”: it has to be said why, and to whom."), "lost_reason")
    return move(deal_id, int(to.removeprefix("stage-")), by=by)


@action
def move_to_month(deal_id: int, to: str, seen: str | None = None, *, by: Viewer) -> Deal:
    """Let a deal close in another month, on the same day of it: “2026-12”."""
    deal = locked(deal_id, by)
    year, month = (int(part) for part in to.split("-"))
    day = min((deal.expected_close or clock.today()).day, monthrange(year, month)[1])
    stored = change(deal, expected_close=date(year, month, day))
    tell("deal.changed", deal.party, by=by, about=stored, fields=["expected_close"], **told(stored))
    return stored


@action
def win(deal_id: int, *, by: Viewer) -> Deal:
    """A deal is won: its party is a customer now. One that comes again makes the next one."""
    deal = locked(deal_id, by)
    _refuse_closed(deal)
    deal = _to(deal, state=State.WON, closed_on=clock.today(), probability=100)
    remember(deal, deal.stage, State.OPEN, by)
    with visibility.implied():
        add_role(deal.party, PartyRole.Role.CUSTOMER, by=by)
    tell("deal.won", deal.party, by=by, about=deal, **told(deal))
    if deal.repeats_months:
        _repeat(deal, by)
    return deal


@action
def lose(
    deal_id: int, reason: LostReason | int | None, competitor: Party | None = None, *, note: str = "", by: Viewer
) -> Deal:
    """A deal is lost, for a reason, and where somebody else won it to whom. Raises Refused with the field missing."""
    deal = locked(deal_id, by)
    _refuse_closed(deal)
    if isinstance(reason, int):
        reason = LostReason.objects.filter(pk=reason).first()
    if competitor is not None and not Party.objects.visible_to(by).filter(pk=competitor.pk).exists():
        raise Refused(_("There is no customer with the number %(value)s.") % {"value": competitor.pk}, "lost_to")
    check_loss(reason, competitor)
    deal = _to(
        deal, state=State.LOST, closed_on=clock.today(), probability=0, lost_reason=reason, lost_to=competitor,
        lost_note=" ".join(note.split())[:500],
    )  # fmt: skip
    remember(deal, deal.stage, State.OPEN, by)
    if competitor is not None:
        with visibility.implied():
            add_role(competitor, PartyRole.Role.COMPETITOR, by=by)
    words = {"reason": reason.name if reason else "", "competitor": competitor.name if competitor else ""}
    tell("deal.lost", deal.party, by=by, about=deal, **words, **told(deal))
    return deal


@action
def reopen(deal_id: int, *, by: Viewer) -> Deal:
    """A deal that was won or lost is open again, in the stage where it was. Raises Refused where it is open."""
    deal = locked(deal_id, by)
    if deal.state == State.OPEN:
        raise Refused(_("This deal is open."), "state")
    before = deal.state
    deal = _to(
        deal, state=State.OPEN, closed_on=None, probability=deal.stage.probability, lost_reason=None, lost_to=None,
        lost_note="", stage_since=clock.now(),
    )  # fmt: skip
    remember(deal, deal.stage, before, by)
    tell("deal.reopened", deal.party, by=by, about=deal, was=before, **told(deal))
    return deal


def check_loss(reason: LostReason | None, competitor: Party | None) -> None:
    """Raise Refused where it is not said why a deal was lost, or to whom though somebody else won it."""
    if reason is None:
        raise Refused(_("Say why it was lost."), "lost_reason")
    if competitor is None and reason.needs_competitor:
        words = _("“%(reason)s”: say to which competitor, or choose a reason where nobody won.")
        raise Refused(words % {"reason": reason}, "lost_to")


def expect_state(deal: Deal, seen: Any, yours: str) -> None:
    """Raise Conflict where the deal is neither in the state that was seen nor in the one that is wanted."""
    if deal.state not in (seen, yours):
        raise Conflict("state", seen, yours, deal.state)


def refuse_unmet(deal: Deal, before: Stage | None, to: Stage) -> None:
    """Raise Refused where a deal may not go on to a stage: what it, and each one passed on the way, asks for; and what
    is needed before the present one is left. Going back asks for nothing.
    """
    same = before is not None and before.pipeline_id == to.pipeline_id
    if same and before is not None and to.position < before.position:
        return
    if before is not None:
        _refuse_unticked(deal, before)
    passed = [to]
    if same and before is not None:
        between = {"position__gt": before.position, "position__lt": to.position}
        passed = [*Stage.objects.filter(pipeline=to.pipeline, **between).order_by("position", "id"), to]
    for stage in passed:
        if stage.entry and (unmet := conditions.unmet("deals", deal, stage.entry)):
            words = _("“%(stage)s” asks for: %(conditions)s.")
            raise Refused(words % {"stage": stage, "conditions": "; ".join(unmet)}, "stage")


def _refuse_unticked(deal: Deal, stage: Stage) -> None:
    missing = stage.checklist.filter(required=True).exclude(ticks__deal=deal).order_by("position", "id")
    if texts := [str(item) for item in missing]:
        words = _("Before it leaves “%(stage)s”: %(missing)s.")
        raise Refused(words % {"stage": stage, "missing": "; ".join(texts)}, "stage")


def remember(deal: Deal, before: Stage | None, state: str, by: Viewer) -> None:
    """Keep from where a deal came to where it is now."""
    last = deal.changes.order_by("-at", "-id").first()
    since = last.at if last else deal.created_at
    with visibility.implied():
        create(
            StageChange, deal=deal, from_stage=before, to_stage=deal.stage, from_state=state, to_state=deal.state,
            at=clock.now(), by_id=by.pk, days=max((clock.now() - since).days, 0), amount=deal.amount,
            probability=deal.probability, expected_close=deal.expected_close,
        )  # fmt: skip


def told(deal: Deal) -> dict[str, Any]:
    """What events say of a deal."""
    return {
        "name": deal.name,
        "amount": str(deal.value) if deal.value is not None else None,
        "currency": deal.currency or settings.GUANXI_CURRENCY,
        "pipeline": deal.pipeline.name,
        "stage": deal.stage.name,
    }


def lane_key(deal: Deal) -> str:
    """The column of the board by stage that a deal stands in."""
    return f"stage-{deal.stage_id}" if deal.state == State.OPEN else deal.state


def _to(deal: Deal, **values: Any) -> Deal:
    for name, value in values.items():
        setattr(deal, name, value)
    return change(deal, **values, **amounts.worked_out(deal))


def _refuse_closed(deal: Deal) -> None:
    if deal.state != State.OPEN:
        words = _("This deal is closed already: %(state)s. Open it again first.")
        raise Refused(words % {"state": deal.get_state_display()}, "state")


def _repeat(deal: Deal, by: Viewer) -> None:
    """The next of a deal that comes again, once."""
    if Deal.objects.filter(follows=deal).exists():
        return
    first = queries.first_stage(deal.pipeline)
    assert first is not None and deal.repeats_months is not None
    copied = ("name", "party", "contact", "owner", "value", "currency", "purchase_kind", "buyer_kind", "repeats_months")
    given = {name: getattr(deal, name) for name in copied} | {
        "pipeline": deal.pipeline,
        "stage": first,
        "probability": first.probability,
        "source": "repeat",
        "expected_close": months_after(deal.expected_close or clock.today(), deal.repeats_months),
        "stage_since": clock.now(),
        "created_at": clock.now(),
        "follows": deal,
        "made_up": deal.made_up,
    }
    with visibility.implied():
        following = create(Deal, **given, **amounts.worked_out(Deal(**given)))
    remember(following, None, "", by)
    tell("deal.created", following.party, by=by, about=following, **told(following))
    search.touch(following)


def months_after(day: date, months: int) -> date:
    """The same day so many months later, the last of the month where it has no such day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
