"""The table of a period: each person's sums, rolled up from person to team to the team above it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from guanxi.foundation import visibility
from guanxi.foundation.models import User
from guanxi.foundation.visibility import NotAllowed, Viewer, require
from guanxi.sales.deals.models import Deal
from guanxi.sales.forecast import sums as adding
from guanxi.sales.forecast.models import Judgement, Quota
from guanxi.sales.forecast.periods import Period
from guanxi.sales.forecast.sums import Sums
from guanxi.sales.forecast.teams import Tree, Units, reached, tree

PERSON, TEAM, NOBODY, ALL = "person", "team", "nobody", "all"
Unit = tuple[str, int | None]
HIDING = {"amount", "value"}  # of deals: from whom one of them is hidden, sees no sums either


@dataclass
class Standing:
    """What people say of one unit: his own word, and that of somebody above him, which counts before it."""

    own: Judgement | None = None
    above: Judgement | None = None

    def take(self, word: Judgement) -> None:
        """One more word, newer than those before."""
        if word.by_himself:
            self.own = word
        else:
            self.above = word

    @property
    def counts(self) -> Judgement | None:
        """The one that stands."""
        return next((one for one in (self.above, self.own) if one is not None and one.value is not None), None)


@dataclass
class Line:
    """One person, one team, or all that are seen together."""

    kind: str
    number: int | None
    name: str
    above: int | None = None  # the team that it counts in
    sums: Sums = field(default_factory=Sums)
    quota: Decimal | None = None
    said: Decimal = adding.ZERO  # what counts: the judgement, else what the deals, or those below, come to
    judgement: Judgement | None = None

    @property
    def original(self) -> Decimal:
        """What the deals alone add up to."""
        return self.sums.forecast

    @property
    def attainment(self) -> float | None:
        """The share of the quota that is won."""
        return float(self.sums.won / self.quota) if self.quota else None

    @property
    def gap(self) -> Decimal | None:
        """What the forecast lacks of the quota; less than nothing: it is more."""
        return None if self.quota is None else self.quota - self.said


@dataclass
class Outlook:
    """The lines of a period that somebody sees."""

    period: Period
    tree: Tree
    units: Units
    lines: dict[Unit, Line]

    def under(self, team: int | None = None) -> list[Line]:
        """The teams and people right below a team; without one: those at the top of what is seen."""
        return [line for line in self.lines.values() if line.kind != ALL and line.above == team]

    def of(self, kind: str, number: int | None = None) -> Line | None:
        """One line, also of a colleague who has nothing yet; None where it is not seen."""
        found = self.lines.get((kind, number))
        if found is None and kind == PERSON and number is not None and self.units.has(person=number):
            user = User.objects.filter(pk=number, is_staff=True).first()
            return Line(PERSON, number, str(user)) if user else None
        return found

    @property
    def total(self) -> Line:
        """All that is seen."""
        return self.lines[(ALL, None)]


def may_see(viewer: Viewer) -> bool:
    """Whether somebody sees forecasts at all."""
    return visibility.may(viewer, "view", Judgement) and not HIDING & visibility.hidden_fields(viewer, Deal)


def require_view(viewer: Viewer) -> None:
    """Raise NotAllowed where he sees none."""
    require(viewer, "view", Judgement)
    if not may_see(viewer):
        raise NotAllowed(viewer, "view", Deal)


def seen_by(viewer: Viewer, known: Tree) -> Units:
    """Whose forecasts somebody sees."""
    rights = visibility.rights_of(viewer)
    return reached(rights, rights.reach("forecasts", "view"), "view", known)


def changed_by(viewer: Viewer, known: Tree) -> Units:
    """For whom somebody may say another number: himself and those below him."""
    rights = visibility.rights_of(viewer)
    return reached(rights, rights.reach("forecasts", "edit"), "edit", known)


def outlook(period: Period, viewer: Viewer) -> Outlook:
    """All that `viewer` sees of a period. Raises NotAllowed."""
    require_view(viewer)
    known = tree()
    units = seen_by(viewer, known)
    people = adding.of_people(period, units.people)
    quotas, said = quotas_of(period, viewer), standings_of(period.key)
    lines = _people(known, units, people, quotas, said)
    for team in _from_below(known):
        if units.has(team=team):
            line = Line(TEAM, team, known.names[team], _seen_above(known, units, known.parents[team]))
            _roll_up(line, (one for one in lines.values() if one.above == team), quotas, said)
            lines[(TEAM, team)] = line
    total = Line(ALL, None, _("All together"))
    _roll_up(total, [one for one in lines.values() if one.above is None], quotas, said)
    lines[(ALL, None)] = total
    return Outlook(period, known, units, dict(sorted(lines.items(), key=lambda item: _order(item[1]))))


def _people(
    known: Tree,
    units: Units,
    sums: dict[int | None, Sums],
    quotas: dict[Unit, Decimal],
    said: dict[Unit, Standing],
) -> dict[Unit, Line]:
    """The lines of people: those who are in a team, and those who have something; then what belongs to nobody."""
    lines: dict[Unit, Line] = {}
    for user in User.objects.filter(is_staff=True).only("pk", "username", "first_name", "last_name", "is_active"):
        unit: Unit = (PERSON, user.pk)
        own = sums.get(user.pk, adding.NONE)
        has = unit in quotas or unit in said or not own.is_empty()
        if not units.has(person=user.pk) or not (has or (user.is_active and user.pk in known.home)):
            continue
        line = Line(PERSON, user.pk, str(user), _seen_above(known, units, known.home.get(user.pk)), own)
        line.quota = quotas.get(unit)
        line.judgement = said[unit].counts if unit in said else None
        line.said = _value(line.judgement, line.sums.forecast)
        lines[unit] = line
    if units.people is None and not sums.get(None, Sums()).is_empty():
        line = Line(NOBODY, None, _("Without an owner"), sums=sums[None])
        line.said = line.sums.forecast
        lines[(NOBODY, None)] = line
    return lines


def _seen_above(known: Tree, units: Units, team: int | None) -> int | None:
    return team if team is not None and units.has(team=team) else None


def _from_below(known: Tree) -> list[int]:
    """The teams, those below before those above."""
    return sorted(known.names, key=lambda team: -len(known.path(team)))


def _roll_up(line: Line, below: Iterable[Line], quotas: dict[Unit, Decimal], said: dict[Unit, Standing]) -> None:
    unit: Unit = (line.kind, line.number)
    summed: Decimal | None = None
    for one in below:
        line.sums.add(one.sums)
        line.said += one.said
        if one.quota is not None:
            summed = (summed or adding.ZERO) + one.quota
    line.quota = quotas.get(unit, summed)
    line.judgement = said[unit].counts if unit in said else None
    line.said = _value(line.judgement, line.said)


def _value(judgement: Judgement | None, otherwise: Decimal) -> Decimal:
    return otherwise if judgement is None or judgement.value is None else judgement.value


def _order(line: Line) -> tuple[int, str]:
    return ([ALL, TEAM, PERSON, NOBODY].index(line.kind), line.name.casefold())


def unit_of(row: Any) -> Unit:
    """Whom a quota or a judgement is of."""
    return (TEAM, row.team_id) if row.team_id is not None else (PERSON, row.user_id)


def quotas_of(period: Period, viewer: Viewer) -> dict[Unit, Decimal]:
    """The quotas of a period: its own, else those of its months together; none where they are hidden from `viewer`."""
    if "amount" in visibility.hidden_fields(viewer, Quota):
        return {}
    keys = [period.key, *(month.key for month in period.months)]
    own: dict[Unit, Decimal] = {}
    months: dict[Unit, Decimal] = {}
    rows: Any = Quota.objects.filter(period__in=keys).values_list("user", "team", "period", "amount")
    for user, team, key, amount in rows:
        unit: Unit = (PERSON, user) if team is None else (TEAM, team)
        if key == period.key:
            own[unit] = amount
        else:
            months[unit] = months.get(unit, adding.ZERO) + amount
    return months | own


def standings_of(period: str) -> dict[Unit, Standing]:
    """What people said of the period of this key, each layer's newest."""
    found: dict[Unit, Standing] = {}
    for row in Judgement.objects.filter(period=period).select_related("author").order_by("pk"):
        found.setdefault(unit_of(row), Standing()).take(row)
    return found


def original_of(period: Period, user: int | None, team: int | None) -> Decimal:
    """What the deals of a person, or of all in a team and below it, add up to, whoever asks."""
    people = {user} if team is None else tree().people(team)
    found = adding.of_people(period, [one for one in people if one is not None])
    return sum((found[one].forecast for one in people if one in found), adding.ZERO)
