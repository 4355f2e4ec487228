"""How quotas and what people say are governed: each is of one person or one team."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.db.models import Q

from guanxi.foundation.governing import Reach, Rights, Rule
from guanxi.sales.forecast.teams import reached


@dataclass(frozen=True)
class OfUnit(Rule):
    """Rows of a person (`user`) or a team: seen by himself and by those who see him or the team; written by himself and
    those above, so that nobody moves the sum of his own team. `verbs` maps a verb to another of the subject."""

    subject: str
    verbs: Mapping[str, str] = field(default_factory=dict)

    def reach(self, model: type[models.Model], rights: Rights, verb: str) -> Reach:
        return rights.reach(self.subject, self.verbs.get(verb, verb))

    def among(
        self, model: type[models.Model], rights: Rights, verb: str, reach: Reach, walking: bool | str, shared: str
    ) -> Q | None:
        units = reached(rights, reach, verb)
        return Q(user__in=sorted(units.people or ())) | Q(team__in=sorted(units.teams or ()))

    def covers(self, row: Any, rights: Rights, verb: str, reach: Reach, shared: str) -> bool:
        return reached(rights, reach, verb).has(person=row.user_id, team=row.team_id)
