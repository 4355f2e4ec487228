"""To whom a lead goes, by the rules, and what each rule said to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from guanxi.foundation import hooks
from guanxi.foundation.desk import conditions
from guanxi.foundation.models import User
from guanxi.foundation.visibility import is_staff, may
from guanxi.sales.leads.models import AssignmentRule, Lead, RuleMember

NO_MATCH, CLOSED, NOBODY, GIVEN = "no_match", "closed", "nobody", "given"


@dataclass
class Choice:
    """Whom the rules chose, and what each of them said."""

    rule: AssignmentRule | None = None
    user: User | None = None
    member: RuleMember | None = None  # where it was chosen among those of the rule
    steps: list[dict[str, str]] = field(default_factory=list)

    def say(self, rule: AssignmentRule, said: str, detail: str = "") -> None:
        self.steps.append({"rule": rule.name, "said": said, "detail": detail[:300]})


def choose(lead: Lead) -> Choice:
    """Ask the rules in order; the first that finds somebody gives the lead to him."""
    choice = Choice()
    for rule in AssignmentRule.objects.filter(active=True).prefetch_related("members__user").order_by("position", "id"):
        unmet = conditions.unmet("leads", lead, rule.query)
        if unmet:
            choice.say(rule, NO_MATCH, "; ".join(unmet))
        elif not rule.is_on_duty():
            choice.say(rule, CLOSED)
        elif rule.way == AssignmentRule.Way.PLACE:
            user, place = _having_its_place(lead)
            choice.say(rule, GIVEN if user else NOBODY, f"{user} ({place})" if user else "")
            if user is not None:
                choice.rule, choice.user = rule, user
                break
        else:
            member = _member(lead, rule)
            choice.say(rule, GIVEN if member else NOBODY, str(member.user) if member else "")
            if member is not None:
                choice.rule, choice.user, choice.member = rule, member.user, member
                break
    return choice


def _having_its_place(lead: Lead) -> tuple[User | None, str]:
    """Who has the territory of a lead, and what that is called, as somebody at the door “lead_owner” knows."""
    for door in hooks.get("lead_owner"):
        user, place = door(lead)
        if user is not None:
            return user, place
    return None, ""


def _member(lead: Lead, rule: AssignmentRule) -> RuleMember | None:
    able = [one for one in rule.members.all() if _is_able(one.user)]
    if rule.by_skill:
        able = [one for one in able if lead.topic and lead.topic.strip().casefold() in one.topics]
    loads = open_leads(one.user_id for one in able)
    free = [one for one in able if one.most_open is None or loads.get(one.user_id, 0) < one.most_open]
    if not free:
        return None
    turn = {one.pk: (one.given_at is not None, one.given_at, one.pk) for one in free}
    if rule.way == AssignmentRule.Way.LOAD:
        return min(free, key=lambda one: (loads.get(one.user_id, 0), turn[one.pk][0], _moment(one), one.pk))
    return min(free, key=lambda one: (turn[one.pk][0], _moment(one), one.pk))


def _moment(member: RuleMember) -> float:
    return member.given_at.timestamp() if member.given_at else 0.0


def _is_able(user: User) -> bool:
    return is_staff(user) and may(user, "view", Lead)


def open_leads(users: Iterable[int]) -> dict[int, int]:
    """How many open leads each of these colleagues has."""
    is_open = Q(state__in=[Lead.State.NEW, Lead.State.WORKING])
    rows: Any = Lead.objects.filter(is_open, owner__in=list(users)).order_by().values_list("owner")
    return dict(rows.annotate(count=Count("pk")))


def words(step: dict[str, str]) -> str:
    """What a rule said, in words."""
    said = {
        NO_MATCH: _("%(rule)s: not for this lead (%(detail)s)"),
        CLOSED: _("%(rule)s: outside of working hours"),
        NOBODY: _("%(rule)s: nobody is free, knows the topic or has the territory"),
        GIVEN: _("%(rule)s: given to %(detail)s"),
    }
    return said.get(step.get("said", ""), "%(rule)s") % {"rule": step.get("rule", ""), "detail": step.get("detail", "")}
