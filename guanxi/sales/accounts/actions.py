"""Setting goals and saying what came of them; planning reviews, and holding them."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _

from guanxi.customers.models import Party
from guanxi.foundation import clock, visibility
from guanxi.foundation.actions import Refused, action, change, create, delete
from guanxi.foundation.models import User
from guanxi.foundation.todos import actions as todos
from guanxi.foundation.todos.models import Todo
from guanxi.foundation.visibility import Viewer, is_staff, may, require
from guanxi.ledger.actions import record as record_event
from guanxi.sales.accounts.models import AccountGoal, AccountReview

FIELDS = {"title", "amount", "since", "due_on", "owner", "note"}
REMIND_MINUTES = 24 * 60
State = AccountGoal.State


# Goals ----------------------------------------------------------------------------------------------------------------


@action
def add_goal(*, by: Viewer, party: Party | None, title: str, due_on: date | None, **values: Any) -> AccountGoal:
    """Set a goal with an organisation. Raises Refused with the field that is wrong."""
    party = _organisation(party, by)
    _refuse_unknown(values)
    values = {name: value for name, value in values.items() if value is not None}
    if due_on is None:
        raise Refused(_("Say until when."), "due_on")
    _check_owner(values.get("owner"), party)
    values.setdefault("since", min(clock.today(), due_on))
    if "owner" not in values and by.pk is not None:
        values["owner"] = User.objects.filter(pk=by.pk).first()
    goal = create(
        AccountGoal, party=party, title=" ".join(title.split()), due_on=due_on, created_at=clock.now(), **values
    )
    _tell("account.goal_set", goal, by)
    return goal


@action
def edit_goal(
    goal_id: int, changes: dict[str, Any], expected: dict[str, Any] | None = None, *, by: Viewer
) -> AccountGoal:
    """Change a goal. Raises Conflict, Refused."""
    goal = _goal(goal_id, by)
    _refuse_unknown(changes)
    _check_owner(changes.get("owner"), goal.party)
    texts = {name: "" for name, value in changes.items() if name == "note" and value is None}
    return change(goal, expected, **{**changes, **texts})


@action
def decide_goal(goal_id: int, state: str, *, by: Viewer) -> AccountGoal:
    """Say what came of a goal: reached, missed, given up; or that it is aimed at again (`open`)."""
    goal = _goal(goal_id, by)
    if state not in State.values:
        raise Refused(_("“%(state)s” is no state of a goal.") % {"state": state[:20]}, "state")
    if state == goal.state:
        return goal
    stored = change(goal, state=state, closed_on=None if state == State.OPEN else clock.today())
    if state != State.OPEN:
        _tell(f"account.goal_{state}", stored, by)
    return stored


@action
def remove_goal(goal_id: int, *, by: Viewer) -> int:
    """Take a goal away; the audit log keeps it. The number of its organisation."""
    goal = _goal(goal_id, by)
    delete(goal)
    return int(goal.party_id)


# Reviews --------------------------------------------------------------------------------------------------------------


@action
def plan_review(party: Party, day: date, *, by: Viewer) -> AccountReview:
    """Let the plan be gone through on a day: a task reminds of it the day before. What was planned is moved."""
    party = _organisation(party, by)
    if day < clock.today():
        raise Refused(_("This day is over."), "day")
    known = _to_come(party)
    if known is None:
        require(by, "create", AccountReview)
        known = create(AccountReview, party=party, day=day, created_at=clock.now())
    else:
        known = change(known, day=day)
    return _reminded(known, by)


@action
def hold_review(review_id: int, text: str, next_day: date | None = None, *, by: Viewer) -> AccountReview:
    """Say that the plan was gone through, what came of it, and when it is gone through next."""
    seen = AccountReview.objects.visible_to(by).get(pk=review_id)
    review = AccountReview.objects.select_for_update().get(pk=seen.pk)
    if review.held_at is not None:
        return change(review, text=text.strip())
    held = change(review, held_at=clock.now(), held_by_id=by.pk, text=text.strip())
    if held.todo is not None and held.todo.done_at is None:
        with visibility.implied():
            todos.set_done(held.todo.pk, True, by=by)
    record_event("account.reviewed", by=by, party=held.party, about=held, payload={"name": held.party.name})
    if next_day is not None:
        plan_review(held.party, next_day, by=by)
    return held


def _to_come(party: Party) -> AccountReview | None:
    rows = AccountReview.objects.select_for_update().filter(party=party, held_at__isnull=True)
    return rows.order_by(F("origin").asc(nulls_first=True), "id").first()


def _reminded(review: AccountReview, by: Viewer) -> AccountReview:
    """The review with its task: moved along with it, or made, for whose customer it is."""
    if not may(by, "view", Todo):
        return review
    task = review.todo if review.todo is not None and review.todo.done_at is None else None
    with visibility.implied():
        if task is not None:
            todos.edit(task.pk, {"due_on": review.day}, by=by)
            return review
        owner = review.party.owner
        more: dict[str, Any] = {"assignee": owner} if owner is not None and is_staff(owner) else {}
        made = todos.add(
            _("Go through the account plan"), by=by, record=review.party, verb=Todo.Verb.CHECK, due_on=review.day,
            remind_minutes=REMIND_MINUTES, **more,
        )  # fmt: skip
        return change(review, todo=made)


# Checks ---------------------------------------------------------------------------------------------------------------


def _organisation(party: Party | None, by: Viewer) -> Party:
    found = Party.objects.visible_to(by).filter(pk=party.pk).first() if party is not None else None
    if found is None:
        raise Refused(_("Say with which organisation."), "party")
    if found.kind != Party.Kind.ORGANISATION:
        raise Refused(_("Only organisations have an account plan."), "party")
    return found


def _goal(goal_id: int, by: Viewer) -> AccountGoal:
    seen = AccountGoal.objects.visible_to(by).get(pk=goal_id)
    goal: AccountGoal = AccountGoal.objects.select_for_update(of=("self",)).select_related("party").get(pk=seen.pk)
    return goal


def _refuse_unknown(values: dict[str, Any]) -> None:
    for name in values.keys() - FIELDS:
        raise Refused(_("A goal has no “%(field)s”.") % {"field": name}, name)


def _check_owner(owner: User | None, party: Party) -> None:
    if owner is not None and not (is_staff(owner) and may(owner, "view", party)):
        raise Refused(_("%(who)s may not see this record.") % {"who": owner}, "owner")


def _tell(kind: str, goal: AccountGoal, by: Viewer) -> None:
    payload = {"name": goal.title, "amount": str(goal.amount) if goal.amount is not None else None}
    record_event(kind, by=by, party=goal.party, about=goal, payload=payload)
