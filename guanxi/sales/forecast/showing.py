"""Lines of a forecast as pages show them: words, links to the deals behind, plots."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from guanxi.foundation.desk import list_url
from guanxi.foundation.desk.display import rounded
from guanxi.foundation.visibility import Viewer
from guanxi.lake import figures
from guanxi.sales.deals.models import Deal, ForecastCategory, State
from guanxi.sales.forecast import comparing, naming, scoring, simulating
from guanxi.sales.forecast.outlook import ALL, NOBODY, TEAM, Line, Outlook
from guanxi.sales.forecast.periods import Period

MOST_LINES = 200  # on a page, until all are asked for
MOST_BARS = 20
SORTS: dict[str, Callable[[Line], Any]] = {
    "name": lambda line: line.name.casefold(),
    "quota": lambda line: -(line.quota or 0),
    "won": lambda line: -line.sums.won,
    "attainment": lambda line: -(line.attainment or 0),
    "commit": lambda line: -line.sums.commit,
    "best_case": lambda line: -line.sums.best_case,
    "pipeline": lambda line: -line.sums.pipeline,
    "said": lambda line: -line.said,
    "gap": lambda line: -(line.gap if line.gap is not None else Decimal("-Infinity")),
}


@dataclass(frozen=True)
class Shown:
    """A line in words."""

    line: Line
    url: str
    quota: str
    won: str
    commit: str
    best_case: str
    pipeline: str
    expected: str
    said: str
    original: str
    gap: str
    attainment: str
    links: dict[str, str]

    @property
    def is_behind(self) -> bool:
        """Whether the forecast lacks something of the quota."""
        return self.line.gap is not None and self.line.gap > 0

    @property
    def differs(self) -> bool:
        """Whether somebody says another number than the deals."""
        return self.line.said != self.line.original

    @property
    def width(self) -> int:
        """How full the bar of the attainment is, of ten."""
        return min(round((self.line.attainment or 0) * 10), 10)


def shown(line: Line, period: Period) -> Shown:
    """One line."""
    sums = line.sums
    return Shown(
        line=line,
        url=address(line, period),
        quota=money(line.quota),
        won=money(sums.won),
        commit=money(sums.commit),
        best_case=money(sums.best_case),
        pipeline=money(sums.pipeline),
        expected=money(sums.expected),
        said=money(line.said),
        original=money(line.original),
        gap=gap_words(line.gap),
        attainment=figures.share(sums.won, line.quota) if line.quota else "",
        links=links(line, period),
    )


def money(value: Decimal | None) -> str:
    """An amount; nothing where there is none."""
    return "" if value is None else figures.money(value)


def gap_words(gap: Decimal | None) -> str:
    """What lacks, or by how much it is more."""
    if gap is None:
        return ""
    return figures.money(gap) if gap > 0 else "+" + figures.money(-gap)


def address(line: Line, period: Period) -> str:
    """The page of a line; nothing for what belongs to nobody."""
    if line.kind == NOBODY:
        return ""
    plain = reverse("forecast:all") if line.kind == ALL else reverse(f"forecast:{line.kind}", args=[line.number])
    return f"{plain}?period={period.key}"


def links(line: Line, period: Period) -> dict[str, str]:
    """The list of deals behind each sum."""
    whose: dict[str, Any] = {}
    if line.kind == TEAM:
        whose = {"f.forecast_team": line.number}
    elif line.kind == NOBODY:
        whose = {"f.owner__empty": 1}
    elif line.kind != ALL:
        whose = {"f.owner": line.number}
    won = {"f.state": State.WON.value, "f.closed_on__gte": f"{period.start}", "f.closed_on__lte": f"{period.last}"}
    closing = {"f.expected_close__gte": f"{period.start}", "f.expected_close__lte": f"{period.last}"}
    behind = {one.value: list_url("deals", {**closing, "f.forecast": one.value, **whose}) for one in ForecastCategory}
    return {**behind, "won": list_url("deals", {**won, **whose})}


def ordered(lines: Iterable[Line], sort: str) -> list[Line]:
    """The lines in the order asked for; teams before people where it is by name."""
    key = SORTS.get(sort)
    return sorted(lines, key=key) if key and sort != "name" else list(lines)


def plot(lines: list[Line]) -> dict[str, Any] | None:
    """What is won and what may come, line by line, the largest first."""
    drawn = sorted((one for one in lines if one.sums.with_best), key=lambda one: -one.sums.with_best)[:MOST_BARS]
    if len(drawn) < 2:
        return None
    parts: list[tuple[str, int, Callable[[Line], Decimal]]] = [
        (_("Won"), 1, lambda one: one.sums.won),
        (_("Commit"), 2, lambda one: one.sums.commit),
        (_("Best case"), 3, lambda one: one.sums.best_case),
    ]
    return {
        "type": "bar",
        "stack": True,
        "format": "money",
        "x": [one.name for one in drawn],
        "series": [
            {"name": name, "colour": colour, "data": [float(value(one)) for one in drawn]}
            for name, colour, value in parts
        ],
    }


def tiles(line: Line, period: Period) -> list[figures.Tile]:
    """The head of the page."""
    one = shown(line, period)
    said = figures.Tile(_("Forecast"), one.said, "")
    if one.differs:
        said.notes.append(figures.Note(_("deals add up to %(amount)s") % {"amount": one.original}))
    won = figures.Tile(_("Won"), one.won, one.links["won"])
    if one.attainment:
        won.notes.append(figures.Note(_("%(share)s of the quota") % {"share": one.attainment}))
    quota = figures.Tile(_("Quota"), one.quota or "–")
    if line.gap is not None:
        words = _("%(amount)s are lacking") if one.is_behind else _("%(amount)s more than the quota")
        quota.notes.append(
            figures.Note(words % {"amount": figures.money(abs(line.gap))}, "down" if one.is_behind else "up")
        )
    likely = figures.Tile(pgettext("forecast", "Expected"), money(line.sums.likely))
    likely.notes.append(figures.Note(_("won, and open deals by their probability")))
    best = figures.Tile(_("With the best case"), money(line.sums.with_best), one.links["best_case"])
    return [quota, won, said, best, likely]


def range_words(drawn: simulating.Range) -> dict[str, Any]:
    """What chance may bring, in words, and where it lies between what is won and the most."""
    return {
        "low": money(drawn.low),
        "middle": money(drawn.middle),
        "high": money(drawn.high),
        "deals": drawn.deals,
        "scored": drawn.scored,
    }


def step_name(kind: str) -> str:
    """What a step of the waterfall is called."""
    return str(naming.STEPS.get(kind, ""))


def signed(amount: Decimal) -> str:
    """What is added, or taken off."""
    return f"{'+' if amount >= 0 else '−'}{figures.money(abs(amount))}"


def waterfall(found: comparing.Change) -> dict[str, Any]:
    """Start, steps and end: as rows and as a plot."""
    names, base, height, tones = [_("Open at first")], [0.0], [float(found.start)], ["grey"]
    level = found.start
    for step in found.steps:
        names.append(step_name(step.kind))
        base.append(float(min(level, level + step.amount)))
        height.append(float(abs(step.amount)))
        tones.append("teal" if step.amount >= 0 else "blue" if step.kind == "won" else "red")
        level += step.amount
    names, base, height, tones = (
        [*names, _("Open in the end")], [*base, 0.0], [*height, float(found.end)], [*tones, "grey"]
    )  # fmt: skip
    return {
        "start": money(found.start),
        "end": money(found.end),
        "steps": [
            (one.kind, step_name(one.kind), one.deals, signed(one.amount), one.amount >= 0) for one in found.steps
        ],
        "plot": {
            "type": "hbar",
            "stack": True,
            "format": "money",
            "x": names,
            "tones": tones,
            "series": [
                {"name": "", "clear": True, "data": base},
                {"name": _("Amount"), "data": height},
            ],
        },
    }


def moved(rows: list[comparing.Moved], viewer: Viewer) -> list[tuple[Any, str, Any]]:
    """The deals of a step: those that the viewer sees by name, the others by number."""
    known = Deal.objects.visible_to(viewer).in_bulk([row.deal for row in rows])
    return [(known.get(row.deal) or f"#{row.deal}", signed(row.amount), row.closes_on) for row in rows]


def percent(share: float | None, *, sign: bool = False) -> str:
    """A share in percent; a dash where there is none."""
    if share is None:
        return "–"
    words = f"{rounded(abs(share) * 100, 1)} %"
    return f"{'+' if share >= 0 else '−'}{words}" if sign else words


def score_cells(score: scoring.Score) -> list[tuple[str, str]]:
    """Error and bias of each way of forecasting."""
    return [(percent(score.error(way)), percent(score.bias(way), sign=True)) for way in scoring.WAYS]


def scores(found: scoring.Scores) -> dict[str, Any]:
    """The tables and the plot of past forecasts."""
    known = [(days, score) for days, score in found.by_horizon if score.actual]
    plotted = {
        "type": "line",
        "format": "percent",
        "x": [
            ngettext("%(count)s day before", "%(count)s days before", days) % {"count": days} for days, _score in known
        ],
        "series": [
            {"name": str(naming.WAYS[way]), "data": [score.error(way) for _days, score in known]}
            for way in scoring.WAYS
        ],
    }
    return {
        "ways": list(naming.WAYS.values()),
        "horizon_rows": [(days, money(score.actual), score_cells(score)) for days, score in found.by_horizon],
        "person_rows": [
            (name or _("Without an owner"), money(score.actual), score.cases, score_cells(score))
            for name, _number, score in found.by_person
        ],
        "stage_rows": [
            (one.stage, one.deals, percent(one.won_share), money(one.amount), money(one.expected), money(one.actual))
            for one in found.by_stage
        ],
        "plot": plotted if len(known) > 1 else None,
    }


def crumbs(found: Outlook, team: int | None) -> list[tuple[str, str]]:
    """The teams above, as far as they are seen."""
    path = [one for one in found.tree.path(team) if found.units.has(team=one)]
    return [
        (found.tree.names[one], f"{reverse('forecast:team', args=[one])}?period={found.period.key}") for one in path
    ]
